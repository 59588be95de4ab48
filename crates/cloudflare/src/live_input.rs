use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use crate::ConnectionStatus;

/// A live input, as it is answered by its id and when it is created.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LiveInput {
    /// Its id.
    pub uid: Box<str>,
    /// Where an encoder sends to.
    pub rtmps: Ingest,
    /// Where the same is played from.
    #[serde(default)]
    pub rtmps_playback: Option<Ingest>,
    /// Where the encoder's connection stands.
    #[serde(default)]
    pub status: ConnectionStatus,
    /// Whether encoders are let in; none where Cloudflare does not say.
    #[serde(default)]
    pub enabled: Option<bool>,
    /// When it was created.
    #[serde(default)]
    pub created: Option<Timestamp>,
    /// What we wrote to it when it was created.
    #[serde(default)]
    pub(crate) meta: Meta,
}

impl LiveInput {
    /// The name that it was given.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.meta.name()
    }
}

/// An address with its key.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ingest {
    /// The server.
    pub url: Box<str>,
    /// The secret that lets one in.
    pub stream_key: SecretString,
}

impl fmt::Debug for Ingest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A playback address can itself be a secret; neither is shown.
        f.write_str("Ingest([REDACTED])")
    }
}

/// A live input in a list: without what is secret.
#[derive(Clone, Debug, Deserialize)]
pub struct LiveInputEntry {
    /// Its id.
    pub uid: Box<str>,
    /// When it was created.
    #[serde(default)]
    pub created: Option<Timestamp>,
    #[serde(default)]
    pub(crate) meta: Meta,
}

impl LiveInputEntry {
    /// The name that it was given.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.meta.name()
    }
}

/// The list of all live inputs of an account.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum LiveInputs {
    /// As documented.
    Page {
        #[serde(rename = "liveInputs")]
        live_inputs: Vec<LiveInputEntry>,
    },
    /// As once answered.
    List(Vec<LiveInputEntry>),
}

impl LiveInputs {
    pub(crate) fn into_entries(self) -> Vec<LiveInputEntry> {
        match self {
            Self::Page { live_inputs } => live_inputs,
            Self::List(entries) => entries,
        }
    }
}

/// What the maker of a live input wrote to it: anything, so only what is an object and a text is read.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "Value")]
pub(crate) struct Meta(BTreeMap<String, String>);

impl Meta {
    fn name(&self) -> Option<&str> {
        self.0.get("name").map(String::as_str)
    }
}

impl From<Value> for Meta {
    fn from(value: Value) -> Self {
        let Value::Object(object) = value else { return Self::default() };
        let texts = object.into_iter().filter_map(|(key, value)| match value {
            Value::String(text) => Some((key, text)),
            _ => None,
        });
        Self(texts.collect())
    }
}
