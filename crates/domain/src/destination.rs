//! Where a stream is sent to.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{DestinationId, Platform};

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
