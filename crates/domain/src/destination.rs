//! Where a stream is sent to.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    DestinationId, Platform,
    limits::{Invalid, MAX_WORD_BYTES, Problem, name, url, word},
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
    /// The ingest server: `rtmp://` or `rtmps://`, without the stream key. Empty where the account gives it.
    #[serde(default)]
    pub url: Box<str>,
    /// The user's account on the platform gives server and stream key, at each start anew.
    #[serde(skip_serializing_if = "is_false", default)]
    pub account: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde wants")]
const fn is_false(value: &bool) -> bool {
    !*value
}

impl Destination {
    /// Checks the limits of what a user writes.
    ///
    /// # Errors
    /// The first field that is refused, and why.
    pub fn validate(&self) -> Result<(), Invalid> {
        name("name", &self.name)?;
        word("platform", self.platform.as_str(), MAX_WORD_BYTES)?;
        if self.account {
            return if self.url.is_empty() {
                Ok(())
            } else {
                Err(Invalid::new("url", Problem::Excluded { other: "account" }))
            };
        }
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
    Ending {
        /// What keeps it from ending, when that takes long.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        problem: Option<Box<str>>,
    },
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
            account: false,
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
