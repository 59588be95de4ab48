//! A livestream: what is on air from one start to its end.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Currency, DestinationId, Platform, StreamStatus, UserId, key::key};

key! {
    /// A livestream's id: a UUID of version 7, so that later livestreams have greater ids.
    LivestreamId
}

/// What a stream is called and about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Metadata {
    /// The title.
    pub title: Box<str>,
    /// What it is about, at length.
    pub description: Box<str>,
    /// Tags.
    pub tags: Vec<Box<str>>,
    /// The category or game.
    pub category: Box<str>,
    /// A picture.
    pub thumbnail_url: Option<Box<str>>,
}

/// A livestream, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Livestream {
    /// Its id.
    pub id: LivestreamId,
    /// Whose it is.
    pub user: UserId,
    /// Where it stands; `offline` when it is over.
    pub status: StreamStatus,
    /// What it is called and about.
    pub metadata: Metadata,
    /// Where it is sent to.
    pub destinations: Vec<DestinationId>,
    /// When it was started.
    pub started_at: Timestamp,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ended_at: Option<Timestamp>,
    /// When it ends by itself because its encoder is lost.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub auto_stop_at: Option<Timestamp>,
}

/// A livestream that is over, in numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LivestreamSummary {
    /// The livestream.
    pub livestream: Livestream,
    /// For how long it was on air, in seconds; until now when it still is.
    pub duration_s: u64,
    /// The most viewers at a time.
    pub peak_viewers: u64,
    /// Viewers on average over its minutes; none when nobody reported any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub average_viewers: Option<f64>,
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

/// A stretch of a series: a minute, or an hour of minutes that were put together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SeriesPoint {
    /// When the stretch begins.
    pub at: Timestamp,
    /// How long it is, in seconds: 60 or 3600.
    pub length_s: u32,
    /// On which platform.
    pub platform: Platform,
    /// During which livestream.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub livestream: Option<LivestreamId>,
    /// Viewers: none when nobody reported any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub viewers: Option<ViewerSamples>,
    /// Messages in the chat.
    pub chat_messages: u64,
    /// New followers.
    pub follows: u64,
    /// Subscriptions.
    pub subscriptions: u64,
    /// Money, in millionths, by currency.
    #[schema(value_type = std::collections::HashMap<String, i64>)]
    pub donated: BTreeMap<Currency, i64>,
}

/// What was reported of the viewers in a stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ViewerSamples {
    /// The fewest.
    pub min: u32,
    /// The most.
    pub max: u32,
    /// The sum of all samples; with `count` it gives the average.
    pub sum: u64,
    /// How many samples.
    pub count: u32,
}
