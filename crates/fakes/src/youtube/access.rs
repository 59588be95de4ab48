//! Who may come in: by token, and as long as there is quota.

use std::sync::{Arc, atomic::Ordering};

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, header::AUTHORIZATION, request::Parts};

use super::{Call, Shared, wire::failure};
use crate::{
    OAuthCall,
    faults::{Faults, Refusal},
    serve::{Admission, Scripted},
};

impl Scripted for Shared {
    type Call = Call;

    fn call_of(&self, request: &Parts) -> Option<Call> {
        let path = request.uri.path();
        let oauth = || OAuthCall::of(&self.oauth, path).map(Call::OAuth);
        Call::of(&request.method, path).or_else(oauth)
    }

    fn faults(&self) -> &Faults<Call> {
        &self.faults
    }

    fn refusal(&self, refusal: &Refusal) -> Response {
        let code = refusal.code.as_deref().unwrap_or("backendError");
        failure(refusal.status, code, &refusal.message)
    }

    fn latency(&self) -> std::time::Duration {
        self.config.latency
    }

    fn admit(&self, call: Call, _: &Parts) -> Admission {
        if self.pay(call) {
            return Admission::Granted(HeaderMap::new());
        }
        let words = "The request cannot be completed because you have exceeded your quota.";
        Admission::Refused(Box::new(failure(403, "quotaExceeded", words).into_response()))
    }
}

impl Shared {
    /// Takes what a call costs off the quota. Whether there was enough.
    pub(crate) fn pay(&self, call: Call) -> bool {
        let limit = self.quota.load(Ordering::Relaxed);
        let pay = |used: u64| (used + call.cost() <= limit).then(|| used + call.cost());
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, pay).is_ok()
    }

    /// Whose a token is that stands behind `Bearer`.
    pub(crate) fn channel_of(&self, authorization: Option<&str>) -> Option<String> {
        let token = authorization?.strip_prefix("Bearer ")?;
        self.oauth.whose(token)?.account.map(Into::into)
    }
}

/// Who calls: the id of a channel.
pub(crate) struct Caller(pub(crate) String);

impl FromRequestParts<Arc<Shared>> for Caller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Response> {
        let given = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        shared
            .channel_of(given)
            .map(Self)
            .ok_or_else(|| failure(401, "authError", "Invalid Credentials"))
    }
}
