//! See [`crate::fuzzing`].

use super::decoder::{Decoder, Flow, Incoming};

/// The longest message.
const LIMIT: usize = 1024;

/// Frames of a client, in reads of a length that the first byte tells: they come to the same messages as in one read.
///
/// # Panics
/// If they do not, or if one is longer than allowed.
pub fn websocket_frames(data: &[u8]) {
    let Some((&length, frames)) = data.split_first() else { return };
    let whole = messages(frames, frames.len().max(1));
    let parts = messages(frames, usize::from(length).max(1));
    assert_eq!(whole, parts);
}

/// What the frames come to, and whether they end in a mistake.
fn messages(frames: &[u8], read: usize) -> (Vec<String>, bool) {
    let mut decoder = Decoder::default();
    let mut messages = Vec::new();
    let mut visit = |message: Incoming<'_>| {
        let length = match &message {
            Incoming::Text(text) => text.len(),
            Incoming::Binary(bytes) | Incoming::Ping(bytes) => bytes.len(),
            Incoming::Pong | Incoming::Close(_) => 0,
        };
        assert!(length <= LIMIT);
        messages.push(format!("{message:?}"));
        Ok(Flow::Continue)
    };
    let failed = frames
        .chunks(read)
        .any(|part| decoder.feed(&mut part.to_vec(), LIMIT, &mut visit).is_err());
    (messages, failed)
}
