//! A provider that stands alone, for the tests of clients.

use std::{io, net::Ipv4Addr, sync::Arc};

use axum::response::Response;
use http::request::Parts;
use tokio::{net::TcpListener, task::JoinSet};

use super::Provider;
use crate::{
    faults::{Effect, Faults, Refusal},
    serve::{self, Scripted, status_code},
};

/// A call of OAuth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OAuthCall {
    /// The page where users agree.
    Authorize,
    /// A token is fetched.
    Token,
    /// A token is given back.
    Revoke,
}

impl OAuthCall {
    /// What a path of this provider is; none when it is no part of OAuth.
    pub(crate) fn of(provider: &Provider, path: &str) -> Option<Self> {
        let (authorize, token, revoke) = provider.config.style.paths();
        // A version goes before it on Facebook.
        let is = |known: &str| path.ends_with(known.trim_start_matches("/{version}"));
        if is(authorize) {
            Some(Self::Authorize)
        } else if is(token) {
            Some(Self::Token)
        } else {
            revoke.is_some_and(is).then_some(Self::Revoke)
        }
    }
}

/// A platform that has nothing but its OAuth. It ends when it is dropped.
#[derive(Debug)]
pub struct FakeOAuth {
    shared: Arc<Shared>,
    base_url: String,
    _tasks: JoinSet<()>,
}

#[derive(Debug)]
struct Shared {
    provider: Arc<Provider>,
    faults: Faults<OAuthCall>,
}

impl FakeOAuth {
    /// Starts one on loopback.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn start(provider: Provider) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let base_url = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(Shared { provider: provider.into(), faults: Faults::default() });
        let mut tasks = JoinSet::new();
        tasks.spawn(serve::run(listener, shared.provider.routes(), Arc::clone(&shared)));
        Ok(Self { shared, base_url, _tasks: tasks })
    }

    /// What its addresses begin with.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Its accounts and tokens.
    #[must_use]
    pub fn provider(&self) -> &Provider {
        &self.shared.provider
    }

    /// The next `times` calls of this kind go wrong in this way.
    pub fn fail(&self, call: OAuthCall, effect: Effect, times: usize) {
        self.shared.faults.plan(call, effect, times);
    }

    /// How many calls of this kind came, whatever became of them.
    #[must_use]
    pub fn count(&self, call: OAuthCall) -> usize {
        self.shared.faults.count(call)
    }
}

impl Scripted for Shared {
    type Call = OAuthCall;

    fn call_of(&self, request: &Parts) -> Option<OAuthCall> {
        OAuthCall::of(&self.provider, request.uri.path())
    }

    fn faults(&self) -> &Faults<OAuthCall> {
        &self.faults
    }

    fn refusal(&self, refusal: &Refusal) -> Response {
        let word = refusal.code.as_deref().unwrap_or("server_error");
        let style = self.provider.config.style;
        style.error(status_code(refusal.status), word, &refusal.message, 2)
    }
}
