//! Calls to the Graph API: how they are signed, whose turn it is, and what is shared by all of them.

use std::{borrow::Cow, sync::Arc};

use aws_lc_rs::hmac;
use futures_util::future::{self, BoxFuture};
use reqwest::{Method, RequestBuilder, StatusCode, Url, header::HeaderMap};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use stagedoor_budget::{Budget, BudgetReport, RateLimits};
use tokio::time::Instant;

use super::{
    fault,
    usage::Usages,
    wire::{Done, hex},
};
use crate::{
    AccountAccess, Error, Priority,
    http::{Auth, Call, Claim, Dialect, Failure, Http, Permit, Turns, below, rate_limits},
};

/// What the calls of all users share.
#[derive(Clone, Debug)]
pub(super) struct Graph {
    http: Http,
    base: Url,
    pub(super) usages: Arc<Usages>,
    proof: Proof,
    budget: Budget<Priority>,
}

/// Makes the proof that a call comes from us and not from somebody who has found a token:
/// <https://developers.facebook.com/docs/graph-api/guides/secure-requests>.
#[derive(Clone, Debug)]
pub(super) struct Proof(Option<SecretString>);

impl Proof {
    /// With the app's secret, if there is one.
    pub(super) fn new(app_secret: &SecretString) -> Self {
        Self(Some(app_secret.clone()).filter(|secret| !secret.expose_secret().is_empty()))
    }

    /// HMAC-SHA256 of the token with the app's secret, in hexadecimal digits.
    pub(super) fn of(&self, token: &SecretString) -> Option<String> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.as_ref()?.expose_secret().as_bytes());
        let tag = hmac::sign(&key, token.expose_secret().as_bytes());
        Some(hex(tag.as_ref()))
    }
}

/// Graph's ways, and a look at each answer's headers.
#[derive(Debug)]
struct Ways {
    proof: Proof,
    usages: Arc<Usages>,
}

impl Dialect for Ways {
    fn authorize(&self, request: RequestBuilder, token: &SecretString) -> RequestBuilder {
        // In the header, not in the address: addresses are written down on the way.
        let request = request.bearer_auth(token.expose_secret());
        match self.proof.of(token) {
            Some(proof) => request.query(&[("appsecret_proof", proof)]),
            None => request,
        }
    }

    fn failure(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Failure {
        fault::failure(status, headers, body)
    }

    fn limits(&self, headers: &HeaderMap) -> RateLimits {
        self.usages.observe(headers, Instant::now());
        rate_limits(headers)
    }
}

/// A page that has no access does not ask, unless it is to end something: its calls would be refused, and count.
#[derive(Debug)]
struct PageTurns {
    usages: Arc<Usages>,
    all: Budget<Priority>,
}

impl Turns for PageTurns {
    fn take<'a>(&'a self, claim: Claim<'a>) -> BoxFuture<'a, Result<Permit, Error>> {
        let blocked = claim
            .account
            .filter(|_| claim.priority > Priority::Stop)
            .and_then(|page| self.usages.blocked_for(page, Instant::now()));
        match blocked {
            Some(wait) => {
                Box::pin(future::ready(Err(Error::RateLimited { retry_after: Some(wait) })))
            }
            None => self.all.take(claim),
        }
    }
}

impl Graph {
    pub(super) fn new(
        client: reqwest::Client,
        base: Url,
        app_secret: &SecretString,
        budget: Budget<Priority>,
    ) -> Self {
        let (usages, proof) = (Arc::new(Usages::default()), Proof::new(app_secret));
        let ways = Ways { proof: proof.clone(), usages: Arc::clone(&usages) };
        let turns = PageTurns { usages: Arc::clone(&usages), all: budget.clone() };
        Self {
            http: Http::new(client, Arc::new(ways), Arc::new(turns)),
            base,
            usages,
            proof,
            budget,
        }
    }

    /// The address of something.
    pub(super) fn at(&self, path: &[&str]) -> Url {
        below(&self.base, path)
    }

    /// The proof for a token that goes another way than in a call's header.
    pub(super) fn proof(&self, token: &SecretString) -> Option<String> {
        self.proof.of(token)
    }

    /// A question about something.
    pub(super) fn question<'a>(
        &self,
        path: &[&str],
        auth: impl Into<Auth<'a>>,
        priority: Priority,
    ) -> Call<'a> {
        Call::get(self.at(path), auth, priority)
    }

    /// A question about something's fields.
    pub(super) async fn fields<T: DeserializeOwned>(
        &self,
        path: &[&str],
        auth: impl Into<Auth<'_>>,
        fields: impl Into<Cow<'_, str>>,
        priority: Priority,
    ) -> Result<T, Error> {
        let fields: Cow<'_, str> = fields.into();
        self.http.ask(self.question(path, auth, priority).query("fields", fields)).await
    }

    pub(super) async fn ask<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T, Error> {
        self.http.ask(call).await
    }

    /// Something done to a thing. One that is answered with `false` was refused.
    pub(super) async fn act(&self, call: Call<'_>) -> Result<(), Error> {
        match self.http.ask::<Done>(call).await? {
            Done { success: Some(false) } => Err(Error::Refused {
                code: "false".into(),
                reason: "Facebook gives no reason".into(),
            }),
            Done { .. } => Ok(()),
        }
    }

    /// What is to be posted somewhere.
    pub(super) fn post<'a>(
        &self,
        path: &[&str],
        account: &'a AccountAccess,
        priority: Priority,
    ) -> Call<'a> {
        Call::new(Method::POST, self.at(path), account, priority)
    }

    /// What is to be deleted.
    pub(super) fn delete<'a>(
        &self,
        path: &[&str],
        account: &'a AccountAccess,
        priority: Priority,
    ) -> Call<'a> {
        Call::new(Method::DELETE, self.at(path), account, priority)
    }
}

impl Graph {
    /// What was spent of our own limit, and what Facebook says of the app's, in percent: nobody is told how many calls
    /// that are.
    pub(super) fn budgets(&self) -> Vec<BudgetReport> {
        let used = self.usages.app_percent(Instant::now());
        let percents = used.map(|percent| BudgetReport {
            name: "facebook app, in percent".into(),
            limit: 100,
            used: percent.into(),
            window_ms: 3_600_000,
            blocked_for_ms: None,
            priorities: Vec::new(),
        });
        [self.budget.report("facebook")].into_iter().chain(percents).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_is_the_hmac_of_the_token() {
        // RFC 4231, test case 2: key "Jefe", data "what do ya want for nothing?".
        let proof = Proof::new(&SecretString::from("Jefe".to_owned()));
        let token = SecretString::from("what do ya want for nothing?".to_owned());
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(proof.of(&token).as_deref(), Some(expected));
        assert_eq!(Proof::new(&SecretString::default()).of(&token), None);
    }
}
