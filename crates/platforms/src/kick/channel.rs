//! A channel, as the API tells it.

use std::fmt;

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::Value;

use super::{
    json::{id, number, text, time},
    on_air::About,
};
use crate::{Ingest, Standing};

/// A channel.
pub(crate) struct Channel {
    /// The account's id.
    pub(crate) id: Box<str>,
    /// Its name in addresses.
    pub(crate) slug: Option<Box<str>>,
    pub(crate) about: About,
    /// Whether it is on air; none where Kick does not say.
    pub(crate) live: Option<bool>,
    pub(crate) started_at: Option<Timestamp>,
    viewers: Option<u32>,
    ingest: Option<Ingest>,
}

impl Channel {
    /// None where it does not say whose it is.
    pub(crate) fn read(channel: &Value) -> Option<Self> {
        let stream = &channel["stream"];
        let ingest = text(&stream["url"]).zip(text(&stream["key"]));
        Some(Self {
            id: id(&channel["broadcaster_user_id"])?,
            slug: text(&channel["slug"]),
            about: About {
                title: text(&channel["stream_title"]),
                category: text(&channel["category"]["name"]),
            },
            live: stream["is_live"].as_bool(),
            started_at: time(&stream["start_time"]),
            viewers: number(&stream["viewer_count"]),
            ingest: ingest.map(|(url, key)| Ingest { url, stream_key: SecretString::from(key) }),
        })
    }

    /// Where it is streamed to, if the authorisation goes so far.
    pub(crate) fn into_ingest(self) -> Option<Ingest> {
        self.ingest
    }

    pub(crate) fn standing(self) -> Standing {
        let live = self.live == Some(true);
        Standing {
            live,
            viewers: self.viewers.filter(|_| live),
            title: self.about.title,
            category: self.about.category,
            started_at: self.started_at.filter(|_| live),
        }
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel")
            .field("id", &self.id)
            .field("live", &self.live)
            .field("started_at", &self.started_at)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;
    use serde_json::json;

    use super::*;

    const FIXTURE: &str = include_str!("../../fixtures/kick/api/GetChannelsResponse.json");

    #[test]
    fn the_recorded_answer_is_read_and_its_key_is_not_shown() {
        let channel = Channel::read(&serde_json::from_str(FIXTURE).unwrap()).unwrap();
        assert_eq!((&*channel.id, channel.live), ("1", Some(true)));
        assert_eq!(channel.started_at.unwrap().to_string(), "2025-01-01T00:00:00Z");
        assert!(!format!("{channel:?}").contains("text"));
        let ingest = channel.into_ingest().unwrap();
        assert_eq!((&*ingest.url, ingest.stream_key.expose_secret()), ("text", "text"));
        let standing = Channel::read(&serde_json::from_str(FIXTURE).unwrap()).unwrap().standing();
        assert_eq!((standing.live, standing.viewers), (true, Some(1)));
    }

    #[test]
    fn a_channel_that_is_off_air_has_no_viewers_and_never_began() {
        let standing = Channel::read(&json!({
            "broadcaster_user_id": 7,
            "stream": { "is_live": false, "viewer_count": 0, "start_time": "0001-01-01T00:00:00Z" },
        }));
        assert_eq!(standing.unwrap().standing(), Standing::default());
        assert!(Channel::read(&json!({ "slug": "ada" })).is_none());
    }
}
