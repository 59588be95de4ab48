//! Numbers by the minute, as long as they are not over and saved. Which events count as what is said in the domain, so
//! that what is counted here and what the store counts again are the same.

use std::collections::BTreeMap;

use jiff::Timestamp;
use stagedoor_domain::{
    Counted, EventKind, EventReport, LivestreamId, Platform, SeriesPoint, StreamEvent,
    ViewerSamples,
};

/// How long a minute is, in seconds.
const MINUTE: u32 = 60;

/// How many minutes that are over stay, so that what becomes durable a little later finds its minute.
const STAYING: i64 = 2;

/// The minutes that are not over, and those that have just been.
#[derive(Debug, Default)]
pub(super) struct Minutes {
    points: BTreeMap<(Timestamp, Platform, Option<LivestreamId>), Slot>,
    /// Minutes before this one are not here any more.
    gone_before: Option<Timestamp>,
}

#[derive(Debug)]
struct Slot {
    point: SeriesPoint,
    unsaved: bool,
}

/// What became of an event that was to be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    /// It is counted.
    Done,
    /// There is nothing in it to count.
    Nothing,
    /// Its minute is not here any more: it is to be counted again from the store.
    Late(Timestamp),
}

/// The beginning of the minute.
pub(super) fn minute_of(at: Timestamp) -> Timestamp {
    let seconds = at.as_millisecond().div_euclid(1_000 * i64::from(MINUTE)) * i64::from(MINUTE);
    Timestamp::from_second(seconds).unwrap_or(at)
}

impl Minutes {
    pub(super) fn count(&mut self, event: &StreamEvent) -> Count {
        let at = minute_of(event.received_at);
        let report = &event.report;
        if !has_something_to_count(report) {
            return Count::Nothing;
        }
        if self.gone_before.is_some_and(|gone_before| at < gone_before) {
            return Count::Late(at);
        }
        let slot = self
            .points
            .entry((at, report.platform.clone(), event.livestream))
            .or_insert_with(|| Slot { point: empty(at, event), unsaved: true });
        add(&mut slot.point, report);
        slot.unsaved = true;
        Count::Done
    }

    /// From `since` on, these are the numbers: all that is here of that time is replaced.
    pub(super) fn replace(&mut self, since: Timestamp, points: Vec<SeriesPoint>) {
        self.points.retain(|(at, ..), _| *at < since);
        self.gone_before = Some(self.gone_before.map_or(since, |gone| gone.min(since)));
        for point in points {
            let key = (point.at, point.platform.clone(), point.livestream);
            self.points.insert(key, Slot { point, unsaved: true });
        }
    }

    /// What is to be saved now, oldest first, and taken for saved from now on.
    pub(super) fn take_unsaved(&mut self) -> Vec<SeriesPoint> {
        let take = |slot: &mut Slot| std::mem::take(&mut slot.unsaved).then(|| slot.point.clone());
        self.points.values_mut().filter_map(take).collect()
    }

    pub(super) fn has_unsaved(&self) -> bool {
        self.points.values().any(|slot| slot.unsaved)
    }

    /// Lets go of what is saved and has been over for a while.
    pub(super) fn forget_before(&mut self, now: Timestamp) {
        let seconds = minute_of(now).as_second() - STAYING * i64::from(MINUTE);
        let Ok(before) = Timestamp::from_second(seconds) else { return };
        self.points.retain(|(at, ..), slot| *at >= before || slot.unsaved);
        let oldest = self.points.keys().next().map_or(before, |(at, ..)| before.min(*at));
        self.gone_before = Some(self.gone_before.map_or(oldest, |gone| gone.max(oldest)));
    }

    /// The numbers of this minute.
    pub(super) fn of_minute(&self, now: Timestamp) -> Vec<SeriesPoint> {
        let minute = minute_of(now);
        let is_it = |slot: &&Slot| slot.point.at == minute;
        self.points.values().filter(is_it).map(|slot| slot.point.clone()).collect()
    }
}

fn has_something_to_count(report: &EventReport) -> bool {
    match report.kind.counted() {
        Some(Counted::Donation) => report.money.is_some(),
        Some(Counted::Raid) => false,
        Some(_) => true,
        None => report.kind == EventKind::ViewersSample && report.viewers.is_some(),
    }
}

fn empty(at: Timestamp, event: &StreamEvent) -> SeriesPoint {
    SeriesPoint {
        at,
        length_s: MINUTE,
        platform: event.report.platform.clone(),
        livestream: event.livestream,
        viewers: None,
        chat_messages: 0,
        follows: 0,
        subscriptions: 0,
        donated: BTreeMap::new(),
    }
}

fn add(point: &mut SeriesPoint, report: &EventReport) {
    match report.kind.counted() {
        Some(Counted::ChatMessage) => point.chat_messages += 1,
        Some(Counted::Follow) => point.follows += 1,
        Some(Counted::Subscription) => point.subscriptions += 1,
        Some(Counted::Donation) => {
            if let Some(money) = report.money {
                let donated = point.donated.entry(money.currency).or_default();
                *donated = donated.saturating_add(money.micros);
            }
        }
        _ => {}
    }
    if let (EventKind::ViewersSample, Some(viewers)) = (&report.kind, report.viewers) {
        let first = ViewerSamples { min: viewers, max: viewers, sum: 0, count: 0 };
        let samples = point.viewers.get_or_insert(first);
        samples.min = samples.min.min(viewers);
        samples.max = samples.max.max(viewers);
        samples.sum += u64::from(viewers);
        samples.count = samples.count.saturating_add(1);
    }
}

#[cfg(test)]
mod tests;
