//! What is counted of a livestream, and which events count as what: here only, so that what is counted as it happens
//! and what is counted again from the store are the same.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Currency, EventKind, EventReport, Platform};

/// Counts of one livestream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Statistics {
    /// Viewers now, in all.
    pub viewers: u64,
    /// The most viewers at a time, in all.
    pub peak_viewers: u64,
    /// The same of each platform.
    #[schema(value_type = std::collections::HashMap<String, PlatformViewers>)]
    pub platforms: BTreeMap<Platform, PlatformViewers>,
    /// Messages in the chat.
    pub chat_messages: u64,
    /// New followers.
    pub follows: u64,
    /// Subscriptions: new, renewed and given.
    pub subscriptions: u64,
    /// Donations.
    pub donations: u64,
    /// What they come to, in millionths, by currency.
    #[schema(value_type = std::collections::HashMap<String, i64>)]
    pub donated: BTreeMap<Currency, i64>,
    /// Raids.
    pub raids: u64,
}

/// Viewers on one platform.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlatformViewers {
    /// Now.
    pub current: u32,
    /// The most at a time.
    pub peak: u32,
}

/// As what an event is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Counted {
    /// A message in the chat.
    ChatMessage,
    /// A new follower.
    Follow,
    /// A subscription. A batch of gifts is not one: the gifts in it are.
    Subscription,
    /// A donation.
    Donation,
    /// A raid.
    Raid,
}

impl EventKind {
    /// As what an event of this kind is counted, if it is.
    #[must_use]
    pub const fn counted(&self) -> Option<Counted> {
        Some(match self {
            Self::ChatMessage => Counted::ChatMessage,
            Self::Follow => Counted::Follow,
            Self::SubscriptionNew | Self::SubscriptionRenewed | Self::SubscriptionGiftReceived => {
                Counted::Subscription
            }
            Self::Donation => Counted::Donation,
            Self::Raid => Counted::Raid,
            _ => return None,
        })
    }
}

impl Statistics {
    /// Counts an event. Says whether it was one to count.
    pub fn count(&mut self, report: &EventReport) -> bool {
        if report.kind == EventKind::ViewersSample {
            return self.set_viewers(report);
        }
        let Some(counted) = report.kind.counted() else { return false };
        let count = match counted {
            Counted::ChatMessage => &mut self.chat_messages,
            Counted::Follow => &mut self.follows,
            Counted::Subscription => &mut self.subscriptions,
            Counted::Donation => &mut self.donations,
            Counted::Raid => &mut self.raids,
        };
        *count += 1;
        if let (Counted::Donation, Some(money)) = (counted, report.money) {
            let donated = self.donated.entry(money.currency).or_default();
            *donated = donated.saturating_add(money.micros);
        }
        true
    }

    fn set_viewers(&mut self, report: &EventReport) -> bool {
        let Some(viewers) = report.viewers else { return false };
        let platform = self.platforms.entry(report.platform.clone()).or_default();
        platform.current = viewers;
        platform.peak = platform.peak.max(viewers);
        self.viewers = self.platforms.values().map(|platform| u64::from(platform.current)).sum();
        self.peak_viewers = self.peak_viewers.max(self.viewers);
        true
    }

    /// Nobody watches any more; the rest stays to be read.
    pub fn leave_air(&mut self) {
        self.viewers = 0;
        for platform in self.platforms.values_mut() {
            platform.current = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::Money;

    fn report(platform: Platform, kind: EventKind) -> EventReport {
        EventReport::new(platform, kind, Timestamp::UNIX_EPOCH, "k")
    }

    fn viewers(platform: Platform, viewers: u32) -> EventReport {
        let mut sample = report(platform, EventKind::ViewersSample);
        sample.viewers = Some(viewers);
        sample
    }

    #[test]
    fn viewers_are_summed_over_platforms_and_the_peak_is_of_the_sum() {
        let mut statistics = Statistics::default();
        for sample in [
            viewers(Platform::Twitch, 10),
            viewers(Platform::Kick, 5),
            viewers(Platform::Twitch, 2),
            viewers(Platform::Kick, 8),
        ] {
            assert!(statistics.count(&sample));
        }
        assert_eq!((statistics.viewers, statistics.peak_viewers), (10, 15));
        assert_eq!(statistics.platforms[&Platform::Kick], PlatformViewers { current: 8, peak: 8 });
        statistics.leave_air();
        assert_eq!((statistics.viewers, statistics.peak_viewers), (0, 15));
    }

    #[test]
    fn money_is_summed_by_currency_without_overflow() {
        let mut statistics = Statistics::default();
        for micros in [i64::MAX, 1] {
            let mut donation = report(Platform::Stagedoor, EventKind::Donation);
            donation.money = Some(Money { micros, currency: "EUR".parse().unwrap() });
            statistics.count(&donation);
        }
        assert_eq!(statistics.donations, 2);
        assert_eq!(statistics.donated[&"EUR".parse().unwrap()], i64::MAX);
    }

    #[test]
    fn a_batch_of_gifts_is_counted_by_its_gifts() {
        let mut statistics = Statistics::default();
        assert!(!statistics.count(&report(Platform::Twitch, EventKind::SubscriptionGiftBatch)));
        for _ in 0..3 {
            statistics.count(&report(Platform::Twitch, EventKind::SubscriptionGiftReceived));
        }
        assert_eq!(statistics.subscriptions, 3);
    }
}
