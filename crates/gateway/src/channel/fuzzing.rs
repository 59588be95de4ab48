//! See [`crate::fuzzing`].

use super::{
    binary::BinaryPush,
    message::{MAX_REF_BYTES, MAX_TOPIC_BYTES, Message},
};

/// A message of a client, as text and as binary.
///
/// # Panics
/// If a part of it is longer than allowed.
pub fn channel_message(data: &[u8]) {
    if let Some(push) = BinaryPush::parse(data) {
        assert!(push.topic.len() <= MAX_TOPIC_BYTES);
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(message) = Message::parse(text) {
        let references = [&message.join_ref, &message.reference];
        assert!(references.into_iter().flatten().all(|text| text.len() <= MAX_REF_BYTES));
        assert!(message.topic.len() <= MAX_TOPIC_BYTES && message.payload.starts_with('{'));
    }
}
