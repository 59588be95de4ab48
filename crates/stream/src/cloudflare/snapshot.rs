use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stagedoor_domain::DestinationId;

use super::Wanted;

/// What [`CloudflareManager`](super::CloudflareManager) shows of itself. No keys are in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloudflareSnapshot {
    /// The live input, once there is one.
    pub input: Option<Box<str>>,
    /// The encoder.
    pub encoder: EncoderSnapshot,
    /// What is wanted; none before StreamStateServer has said so.
    pub wanted: Option<Wanted>,
    /// The outputs that are ours, or are to be.
    pub outputs: Vec<OutputSnapshot>,
    /// What last went wrong, since all went well.
    pub last_error: Option<Box<str>>,
    /// In how many milliseconds the encoder is looked after again, unless a notification comes first.
    pub next_poll_in_ms: Option<u64>,
}

/// What is known of the encoder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncoderSnapshot {
    /// Whether it is connected; none as long as nobody has told.
    pub connected: Option<bool>,
    /// Since when, by Cloudflare's clock where it says so.
    pub since: Option<Timestamp>,
}

/// An output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputSnapshot {
    /// Where it leads to.
    pub destination: DestinationId,
    /// Cloudflare's id of it.
    pub uid: Option<Box<str>>,
    /// Where it stands: `absent`, `intended` (begun, and not known what came of it), `enabled`, `disabled`,
    /// `unknown`.
    pub presence: Box<str>,
    /// What is being done with it: `waiting` for its turn in the budget, `acting`; none when nothing is.
    pub doing: Option<Box<str>>,
    /// Failures in a row.
    pub failures: u32,
    /// Why it was given up.
    pub given_up: Option<Box<str>>,
    /// What last went wrong.
    pub error: Option<Box<str>>,
}
