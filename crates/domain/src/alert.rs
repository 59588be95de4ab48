//! Alerts: what the overlays show.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{EventId, Money, Platform, Units, UserId, key::key, open_enum::open_enum};

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
