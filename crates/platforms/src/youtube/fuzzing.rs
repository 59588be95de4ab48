//! See [`crate::fuzzing`].

use prost::Message as _;

use super::{
    message::{Item, json, parse},
    proto::LiveChatMessageListResponse,
};
use crate::fuzzing::{NOW, is_taken};

/// A message of a chat, in the REST API's form.
pub fn youtube_message(body: &[u8]) {
    let Ok(message) = serde_json::from_slice(body) else { return };
    if let Item::Report(report) = parse(message, NOW) {
        is_taken(&report);
    }
}

/// An answer of the stream by gRPC.
pub fn youtube_stream(body: &[u8]) {
    let Ok(answer) = LiveChatMessageListResponse::decode(body) else { return };
    for message in answer.items {
        if let Item::Report(report) = parse(json(message), NOW) {
            is_taken(&report);
        }
    }
}
