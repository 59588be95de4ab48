//! What goes wrong, and what was asked.

use std::{
    collections::{HashMap, VecDeque},
    fmt::Debug,
    hash::Hash,
    sync::Mutex,
    time::Duration,
};

use crate::lock;

/// How a call goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// Nothing is done, and an error is answered.
    Refuse(Refusal),
    /// The work is done, and an error is answered all the same.
    StatusAfterWork(u16),
    /// Nothing is done, and the connection breaks.
    Close,
    /// The work is done, and the connection breaks before the answer.
    CloseAfterWork,
    /// The work is done, and the connection breaks in the middle of the answer.
    CutAfterWork,
    /// Nothing is done, and nothing is answered, ever.
    Hang,
    /// The work is done, and nothing is answered, ever.
    HangAfterWork,
    /// The work is done, and the answer takes so long.
    Slow(Duration),
    /// The work is done, and the body of the answer comes byte by byte, with so long a wait before each.
    SlowBody(Duration),
    /// The work is done, and the answer is no JSON.
    Garbage,
}

impl Effect {
    /// Refuses with a status and words that fit it.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::Refuse(Refusal::status(status))
    }

    /// Refuses with the platform's code: a word, or a number in digits.
    #[must_use]
    pub fn refuse(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Refuse(Refusal {
            code: Some(code.into()),
            message: message.into(),
            ..Refusal::status(status)
        })
    }

    /// There were too many calls: come again after so many seconds, or nothing is said of that.
    #[must_use]
    pub fn too_many(retry_after_s: Option<u64>) -> Self {
        let effect = Self::status(429);
        match retry_after_s {
            Some(seconds) => effect.with_header("retry-after", seconds.to_string()),
            None => effect,
        }
    }

    /// The same refusal, with this header.
    ///
    /// # Panics
    /// If it is no refusal.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        let Self::Refuse(refusal) = &mut self else { panic!("only refusals have headers") };
        refusal.headers.push((name, value.into()));
        self
    }
}

/// An answer that is no success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The platform's code; none for one that fits the status.
    pub code: Option<String>,
    /// The platform's words.
    pub message: String,
    /// What the answer's headers say.
    pub headers: Vec<(&'static str, String)>,
}

impl Refusal {
    /// With a status and words that fit it.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self { status, code: None, message: "so it was told".into(), headers: Vec::new() }
    }
}

/// What is to go wrong, by the kind of call, and how many there were of each.
#[derive(Debug)]
pub(crate) struct Faults<C>(Mutex<State<C>>);

#[derive(Debug)]
struct State<C> {
    plans: HashMap<C, VecDeque<Effect>>,
    outage: Option<Effect>,
    counts: HashMap<C, usize>,
}

impl<C> Default for Faults<C> {
    fn default() -> Self {
        let state = State { plans: HashMap::new(), outage: None, counts: HashMap::new() };
        Self(Mutex::new(state))
    }
}

impl<C: Copy + Eq + Hash + Debug> Faults<C> {
    /// The next `times` calls of this kind go wrong in this way.
    pub(crate) fn plan(&self, call: C, effect: Effect, times: usize) {
        let plans = &mut lock(&self.0).plans;
        plans.entry(call).or_default().extend(std::iter::repeat_n(effect, times));
    }

    /// All calls go wrong in this way, until it is over.
    pub(crate) fn set_outage(&self, effect: Option<Effect>) {
        lock(&self.0).outage = effect;
    }

    /// A call has come: how it goes wrong, if it does.
    pub(crate) fn come(&self, call: C) -> Option<Effect> {
        let mut state = lock(&self.0);
        *state.counts.entry(call).or_default() += 1;
        state.outage.clone().or_else(|| state.plans.get_mut(&call)?.pop_front())
    }

    /// How many calls of this kind came, whatever became of them.
    pub(crate) fn count(&self, call: C) -> usize {
        lock(&self.0).counts.get(&call).copied().unwrap_or(0)
    }

    /// How many calls came of the kinds for which this holds.
    pub(crate) fn count_where(&self, holds: impl Fn(C) -> bool) -> usize {
        let state = lock(&self.0);
        state.counts.iter().filter(|(call, _)| holds(**call)).map(|(_, count)| count).sum()
    }
}
