//! Alerts: what the overlays show.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    EventId, Money, Platform, Units, UserId,
    key::key,
    limits::{Invalid, MAX_MICROS, MAX_NUMBER, MAX_WORD_BYTES, entries, within, word},
    open_enum::open_enum,
};

key! {
    /// An alert's id: a UUID of version 7.
    AlertId
}

open_enum! {
    /// What an alert is about.
    AlertKind {
        /// A new follower.
        Follow => "follow",
        /// A subscription: new, renewed, or given away.
        Subscription => "subscription",
        /// Money.
        Donation => "donation",
        /// Bits, Kicks, Stars, Jewels.
        Cheer => "cheer",
        /// A raid.
        Raid => "raid",
        /// A reward was redeemed.
        Reward => "reward",
    }
}

/// Which alerts come first.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AlertPriority {
    /// All others, in the order in which they came.
    #[default]
    Normal,
    /// Large donations and raids.
    High,
    /// Shown again because the streamer asked for it.
    Replay,
}

/// Where an alert stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// It waits for its turn.
    #[default]
    Queued,
    /// It is on the overlays now.
    Showing,
    /// It was shown.
    Shown,
    /// It was taken off before its time was over, or before its turn.
    Skipped,
    /// It was not shown: too old, or the queue was full.
    Dropped,
    /// It went into an earlier alert of the same person.
    Merged,
}

/// An alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Alert {
    /// Its id.
    pub id: AlertId,
    /// Whose overlays show it.
    pub user: UserId,
    /// The event that raised it; none when it is a test.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub event: Option<EventId>,
    /// What it is about.
    pub kind: AlertKind,
    /// Where it happened.
    pub platform: Platform,
    /// Which come first.
    pub priority: AlertPriority,
    /// Where it stands.
    pub state: AlertState,
    /// The name to show.
    pub name: Box<str>,
    /// What they wrote.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub text: Option<Box<str>>,
    /// What they paid.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub money: Option<Money>,
    /// What they gave that is not money.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub units: Option<Units>,
    /// How many: viewers of a raid, subscriptions given, months of a subscription.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub count: Option<u64>,
    /// How many events it stands for: more than one after repeated cheers.
    pub events: u32,
    /// For how long it is shown, in milliseconds.
    pub display_ms: u32,
    /// When it was raised.
    pub created_at: Timestamp,
}

/// What alerts a user wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct AlertSettings {
    /// Nothing is shown while this holds; alerts wait.
    pub paused: bool,
    /// Alerts are shown without their sound.
    pub muted: bool,
    /// For how long an alert is shown, in milliseconds, where its kind says nothing else.
    pub display_ms: u32,
    /// How long the overlays stay empty between two alerts, in milliseconds.
    pub cooldown_ms: u32,
    /// From how much on a donation comes first, in millionths of its currency's unit.
    pub large_donation_micros: i64,
    /// What holds for one kind.
    #[schema(value_type = std::collections::HashMap<String, AlertRule>)]
    pub kinds: BTreeMap<AlertKind, AlertRule>,
}

/// What holds for the alerts of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct AlertRule {
    /// Whether there are any.
    pub enabled: bool,
    /// For how long they are shown, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_ms: Option<u32>,
    /// The least money for one, in millionths of its currency's unit.
    pub min_micros: i64,
    /// The least units, viewers or gifts for one.
    pub min_amount: u64,
}

/// The shortest and the longest that an alert is shown, in milliseconds.
const DISPLAY_MS: (u32, u32) = (500, 120_000);

/// The longest that the overlays stay empty between two alerts, in milliseconds.
const MAX_COOLDOWN_MS: u32 = 60_000;

const MAX_RULES: usize = 50;

impl AlertSettings {
    /// Checks the limits of what a user sets.
    ///
    /// # Errors
    /// The first field that is refused, and why.
    pub fn validate(&self) -> Result<(), Invalid> {
        within("display_ms", self.display_ms, DISPLAY_MS.0, DISPLAY_MS.1)?;
        within("cooldown_ms", self.cooldown_ms, 0, MAX_COOLDOWN_MS)?;
        within("large_donation_micros", self.large_donation_micros, 0, MAX_MICROS)?;
        entries("kinds", self.kinds.len(), MAX_RULES)?;
        for (kind, rule) in &self.kinds {
            word("kinds", kind.as_str(), MAX_WORD_BYTES)?;
            rule.validate().map_err(|invalid| invalid.within(kind.as_str()).within("kinds"))?;
        }
        Ok(())
    }
}

impl AlertRule {
    fn validate(&self) -> Result<(), Invalid> {
        if let Some(display_ms) = self.display_ms {
            within("display_ms", display_ms, DISPLAY_MS.0, DISPLAY_MS.1)?;
        }
        within("min_micros", self.min_micros, 0, MAX_MICROS)?;
        within("min_amount", self.min_amount, 0, MAX_NUMBER)
    }
}

impl Default for AlertSettings {
    fn default() -> Self {
        Self {
            paused: false,
            muted: false,
            display_ms: 8_000,
            cooldown_ms: 900,
            large_donation_micros: 50_000_000,
            kinds: BTreeMap::new(),
        }
    }
}

impl Default for AlertRule {
    fn default() -> Self {
        Self { enabled: true, display_ms: None, min_micros: 0, min_amount: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_settings_are_valid_and_senseless_ones_are_refused_with_their_field() {
        assert_eq!(AlertSettings::default().validate(), Ok(()));
        let refused = |json: &str| {
            let settings: AlertSettings = serde_json::from_str(json).unwrap();
            settings.validate().unwrap_err().to_string()
        };
        assert_eq!(refused(r#"{"display_ms": 499}"#), "display_ms is 499, outside 500 to 120000");
        assert_eq!(
            refused(r#"{"cooldown_ms": 60001}"#),
            "cooldown_ms is 60001, outside 0 to 60000"
        );
        assert_eq!(
            refused(r#"{"kinds": {"raid": {"display_ms": 0}}}"#),
            "kinds.raid.display_ms is 0, outside 500 to 120000"
        );
        assert!(refused(r#"{"large_donation_micros": -1}"#).starts_with("large_donation_micros "));
        assert!(refused(r#"{"kinds": {"": {}}}"#).starts_with("kinds is empty"));
        assert!(
            refused(r#"{"kinds": {"donation": {"min_micros": -1}}}"#)
                .starts_with("kinds.donation.min_micros ")
        );
        let many: Vec<_> = (0..=MAX_RULES).map(|n| format!(r#""kind-{n}": {{}}"#)).collect();
        let many = refused(&format!(r#"{{"kinds": {{{}}}}}"#, many.join(", ")));
        assert_eq!(many, "kinds has 51 entries, more than the 50 allowed");
    }
}
