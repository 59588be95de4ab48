//! One function for each parser of what clients send. It takes any bytes, and panics only if what it promises does not
//! hold. The fuzz targets in `fuzz/` call these.

pub use crate::{channel::fuzzing::channel_message, websocket::fuzzing::websocket_frames};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A frame of a client, nearly: its first two bytes, a mask and something to unmask.
    fn frame() -> impl Strategy<Value = Vec<u8>> {
        let first =
            prop::sample::select(vec![0x81, 0x82, 0x01, 0x80, 0x00, 0x88, 0x89, 0x8a, 0xff]);
        let payload = prop::collection::vec(any::<u8>(), 0..40);
        (first, payload, 0..3u8).prop_map(|(first, payload, off)| {
            let length = u8::try_from(payload.len()).expect("less than 40");
            let mut frame = vec![first, 0x80 | length.saturating_add(off), 1, 2, 3, 4];
            frame.extend(payload);
            frame
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_bytes_break_a_parser(data in prop::collection::vec(any::<u8>(), 0..300)) {
            websocket_frames(&data);
            channel_message(&data);
        }

        #[test]
        fn no_frames_break_the_decoder(
            read: u8,
            frames in prop::collection::vec(frame(), 0..12),
        ) {
            websocket_frames(&[vec![read], frames.concat()].concat());
        }

        #[test]
        fn no_text_breaks_a_message(text in r#"\[(null|"1"|7|"\\u0000"),"1","[a-z:]{0,9}","[^"]{0,9}",[\[{][^"]{0,4}[\]}]\]?"#) {
            channel_message(text.as_bytes());
        }
    }
}
