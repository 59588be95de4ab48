//! The platform's side of a livestream: what is wanted, what is recorded, and the next step from the one to the other.
//!
//! ```text
//! none, ended ── intend ──▶ intended ── start ──▶ open ── end ──▶ ended
//!                              └── not wanted any more: find what was made, end it ──▲
//! ```
//!
//! A broadcast is written down before it is made, and its ingest is written down before anybody is told of it:
//! CloudflareManager reads it from the store. So a crash between any two steps leaves a record to go on from, and no
//! broadcast is made twice or left behind.

use std::sync::Arc;

use stagedoor_domain::{DestinationId, LivestreamId};
use stagedoor_platforms::Broadcast;
use stagedoor_store::{BroadcastRecord, BroadcastState};
use tokio::time::Instant;

use super::{
    broadcast_step::{Kept, Known, Obstructed, Step, Work},
    snapshot::BroadcastView,
    state::{ACTOR, Outcome, State, at_least},
};
use crate::{CloudflareMsg, TargetObstacle, Wanted, jitter::full_jitter};

/// How much longer than after a failure an end waits that was refused: so many times at first, and at most.
const END_REFUSED: u32 = 15;
const END_REFUSED_MAX: u32 = 60;

/// What is wanted and known of it.
#[derive(Debug, Default)]
pub(super) struct Side {
    wanted: Option<Wanted>,
    /// Counts the reasons to read; what was read for an earlier one does not count.
    reasons: u64,
    read: u64,
    /// The user's destination here whose ingest the account gives, if the wanted ones include it.
    destination: Option<DestinationId>,
    record: Option<BroadcastRecord>,
    broadcast: Option<Broadcast>,
    /// An attempt to make it may have come to something.
    again: bool,
    busy: bool,
    failures: u32,
    retry_at: Option<Instant>,
    obstacle: Option<Box<str>>,
    /// The livestream for which the platform does not make one, however often it is asked.
    given_up: Option<LivestreamId>,
    /// The livestream whose broadcast the platform refuses to end.
    left_behind: Option<LivestreamId>,
}

/// What became of it.
pub(super) struct BroadcastOutcome {
    reason: u64,
    /// What was tried, and for which livestream; none where it was only read.
    tried: Option<(Step, LivestreamId)>,
    result: Result<Known, Obstructed>,
}

impl Side {
    pub(super) fn want(&mut self, wanted: Wanted) {
        if self.wanted.as_ref() == Some(&wanted) {
            return;
        }
        self.wanted = Some(wanted);
        self.reasons += 1;
        (self.failures, self.retry_at, self.obstacle) = (0, None, None);
    }

    /// The broadcast that is under way.
    pub(super) fn open(&self) -> Option<&Broadcast> {
        let record = self.record.as_ref()?;
        self.broadcast.as_ref().filter(|_| record.state == BroadcastState::Open)
    }

    /// Whether it is streamed to, as far as we know.
    pub(super) fn is_on_air(&self) -> bool {
        self.open().is_some() && matches!(self.wanted, Some(Wanted::Attached { .. }))
    }

    /// The livestream for which one is wanted.
    fn for_livestream(&self) -> Option<LivestreamId> {
        match &self.wanted {
            Some(Wanted::Attached { livestream, .. }) if self.destination.is_some() => {
                Some(*livestream)
            }
            _ => None,
        }
    }

    fn step(&self) -> Option<Step> {
        let recorded = self.record.as_ref().map(|record| (record.livestream, record.state));
        match (self.for_livestream(), recorded) {
            (None, None | Some((_, BroadcastState::Ended))) => None,
            (Some(wanted), _) if self.given_up == Some(wanted) => None,
            (Some(wanted), None | Some((_, BroadcastState::Ended))) => Some(Step::Intend(wanted)),
            (Some(wanted), Some((of, state))) if wanted == of => {
                (state == BroadcastState::Intended).then_some(Step::Start)
            }
            (Some(_), Some((of, _))) if self.left_behind == Some(of) => Some(Step::LeaveBehind),
            (_, Some(_)) => Some(Step::End),
        }
    }

    pub(super) fn view(&self) -> BroadcastView {
        let state = match (&self.record, self.read) {
            (_, 0) => "unknown",
            (None, _) => "none",
            (Some(record), _) => match record.state {
                BroadcastState::Intended => "intended",
                BroadcastState::Open => "open",
                BroadcastState::Ended => "ended",
            },
        };
        BroadcastView {
            livestream: self.record.as_ref().map(|record| record.livestream),
            state: state.into(),
            id: self.broadcast.as_ref().map(|broadcast| broadcast.id.clone()),
            busy: self.busy,
            obstacle: self.obstacle.clone(),
        }
    }
}

impl State {
    pub(super) fn drive_broadcast(&mut self, now: Instant, due: &mut Vec<Instant>) {
        if self.side.busy || self.side.wanted.is_none() {
            return;
        }
        if let Some(at) = self.side.retry_at.filter(|at| *at > now) {
            return due.push(at);
        }
        let reason = self.side.reasons;
        if self.side.read != reason {
            let work = self.work();
            self.side.busy = true;
            self.begin(async move {
                let result = work.read().await.map_err(Obstructed::Store);
                Outcome::Broadcast(BroadcastOutcome { reason, tried: None, result })
            });
            return;
        }
        let Some(step) = self.side.step() else { return };
        let of = match (&step, &self.side.record) {
            (Step::Intend(livestream), _) => *livestream,
            (_, Some(record)) => record.livestream,
            (_, None) => return,
        };
        if self.is_refused() {
            let refused = "the account must be connected again".into();
            return self.obstruct(refused, Some(of));
        }
        let work = self.work();
        self.side.busy = true;
        self.side.again |= step == Step::Start;
        self.begin(async move {
            let result = work.carry_out(&step).await;
            Outcome::Broadcast(BroadcastOutcome { reason, tried: Some((step, of)), result })
        });
    }

    fn work(&self) -> Work {
        Work {
            cx: self.cx.clone(),
            client: Arc::clone(&self.client),
            account: self.access.clone(),
            record: self.side.record.clone(),
            destination: self.side.destination.clone(),
            wanted: self.side.wanted.clone(),
            again: self.side.again,
        }
    }

    pub(super) fn broadcast_outcome(&mut self, outcome: BroadcastOutcome) {
        self.side.busy = false;
        match outcome.result {
            Ok(Known { destination, record }) => {
                let first = self.side.read == 0;
                self.side.read = outcome.reason;
                // What an earlier life has begun may have come to something.
                self.side.again |= first;
                let before =
                    self.side.record.as_ref().map(|record| (record.livestream, record.state));
                let after = record.as_ref().map(|record| (record.livestream, record.state));
                self.side.destination = destination;
                self.side.broadcast = record.as_ref().and_then(|record| Kept::of(record).broadcast);
                self.side.record = record;
                (self.side.failures, self.side.retry_at) = (0, None);
                if before != after {
                    self.side.obstacle = None;
                    self.side.again &= after
                        .is_some_and(|(_, state)| state == BroadcastState::Intended)
                        && (first
                            || before.map(|(livestream, _)| livestream)
                                == after.map(|(livestream, _)| livestream));
                    // It reads the ingest, or that there is nothing more to wait for.
                    let _ = self.cx.cloudflare().cast(CloudflareMsg::TargetsChanged);
                }
            }
            Err(obstructed) => self.obstructed(&obstructed, outcome.tried.as_ref()),
        }
    }

    fn obstructed(&mut self, obstructed: &Obstructed, tried: Option<&(Step, LivestreamId)>) {
        let (reason, is_final, retry_after) = match obstructed {
            Obstructed::Platform(error) => {
                self.heed(error);
                (error.to_string(), !error.is_transient(), error.retry_after())
            }
            Obstructed::Store(error) => (error.to_string(), false, None),
        };
        let (user, platform) = (self.cx.user(), &self.account.platform);
        if is_final {
            tracing::warn!(actor = ACTOR, %user, %platform, error = %reason, "broadcast refused");
        } else {
            tracing::info!(actor = ACTOR, %user, %platform, error = %reason, "broadcast waits");
        }
        let pace = self.pace();
        self.side.failures = self.side.failures.saturating_add(1);
        let (initial, max) = match tried {
            // It may be otherwise later, when somebody has done something about it; each attempt has its price.
            Some((Step::End, _)) if is_final => {
                (END_REFUSED * pace.retry_max, END_REFUSED_MAX * pace.retry_max)
            }
            _ => (pace.retry_initial, pace.retry_max),
        };
        let wait = full_jitter(initial, max, self.side.failures);
        self.side.retry_at = Some(Instant::now() + at_least(wait, retry_after));
        let given_up = match tried {
            Some((Step::Intend(_) | Step::Start, of)) if is_final => Some(*of),
            Some((Step::End, of)) if is_final => {
                self.side.left_behind = Some(*of);
                if self.side.for_livestream().is_some() {
                    self.side.retry_at = None;
                }
                None
            }
            _ => None,
        };
        self.obstruct(reason.into(), given_up);
    }

    /// Tells whoever waits for it what keeps it. One that is never made for the livestream that is wanted is given up; one
    /// that cannot be ended is tried again.
    fn obstruct(&mut self, reason: Box<str>, given_up: Option<LivestreamId>) {
        let is_final = given_up.is_some() && given_up == self.side.for_livestream();
        if is_final {
            self.side.given_up = given_up;
        }
        if self.side.obstacle.as_ref() == Some(&reason) && !is_final {
            return;
        }
        let told =
            self.side.wanted.as_ref().and_then(Wanted::told).map(|(livestream, _)| livestream);
        if let (Some(livestream), Some(destination)) = (told, self.side.destination.clone()) {
            let reason = format!("{}: {reason}", self.account.platform).into();
            let obstacle = TargetObstacle { livestream, destination, reason, is_final };
            let _ = self.cx.cloudflare().cast(CloudflareMsg::TargetObstructed(obstacle));
        }
        self.side.obstacle = Some(reason);
    }
}
