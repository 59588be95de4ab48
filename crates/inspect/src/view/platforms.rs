//! What one sees of a user's connections to the platforms.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stagedoor_domain::{Platform, UserId};

/// The user's accounts on the platforms, and how each is connected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlatformsOverview {
    /// When it was read.
    pub observed_at: Timestamp,
    /// Whose accounts.
    pub user: UserId,
    /// One on each platform, at most.
    pub platforms: Vec<PlatformView>,
}

/// One account and its connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlatformView {
    /// On which platform.
    pub platform: Platform,
    /// The platform's id of the account.
    pub account: Box<str>,
    /// Its name there.
    pub name: Box<str>,
    /// Where the connection stands.
    #[serde(flatten)]
    pub link: LinkView,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub since: Option<Timestamp>,
    /// What its manager knows, while it runs.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub manager: Option<PlatformManagerView>,
}

/// Where the connection to a platform stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
#[non_exhaustive]
pub enum LinkView {
    /// This daemon has no application on the platform.
    NotConfigured,
    /// The account's manager does not run: the user has no tree, or it is between two lives.
    NotRunning,
    /// There is nothing to connect to: no broadcast is under way there.
    Standby,
    /// It is being made.
    Connecting,
    /// It stands.
    Connected,
    /// It stands, but not fully.
    Degraded {
        /// What is missing.
        reason: Box<str>,
    },
    /// It is lost, or could not be made, and is made again then.
    BackingOff {
        /// Why.
        reason: Box<str>,
        /// When.
        until: Timestamp,
    },
    /// The user must connect the account again; nothing is tried before.
    NeedsReauth {
        /// The platform's words, while they are known.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        reason: Option<Box<str>>,
    },
}

impl LinkView {
    /// The state's name, as in JSON.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::NotConfigured => "not_configured",
            Self::NotRunning => "not_running",
            Self::Standby => "standby",
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Degraded { .. } => "degraded",
            Self::BackingOff { .. } => "backing_off",
            Self::NeedsReauth { .. } => "needs_reauth",
        }
    }

    /// Why it does not stand fully.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Degraded { reason } | Self::BackingOff { reason, .. } => Some(reason),
            Self::NeedsReauth { reason } => reason.as_deref(),
            _ => None,
        }
    }
}

/// What the manager of an account knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlatformManagerView {
    /// How often the connection was made since the manager's start.
    pub connected: u64,
    /// Failures in a row.
    pub failures: u32,
    /// Events received.
    pub received: u64,
    /// When the last one was.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub received_at: Option<Timestamp>,
    /// Whether it is on air there, as far as the platform has told.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub live: Option<bool>,
    /// How many watched when they were last counted.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub viewers: Option<u32>,
    /// The platform's side of the livestream.
    pub broadcast: PlatformBroadcastView,
    /// Whether commands are carried out: `closed` they are, `open` they are not for a while, `half_open` one is tried.
    pub circuit: Box<str>,
    /// Commands under way.
    pub commands: usize,
}

/// The platform's side of a livestream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlatformBroadcastView {
    /// Where it stands: `none`, `intended`, `open`, `ended`; `unknown` before the store was read.
    pub state: Box<str>,
    /// The platform's id of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<Box<str>>,
    /// What keeps it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub obstacle: Option<Box<str>>,
}
