//! What Cloudflare says of a connection: the encoder's to a live input, an output's to its destination.
//!
//! The documents say a text or null; the API also answers an object, `{"current": {"state": …, "reason": …,
//! "statusEnteredAt": …}}`. All are read, and a shape that is none of them is a status that says nothing.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// The longest state and reason that are kept, in characters.
const MAX_WORDS: usize = 100;

/// What Cloudflare says of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ConnectionStatus {
    /// Where it stands; none where Cloudflare does not say, as before the first connection.
    pub state: Option<ConnectionState>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Why, in Cloudflare's words.
    pub reason: Option<Box<str>>,
}

impl ConnectionStatus {
    /// Whether it is connected; none when Cloudflare says nothing, or something that nobody here knows.
    #[must_use]
    pub const fn is_connected(&self) -> Option<bool> {
        match &self.state {
            None => None,
            Some(state) => state.is_connected(),
        }
    }

    fn read(value: &Value) -> Self {
        let Value::Object(object) = value else {
            return Self { state: words(value).as_deref().map(Into::into), ..Self::default() };
        };
        let current = object.get("current").unwrap_or(value);
        if !current.is_object() {
            return Self { state: words(current).as_deref().map(Into::into), ..Self::default() };
        }
        Self {
            state: words(&current["state"]).as_deref().map(Into::into),
            since: current["statusEnteredAt"].as_str().and_then(|text| text.parse().ok()),
            reason: words(&current["reason"]),
        }
    }
}

impl<'de> Deserialize<'de> for ConnectionStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::read(&Value::deserialize(deserializer)?))
    }
}

fn words(value: &Value) -> Option<Box<str>> {
    let text = value.as_str().filter(|text| !text.is_empty())?;
    Some(text.chars().take(MAX_WORDS).collect::<String>().into())
}

macro_rules! states {
    ($($(#[$doc:meta])* $variant:ident => $text:literal, $connected:literal;)+) => {
        /// Where a connection stands.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum ConnectionState {
            $($(#[$doc])* $variant,)+
            /// Something else, in its own words.
            Unknown(Box<str>),
        }

        impl ConnectionState {
            /// Its name, as in JSON.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Unknown(text) => text,
                }
            }

            /// Whether it is a state in which media flows; none when nobody here knows the state.
            #[must_use]
            pub const fn is_connected(&self) -> Option<bool> {
                match self {
                    $(Self::$variant => Some($connected),)+
                    Self::Unknown(_) => None,
                }
            }
        }

        impl From<&str> for ConnectionState {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)+
                    other => Self::Unknown(other.into()),
                }
            }
        }
    };
}

states! {
    /// Connected.
    Connected => "connected", true;
    /// Connected again after it was lost.
    Reconnected => "reconnected", true;
    /// Lost, and being established again.
    Reconnecting => "reconnecting", false;
    /// The other side went away.
    ClientDisconnect => "client_disconnect", false;
    /// Nothing came for too long.
    TtlExceeded => "ttl_exceeded", false;
    /// It could not be established.
    FailedToConnect => "failed_to_connect", false;
    /// It could not be established again.
    FailedToReconnect => "failed_to_reconnect", false;
    /// Connected, with another configuration than before.
    NewConfigurationAccepted => "new_configuration_accepted", true;
    /// Not connected: only in the object form.
    Disconnected => "disconnected", false;
}

impl fmt::Display for ConnectionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for ConnectionState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> ConnectionStatus {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn all_shapes_of_a_status_are_read() {
        assert_eq!(read(json!(null)).is_connected(), None);
        assert_eq!(read(json!("connected")).is_connected(), Some(true));
        assert_eq!(read(json!({"current": "client_disconnect"})).is_connected(), Some(false));
        let object = json!({"current": {
            "ingestProtocol": "rtmp",
            "reason": "connected",
            "state": "connected",
            "statusEnteredAt": "2026-11-22T18:00:00.5Z",
            "statusLastSeen": "2026-11-22T18:01:00Z",
        }, "history": []});
        let status = read(object);
        assert_eq!(status.is_connected(), Some(true));
        assert_eq!(status.since, Some("2026-11-22T18:00:00.5Z".parse().unwrap()));
    }

    #[test]
    fn what_nobody_here_knows_is_kept_and_says_nothing() {
        let status = read(json!({"current": {"state": "hibernating", "statusEnteredAt": 7}}));
        assert_eq!(status.state, Some(ConnectionState::Unknown("hibernating".into())));
        assert_eq!(status.is_connected(), None);
        for nonsense in [json!(7), json!([]), json!({}), json!({"current": null}), json!("")] {
            assert_eq!(read(nonsense), ConnectionStatus::default());
        }
    }
}
