//! What goes wrong, and what was asked.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use http::Method;

/// A call, by its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Call {
    /// `GET /live_inputs`
    ListInputs,
    /// `POST /live_inputs`
    CreateInput,
    /// `GET /live_inputs/{uid}`
    GetInput,
    /// `PUT /live_inputs/{uid}`
    UpdateInput,
    /// `DELETE /live_inputs/{uid}`
    DeleteInput,
    /// `POST /live_inputs/{uid}/rotate_keys`
    RotateKeys,
    /// `GET /live_inputs/{uid}/outputs`
    ListOutputs,
    /// `POST /live_inputs/{uid}/outputs`
    CreateOutput,
    /// `PUT /live_inputs/{uid}/outputs/{uid}`
    UpdateOutput,
    /// `DELETE /live_inputs/{uid}/outputs/{uid}`
    DeleteOutput,
    /// `GET /{uid}/lifecycle`, which is no part of the API
    Lifecycle,
}

impl Call {
    /// What a request is; none when it is nothing that Cloudflare knows.
    pub(crate) fn of(method: &Method, path: &str) -> Option<Self> {
        let path: Vec<_> = path.trim_matches('/').split('/').collect();
        let path = match &path[..] {
            ["client", "v4", "accounts", _, "stream", "live_inputs", rest @ ..] => rest,
            [_, "lifecycle"] => return Some(Self::Lifecycle),
            _ => return None,
        };
        Some(match (method.as_str(), path) {
            ("GET", []) => Self::ListInputs,
            ("POST", []) => Self::CreateInput,
            ("GET", [_]) => Self::GetInput,
            ("PUT", [_]) => Self::UpdateInput,
            ("DELETE", [_]) => Self::DeleteInput,
            ("POST", [_, "rotate_keys"]) => Self::RotateKeys,
            ("GET", [_, "outputs"]) => Self::ListOutputs,
            ("POST", [_, "outputs"]) => Self::CreateOutput,
            ("PUT", [_, "outputs", _]) => Self::UpdateOutput,
            ("DELETE", [_, "outputs", _]) => Self::DeleteOutput,
            _ => return None,
        })
    }
}

/// How a call goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// Nothing is done, and an error is answered.
    Refuse {
        /// The HTTP status.
        status: u16,
        /// Cloudflare's code.
        code: i64,
        /// Its words.
        message: String,
    },
    /// The work is done, and an error is answered all the same.
    StatusAfterWork(u16),
    /// Nothing is done, and the connection breaks.
    Close,
    /// The work is done, and the connection breaks before the answer.
    CloseAfterWork,
    /// Nothing is done, and nothing is answered, ever.
    Hang,
    /// The work is done, and nothing is answered, ever.
    HangAfterWork,
    /// The work is done, and the answer takes so long.
    Slow(Duration),
    /// The work is done, and the answer is no JSON.
    Garbage,
}

impl Effect {
    /// Refuses with a status and words that fit it.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::Refuse { status, code: 10_000 + i64::from(status), message: "so it was told".into() }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Faults {
    plans: HashMap<Call, VecDeque<Effect>>,
    pub(crate) outage: Option<Effect>,
    counts: HashMap<Call, usize>,
}

impl Faults {
    pub(crate) fn plan(&mut self, call: Call, effect: Effect, times: usize) {
        let plan = self.plans.entry(call).or_default();
        plan.extend(std::iter::repeat_n(effect, times));
    }

    /// A call has come: how it goes wrong, if it does.
    pub(crate) fn come(&mut self, call: Call) -> Option<Effect> {
        *self.counts.entry(call).or_default() += 1;
        self.outage.clone().or_else(|| self.plans.get_mut(&call)?.pop_front())
    }

    pub(crate) fn count(&self, call: Call) -> usize {
        self.counts.get(&call).copied().unwrap_or(0)
    }

    pub(crate) fn all(&self) -> usize {
        let api = self.counts.iter().filter(|(call, _)| **call != Call::Lifecycle);
        api.map(|(_, count)| count).sum()
    }
}
