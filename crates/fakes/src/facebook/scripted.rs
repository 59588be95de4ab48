//! What is out of the ordinary, and what the headers say of the limits.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, request::Parts};
use serde_json::{Value, json};

use super::{Call, FakeFacebook, Shared, request::Asked, wire::Wrong};
use crate::{
    faults::{Faults, Refusal},
    serve::{Admission, Scripted},
};

/// What is out of the ordinary until it is told to be over.
#[expect(clippy::struct_excessive_bools, reason = "each holds independently of the others")]
#[derive(Clone, Debug, Default)]
pub(super) struct Script {
    pub(super) duplicates: bool,
    pub(super) reorders: bool,
    pub(super) no_authors: bool,
    pub(super) no_live_filter: bool,
    pub(super) no_reactions: bool,
    pub(super) few_fields: bool,
    pub(super) page_size: Option<usize>,
    pub(super) app_usage: Option<u32>,
}

impl FakeFacebook {
    /// Every comment stands twice in an answer.
    pub fn set_duplicates(&self, on: bool) {
        self.shared.script().duplicates = on;
    }

    /// Comments stand in an answer the wrong way round.
    pub fn set_reorders(&self, on: bool) {
        self.shared.script().reorders = on;
    }

    /// Who wrote a comment is not told: the app lacks the permission.
    pub fn set_no_authors(&self, on: bool) {
        self.shared.script().no_authors = on;
    }

    /// The parameter `live_filter` is not taken.
    pub fn set_no_live_filter(&self, on: bool) {
        self.shared.script().no_live_filter = on;
    }

    /// Reactions are not told: the app lacks the permission.
    pub fn set_no_reactions(&self, on: bool) {
        self.shared.script().no_reactions = on;
    }

    /// A live video that was just made is told by few of its fields, whichever are asked for.
    pub fn set_few_fields(&self, on: bool) {
        self.shared.script().few_fields = on;
    }

    /// At most so many comments in an answer.
    pub fn set_page_size(&self, size: Option<usize>) {
        self.shared.script().page_size = size;
    }

    /// What headers say of the app's limit, in percent.
    pub fn set_app_usage(&self, percent: Option<u32>) {
        self.shared.script().app_usage = percent;
    }

    /// What headers say of a page's limit, in percent, and for how long it has no access, in minutes. From 100 % on its
    /// calls are refused with code 32.
    pub fn set_page_usage(&self, page: &str, usage: Option<(u32, u32)>) {
        if let Some(page) = self.shared.world().pages.get_mut(page) {
            page.usage = usage;
        }
    }

    /// The page's owner has taken a permission back: code 10 for every call.
    pub fn set_forbidden(&self, page: &str, forbidden: bool) {
        if let Some(page) = self.shared.world().pages.get_mut(page) {
            page.app_is_forbidden = forbidden;
        }
    }
}

impl Scripted for Shared {
    type Call = Call;

    fn call_of(&self, request: &Parts) -> Option<Call> {
        Call::of(&self.provider, &request.method, request.uri.path())
    }

    fn faults(&self) -> &Faults<Call> {
        &self.faults
    }

    fn refusal(&self, refusal: &Refusal) -> Response {
        let given = refusal.code.as_deref().map(|code| {
            let (code, subcode) = code.split_once('/').unwrap_or((code, "0"));
            (code.parse().unwrap_or(1), subcode.parse().unwrap_or(0))
        });
        let (code, subcode) = given.unwrap_or(match refusal.status {
            401 => (190, 463),
            403 => (10, 0),
            404 => (803, 0),
            429 => (4, 0),
            400..=499 => (100, 0),
            503 => (2, 0),
            _ => (1, 0),
        });
        Wrong(refusal.status, code, subcode, refusal.message.clone()).into_response()
    }

    fn latency(&self) -> Duration {
        self.config.latency
    }

    fn admit(&self, call: Call, request: &Parts) -> Admission {
        let mut headers = HeaderMap::new();
        let usage = |percent: u32| json!({ "call_count": percent, "total_cputime": 1, "total_time": percent / 2 });
        if let Some(percent) = self.script().app_usage {
            put(&mut headers, "x-app-usage", &usage(percent));
        }
        if matches!(call, Call::OAuth(_) | Call::Batch) {
            return Admission::Granted(headers);
        }
        let asked = Asked::new(
            request.method.clone(),
            request.uri.path(),
            request.uri.query().unwrap_or_default(),
            "",
        );
        let session = asked.token(&request.headers).and_then(|token| self.provider.whose(&token));
        let Some(account) = session.and_then(|session| session.account) else {
            return Admission::Granted(headers);
        };
        let said = self.world().pages.get(&account).and_then(|page| page.usage);
        let Some((percent, minutes)) = said else { return Admission::Granted(headers) };
        let mut page = usage(percent);
        page["type"] = "pages".into();
        page["estimated_time_to_regain_access"] = minutes.into();
        put(&mut headers, "x-business-use-case-usage", &json!({ (&*account): [page] }));
        if percent < 100 {
            return Admission::Granted(headers);
        }
        let wrong = Wrong(400, 32, 0, "(#32) Page request limit reached".into());
        Admission::Refused(Box::new((headers, wrong.into_response()).into_response()))
    }
}

fn put(headers: &mut HeaderMap, name: &'static str, value: &Value) {
    let value = HeaderValue::try_from(value.to_string()).expect("digits and ASCII");
    headers.insert(HeaderName::from_static(name), value);
}
