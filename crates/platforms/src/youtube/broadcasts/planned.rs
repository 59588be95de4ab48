//! How a broadcast is told to be that of a plan: by its title, and by when it is scheduled.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use stagedoor_domain::Metadata;

use super::resources::Resource;
use crate::{BroadcastPlan, fit::clip};

/// The longest title, in characters: <https://developers.google.com/youtube/v3/live/docs/liveBroadcasts>.
pub(super) const MAX_TITLE: usize = 100;
/// The longest description, in characters.
pub(super) const MAX_DESCRIPTION: usize = 5_000;
/// What a broadcast is called that has no title, for YouTube wants one.
const NO_TITLE: &str = "Live";

/// How far from now a broadcast is scheduled at least: YouTube takes no time that has gone.
const LEAD: Duration = Duration::from_secs(30);
/// Steps in which that is put off when a plan is old.
const STEP_S: i64 = 60;
/// How far YouTube's clock may be behind ours.
const SKEW: SignedDuration = SignedDuration::from_mins(2);
impl Resource {
    /// Whether an attempt of this plan has made it. YouTube may cut times to the second.
    pub(super) fn is_of(&self, plan: &BroadcastPlan, title: &str) -> bool {
        let (Some(scheduled), Some(published)) =
            (self.snippet.scheduled_start_time, self.snippet.published_at)
        else {
            return false;
        };
        let ahead = scheduled.as_second() - plan.planned_at.as_second();
        self.snippet.title.split_whitespace().eq(title.split_whitespace())
            && ahead >= 0
            && ahead % STEP_S == 0
            && published.saturating_add(SKEW).is_ok_and(|latest| latest >= plan.planned_at)
            && !matches!(&*self.status.life_cycle_status, "complete" | "revoked")
    }
}

/// For when a plan is scheduled: whole steps after it was made, and not in the past.
pub(super) fn scheduled(plan: &BroadcastPlan, now: Timestamp) -> Timestamp {
    let planned = plan.planned_at.as_second();
    let lead = i64::try_from(LEAD.as_secs()).unwrap_or(i64::MAX);
    let steps = (now.as_second() + lead - planned + STEP_S - 1).max(0) / STEP_S;
    Timestamp::from_second(planned + steps * STEP_S).unwrap_or(now)
}

/// A text as YouTube takes it: without angle brackets, and no longer than this.
pub(super) fn allowed(text: &str, limit: usize) -> Box<str> {
    clip(&text.replace(['<', '>'], ""), limit)
}

pub(super) fn title(metadata: &Metadata) -> Box<str> {
    let title = allowed(metadata.title.trim(), MAX_TITLE);
    if title.is_empty() { NO_TITLE.into() } else { title }
}
