//! Frames: four bytes of length, big-endian, then so many bytes of JSON.

use std::io;

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use stagedoor_supervision::LifecycleEvent;
use tokio_util::codec::{Decoder, Encoder, LengthDelimitedCodec};

use crate::{
    error::{InspectError, Refusal},
    message::Question,
};

/// The version of the wire. It changes when an older end would misunderstand a newer one; new questions and new fields
/// do not change it.
pub const VERSION: u32 = 1;

/// The longest frame that a client may send.
pub const MAX_REQUEST_BYTES: usize = 64 * 1024;

/// The longest frame that the daemon sends.
pub const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// Parts bytes into frames and back: what an end reads has another limit than what it writes.
pub(crate) struct Codec {
    read: LengthDelimitedCodec,
    write: LengthDelimitedCodec,
}

impl Codec {
    pub(crate) fn daemon() -> Self {
        Self::new(MAX_REQUEST_BYTES, MAX_ANSWER_BYTES)
    }

    pub(crate) fn client() -> Self {
        Self::new(MAX_ANSWER_BYTES, MAX_REQUEST_BYTES)
    }

    fn new(read: usize, write: usize) -> Self {
        let codec = |limit| LengthDelimitedCodec::builder().max_frame_length(limit).new_codec();
        Self { read: codec(read), write: codec(write) }
    }
}

impl Decoder for Codec {
    type Item = BytesMut;
    type Error = io::Error;

    fn decode(&mut self, bytes: &mut BytesMut) -> io::Result<Option<BytesMut>> {
        self.read.decode(bytes)
    }
}

impl Encoder<Bytes> for Codec {
    type Error = io::Error;

    fn encode(&mut self, frame: Bytes, bytes: &mut BytesMut) -> io::Result<()> {
        self.write.encode(frame, bytes)
    }
}

/// The client's first frame.
#[derive(Serialize, Deserialize)]
pub(crate) struct Hello {
    /// The version that the client speaks.
    pub(crate) stagedoor: u32,
    /// The token, over TCP.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) token: Option<String>,
}

/// The daemon's first frame.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Greeting {
    Welcome(Welcome),
    Refused(Refusal),
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Welcome {
    pub(crate) version: u32,
}

/// A client's further frames.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Request {
    /// The client's number for it, which the answer repeats.
    pub(crate) id: u64,
    #[serde(flatten)]
    pub(crate) question: Question,
}

/// The daemon's further frames: to each request `ok` or `error`; after the `ok` of a watch, `event` and `missed` until
/// an `error` ends it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// The request's number; none when the frame had none that could be read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) ok: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) error: Option<InspectError>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) event: Option<LifecycleEvent>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) missed: Option<u64>,
}

impl Answer {
    const fn nothing(id: Option<u64>) -> Self {
        Self { id, ok: None, error: None, event: None, missed: None }
    }

    pub(crate) fn ok(id: u64, ok: Box<RawValue>) -> Self {
        Self { ok: Some(ok), ..Self::nothing(Some(id)) }
    }

    pub(crate) fn error(id: Option<u64>, error: InspectError) -> Self {
        Self { error: Some(error), ..Self::nothing(id) }
    }

    pub(crate) fn event(id: u64, event: LifecycleEvent) -> Self {
        Self { event: Some(event), ..Self::nothing(Some(id)) }
    }

    pub(crate) fn missed(id: u64, missed: u64) -> Self {
        Self { missed: Some(missed), ..Self::nothing(Some(id)) }
    }

    /// The frame; an error in its place when it would be too long.
    pub(crate) fn frame(self) -> Bytes {
        let id = self.id;
        match encode(&self) {
            Ok(frame) if frame.len() <= MAX_ANSWER_BYTES => frame,
            Ok(frame) => {
                let error = InspectError::TooLarge { bytes: frame.len(), limit: MAX_ANSWER_BYTES };
                encode(&Self::error(id, error)).unwrap_or_default()
            }
            Err(error) => {
                let error = InspectError::BadAnswer { reason: error.to_string() };
                encode(&Self::error(id, error)).unwrap_or_default()
            }
        }
    }
}

/// A frame's JSON.
pub(crate) fn encode<T: Serialize>(value: &T) -> serde_json::Result<Bytes> {
    serde_json::to_vec(value).map(Into::into)
}

/// Reads a frame's JSON.
pub(crate) fn decode<T: DeserializeOwned>(frame: &[u8]) -> io::Result<T> {
    serde_json::from_slice(frame).map_err(Into::into)
}
