//! Where a stream is sent to.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    DestinationId, Platform,
    limits::{Invalid, MAX_WORD_BYTES, name, url, word},
};

/// A place to which a user may stream. Its stream key is a secret and never a part of this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Destination {
    /// Its id among the user's.
    pub id: DestinationId,
    /// What the user calls it.
    pub name: Box<str>,
    /// On which platform it is.
    pub platform: Platform,
    /// The ingest server: `rtmp://` or `rtmps://`, without the stream key.
    pub url: Box<str>,
}

impl Destination {
    /// Checks the limits of what a user writes.
    ///
    /// # Errors
    /// The first field that is refused, and why.
    pub fn validate(&self) -> Result<(), Invalid> {
        name("name", &self.name)?;
        word("platform", self.platform.as_str(), MAX_WORD_BYTES)?;
        url("url", &self.url, &["rtmps://", "rtmp://"], "an rtmp:// or rtmps:// address")
    }
}

/// Where a destination of a livestream stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum DestinationStatus {
    /// It is being attached.
    Starting,
    /// The stream is sent to it.
    Live,
    /// It could not be attached, or failed later.
    Failed {
        /// Why, for people.
        reason: Box<str>,
    },
    /// It is being detached.
    Ending,
    /// The stream is sent to it no more.
    Ended,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_has_a_name_and_an_address_to_stream_to() {
        let destination = |name: &str, url: &str| Destination {
            id: DestinationId::new("twitch").unwrap(),
            name: name.into(),
            platform: Platform::Twitch,
            url: url.into(),
        };
        assert_eq!(destination("Twitch", "rtmps://live.example:443/app").validate(), Ok(()));
        let refused = |name, url| destination(name, url).validate().unwrap_err().to_string();
        assert_eq!(refused("", "rtmp://live.example/app"), "name is empty");
        for url in ["", "rtmp://", "https://live.example", "rtmp://live.example/a b", "file:///x"] {
            assert!(refused("Twitch", url).starts_with("url "), "{url:?}");
        }
        refused("Twitch", &format!("rtmp://{}", "x".repeat(2_048)));
    }
}
