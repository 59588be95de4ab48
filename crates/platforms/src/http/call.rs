use std::borrow::Cow;

use reqwest::{Method, Url};
use secrecy::SecretString;
use serde_json::Value;

use super::Claim;
use crate::{AccountAccess, Priority};

/// The longest answer that is read unless a call says otherwise, in bytes.
const LIMIT: usize = 1024 * 1024;

/// In whose name a call is made.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Auth<'a> {
    /// An account's. A token that is not taken is renewed, and the call made once more.
    Account(&'a AccountAccess),
    /// Whoever this token is of.
    Token(&'a SecretString),
    /// Our own, by the source given with [`Http::with_app_token`](super::Http::with_app_token).
    App,
    /// Nobody's.
    None,
}

impl<'a> From<&'a AccountAccess> for Auth<'a> {
    fn from(account: &'a AccountAccess) -> Self {
        Self::Account(account)
    }
}

/// What a call carries.
#[derive(Clone, Debug)]
pub(crate) enum Body<'a> {
    None,
    Json(Value),
    Form(Vec<(&'a str, Cow<'a, str>)>),
}

/// A call. It says what changes something by its method: [`reading`](Self::reading) contradicts.
#[derive(Clone, Debug)]
pub(crate) struct Call<'a> {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) query: Vec<(&'a str, Cow<'a, str>)>,
    pub(super) body: Body<'a>,
    pub(super) auth: Auth<'a>,
    pub(super) priority: Priority,
    pub(super) cost: u32,
    pub(super) changes_something: bool,
    pub(super) limit: usize,
}

impl<'a> Call<'a> {
    /// A question.
    pub(crate) fn get(url: Url, auth: impl Into<Auth<'a>>, priority: Priority) -> Self {
        Self::new(Method::GET, url, auth, priority)
    }

    /// A call that changes something, unless its method is GET.
    pub(crate) fn new(
        method: Method,
        url: Url,
        auth: impl Into<Auth<'a>>,
        priority: Priority,
    ) -> Self {
        Self {
            changes_something: method != Method::GET,
            method,
            url,
            query: Vec::new(),
            body: Body::None,
            auth: auth.into(),
            priority,
            cost: 1,
            limit: LIMIT,
        }
    }

    /// With this in the address, too.
    pub(crate) fn query(mut self, name: &'a str, value: impl Into<Cow<'a, str>>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// With this body.
    pub(crate) fn json(self, body: Value) -> Self {
        Self { body: Body::Json(body), ..self }
    }

    /// With this field in a form, too.
    pub(crate) fn form(mut self, name: &'a str, value: impl Into<Cow<'a, str>>) -> Self {
        let field = (name, value.into());
        match &mut self.body {
            Body::Form(fields) => fields.push(field),
            body => *body = Body::Form(vec![field]),
        }
        self
    }

    /// It costs so much of the budget, instead of 1.
    pub(crate) fn cost(self, cost: u32) -> Self {
        Self { cost, ..self }
    }

    /// It changes nothing, whatever its method.
    pub(crate) fn reading(self) -> Self {
        Self { changes_something: false, ..self }
    }

    /// At most so many bytes of answer, instead of 1 MiB.
    pub(crate) fn limit(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    pub(super) fn claim(&self) -> Claim<'a> {
        let account = match self.auth {
            Auth::Account(account) => Some(&*account.external_id),
            Auth::Token(_) | Auth::App | Auth::None => None,
        };
        Claim { priority: self.priority, cost: self.cost, account }
    }
}
