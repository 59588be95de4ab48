//! Binary messages: read as far as is needed to refuse them where they belong.

use super::message::{MAX_EVENT_BYTES, MAX_REF_BYTES, MAX_TOPIC_BYTES};

/// The kind of a push, the only binary message that a client sends.
const PUSH: u8 = 0;

/// To whom a binary push is addressed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BinaryPush<'a> {
    pub(super) join_ref: Option<&'a str>,
    pub(super) reference: Option<&'a str>,
    pub(super) topic: &'a str,
}

impl<'a> BinaryPush<'a> {
    /// Reads the header: kind, the lengths of `join_ref`, `ref`, topic and event, and these. `None` when it is none.
    pub(super) fn parse(data: &'a [u8]) -> Option<Self> {
        let &[PUSH, join_ref, reference, topic, event, ref rest @ ..] = data else { return None };
        let (join_ref, rest) = text(rest, join_ref, MAX_REF_BYTES)?;
        let (reference, rest) = text(rest, reference, MAX_REF_BYTES)?;
        let (topic, rest) = text(rest, topic, MAX_TOPIC_BYTES)?;
        text(rest, event, MAX_EVENT_BYTES)?;
        let some = |text: &'a str| (!text.is_empty()).then_some(text);
        Some(Self { join_ref: some(join_ref), reference: some(reference), topic })
    }
}

fn text(data: &[u8], length: u8, limit: usize) -> Option<(&str, &[u8])> {
    let length = usize::from(length);
    let (text, rest) = data.split_at_checked(length)?;
    if length > limit {
        return None;
    }
    Some((std::str::from_utf8(text).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_push_says_to_whom() {
        let push = BinaryPush::parse(b"\0\x01\x02\x03\x0212tagbadata").unwrap();
        assert_eq!(push, BinaryPush { join_ref: Some("1"), reference: Some("2t"), topic: "agb" });
        let push = BinaryPush::parse(b"\0\0\0\x01\x01te").unwrap();
        assert_eq!(push, BinaryPush { join_ref: None, reference: None, topic: "t" });
    }

    #[test]
    fn what_is_no_push_is_none() {
        for data in [
            &b""[..],
            b"\0",
            b"\0\x01\x01\x01\x01abc",
            b"\x01\0\0\x01\x01te",
            b"\0\0\0\x01\x01\xffe",
        ] {
            assert_eq!(BinaryPush::parse(data), None, "{data:?}");
        }
    }
}
