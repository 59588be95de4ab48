//! The platform's side of a livestream.

use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use stagedoor_domain::{LivestreamId, Metadata};

use crate::AccountAccess;

/// A broadcast that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BroadcastPlan {
    /// For which livestream.
    pub livestream: LivestreamId,
    /// When it was decided on: by this, and by what it is called, a broadcast is found again whose creation was cut
    /// off. To the millisecond.
    pub planned_at: Timestamp,
    /// What it is called and about.
    pub metadata: Metadata,
    /// An earlier attempt may have made it: it is looked for before another one is made.
    pub again: bool,
}

/// A broadcast, as the platform knows it. It holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broadcast {
    /// The platform's id of it: of the video; of the channel where the platform has no broadcasts.
    pub id: Box<str>,
    /// The platform's id of its chat, where that differs.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub chat_id: Option<Box<str>>,
    /// The platform's id of what is streamed to, where that differs.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stream_id: Option<Box<str>>,
    /// Where people watch it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub watch_url: Option<Box<str>>,
}

/// Where a broadcast's stream is sent to.
#[derive(Clone, Debug)]
pub struct Ingest {
    /// The server: `rtmp://` or `rtmps://`, without the stream key.
    pub url: Box<str>,
    /// The stream key.
    pub stream_key: SecretString,
}

/// Where an act takes place: an account's channel and, while there is one, its broadcast.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Whose.
    pub account: &'a AccountAccess,
    /// The broadcast under way.
    pub broadcast: Option<&'a Broadcast>,
}
