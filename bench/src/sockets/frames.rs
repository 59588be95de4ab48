//! What a client sends, and how it finds the end of what it gets.

/// A join of a page, as the `phoenix` client writes it.
pub(super) const JOIN: &[u8] = br#"["3","3","dashboard:home","phx_join",{}]"#;

/// A join is answered by a reply and by `presence_state`.
pub(super) const JOIN_ANSWERS: usize = 2;

pub(super) const HEARTBEAT: &[u8] = br#"[null,"4","phoenix","heartbeat",{}]"#;

const BIG_BYTES: usize = 16 * 1024;

/// An event of 16 KB that nobody knows: it is read whole, and refused by a short reply.
pub(super) fn big_event() -> Vec<u8> {
    let mut event = br#"["3","5","dashboard:home","note",{"text":""#.to_vec();
    event.resize(BIG_BYTES - 3, b'x');
    event.extend_from_slice(br#""}]"#);
    event
}

/// The first byte of a text in one frame.
pub(super) const TEXT: u8 = 0x81;

/// Whether a server's frame answers something: a reply, or the state of who is there, which answers a join.
pub(super) fn is_answer(frame: &[u8]) -> bool {
    let has = |event: &[u8]| frame.windows(event.len()).any(|window| window == event);
    has(br#","phx_reply","#) || has(br#","presence_state","#)
}

/// A client's frame: masked, by a key of zeros, which leaves the payload as it is.
pub(super) fn text_frame(payload: &[u8]) -> Vec<u8> {
    const MASKED: u8 = 0x80;
    const TWO_BYTES: u8 = 0x7e;
    let mut frame = vec![TEXT];
    match u8::try_from(payload.len()) {
        Ok(length) if length < TWO_BYTES => frame.push(MASKED | length),
        _ => {
            let length = u16::try_from(payload.len()).expect("no frame here has 64 KiB");
            frame.push(MASKED | TWO_BYTES);
            frame.extend_from_slice(&length.to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(payload);
    frame
}

/// The length of the server's frame that `bytes` begin with, if it is there whole.
pub(super) fn frame_length(bytes: &[u8]) -> Option<usize> {
    let (header, payload) = match bytes.get(1)? {
        126 => (4, u64::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?]))),
        127 => (10, u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)),
        &short => (2, u64::from(short)),
    };
    let whole = header + usize::try_from(payload).ok()?;
    (bytes.len() >= whole).then_some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_counted_when_it_is_whole() {
        let short = [0x81, 3, b'a', b'b', b'c'];
        assert_eq!(frame_length(&short), Some(5));
        assert_eq!(frame_length(&short[..4]), None);
        let mut long = vec![0x81, 126, 1, 0];
        long.resize(4 + 256, 0);
        assert_eq!(frame_length(&long), Some(260));
    }

    #[test]
    fn what_comes_by_itself_is_no_answer() {
        assert!(is_answer(br#"..["3","3","dashboard:home","phx_reply",{"status":"ok"}]"#));
        assert!(is_answer(br#"..["3",null,"dashboard:home","presence_state",{}]"#));
        assert!(!is_answer(br#"..["3",null,"dashboard:home","stream_state",{}]"#));
    }

    #[test]
    fn the_big_event_has_16_kib_and_is_json() {
        let event = big_event();
        assert_eq!(event.len(), BIG_BYTES);
        assert!(serde_json::from_slice::<serde_json::Value>(&event).is_ok());
        assert_eq!(text_frame(&event).len(), BIG_BYTES + 8);
    }
}
