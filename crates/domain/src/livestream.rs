//! A livestream: what is on air from one start to its end.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Currency, DestinationId, Platform, StreamStatus, UserId,
    key::key,
    limits::{
        Invalid, MAX_NAME_CHARS, MAX_TEXT_CHARS, Problem, entries, line, optional, text, web_url,
    },
};

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

const MAX_TITLE_CHARS: usize = 500;
const MAX_TAGS: usize = 50;
const MAX_TAG_CHARS: usize = 100;

impl Metadata {
    /// Checks the limits of what a user writes. Platforms have narrower ones, each its own.
    ///
    /// # Errors
    /// The first field that is refused, and why.
    pub fn validate(&self) -> Result<(), Invalid> {
        line("title", &self.title, MAX_TITLE_CHARS)?;
        text("description", &self.description, MAX_TEXT_CHARS)?;
        entries("tags", self.tags.len(), MAX_TAGS)?;
        for (at, tag) in self.tags.iter().enumerate() {
            let field = format!("tags.{at}");
            if tag.trim().is_empty() {
                return Err(Invalid::new(field, Problem::Empty));
            }
            line(&field, tag, MAX_TAG_CHARS)?;
        }
        line("category", &self.category, MAX_NAME_CHARS)?;
        optional(self.thumbnail_url.as_deref(), |url| web_url("thumbnail_url", url))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_beyond_its_limits_is_refused_with_its_field() {
        let metadata = Metadata {
            title: "Late night tea".into(),
            tags: vec!["tea".into(); MAX_TAGS],
            thumbnail_url: Some("https://a.example/b.png".into()),
            ..Metadata::default()
        };
        assert_eq!(metadata.validate(), Ok(()));
        let refused = |change: &dyn Fn(&mut Metadata)| {
            let mut metadata = metadata.clone();
            change(&mut metadata);
            metadata.validate().unwrap_err().to_string()
        };
        assert_eq!(
            refused(&|metadata| metadata.title = "x".repeat(501).into()),
            "title has 501 characters, more than the 500 allowed"
        );
        assert_eq!(
            refused(&|metadata| metadata.tags[3] = "x".repeat(101).into()),
            "tags.3 has 101 characters, more than the 100 allowed"
        );
        assert_eq!(
            refused(&|metadata| metadata.tags.push("one more".into())),
            "tags has 51 entries, more than the 50 allowed"
        );
        assert_eq!(refused(&|metadata| metadata.tags[0] = " ".into()), "tags.0 is empty");
        assert_eq!(
            refused(&|metadata| metadata.title = "a\u{1b}[31m".into()),
            "title has the character '\\u{1b}' at byte 1, which it must not have"
        );
        assert_eq!(
            refused(&|metadata| metadata.thumbnail_url = Some("javascript:0".into())),
            "thumbnail_url is not an http:// or https:// address"
        );
        refused(&|metadata| metadata.description = "x".repeat(10_001).into());
        refused(&|metadata| metadata.category = "x".repeat(257).into());
    }
}
