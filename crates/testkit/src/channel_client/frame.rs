use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A message of the protocol: `[join_ref, ref, topic, event, payload]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Parts", into = "Parts")]
pub struct Frame {
    /// To which join it belongs; `None` on a broadcast.
    pub join_ref: Option<String>,
    /// Which request it is or answers; `None` on a push from the server.
    pub reference: Option<String>,
    /// On which topic.
    pub topic: String,
    /// What it is.
    pub event: String,
    /// What it says.
    pub payload: Value,
}

type Parts = (Option<String>, Option<String>, String, String, Value);

impl Frame {
    pub(super) fn new(
        join_ref: Option<&str>,
        reference: Option<&str>,
        topic: &str,
        event: &str,
        payload: Value,
    ) -> Self {
        Self {
            join_ref: join_ref.map(str::to_owned),
            reference: reference.map(str::to_owned),
            topic: topic.to_owned(),
            event: event.to_owned(),
            payload,
        }
    }

    pub(super) fn is_reply_to(&self, request: &Self) -> bool {
        self.event == "phx_reply"
            && self.reference == request.reference
            && self.topic == request.topic
    }
}

impl From<Parts> for Frame {
    fn from((join_ref, reference, topic, event, payload): Parts) -> Self {
        Self { join_ref, reference, topic, event, payload }
    }
}

impl From<Frame> for Parts {
    fn from(frame: Frame) -> Self {
        (frame.join_ref, frame.reference, frame.topic, frame.event, frame.payload)
    }
}

/// The payload of `phx_reply`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Reply {
    /// `ok` or `error`.
    pub status: String,
    /// What the server answers.
    pub response: Value,
}

impl Reply {
    /// Is the status `ok`?
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.status == "ok"
    }

    /// The `reason` of an error.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.response["reason"].as_str()
    }
}
