use proptest::prelude::*;

use super::*;

const LIMIT: usize = 1000;

/// A frame as a client sends it.
fn frame(fin: bool, opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x12, 0x34, 0x56, 0x78];
    let mut frame = vec![u8::from(fin) << 7 | opcode];
    match payload.len() {
        length @ 0..126 => frame.push(0x80 | u8::try_from(length).unwrap()),
        length @ 126..65_536 => {
            frame.push(0x80 | 0x7E);
            frame.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
        length => {
            frame.push(0x80 | 0x7F);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Got {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    Close(u16),
}

impl From<Incoming<'_>> for Got {
    fn from(incoming: Incoming<'_>) -> Self {
        match incoming {
            Incoming::Text(text) => Self::Text(text.to_owned()),
            Incoming::Binary(data) => Self::Binary(data.to_owned()),
            Incoming::Ping(payload) => Self::Ping(payload.to_owned()),
            Incoming::Pong => Self::Pong,
            Incoming::Close(frame) => Self::Close(frame.code),
        }
    }
}

/// Feeds `chunks` and gathers what comes, pausing after each message if told so.
fn decode<'a>(
    chunks: impl IntoIterator<Item = &'a [u8]>,
    pausing: bool,
) -> (Vec<Got>, Result<(), CloseFrame>, Decoder) {
    let mut decoder = Decoder::default();
    let mut got = Vec::new();
    for chunk in chunks {
        let mut chunk = chunk.to_vec();
        loop {
            let fed = decoder.feed(&mut chunk, LIMIT, &mut |incoming| {
                got.push(Got::from(incoming));
                Ok(if pausing { Flow::Pause } else { Flow::Continue })
            });
            match fed {
                Ok(Fed { flow: Flow::Pause, .. }) => chunk.clear(),
                Ok(_) => break,
                Err(frame) => return (got, Err(frame), decoder),
            }
        }
    }
    (got, Ok(()), decoder)
}

fn refusal(bytes: &[u8]) -> CloseFrame {
    decode([bytes], false).1.unwrap_err()
}

#[test]
fn control_frames_may_stand_between_fragments() {
    let bytes = [
        frame(false, 1, "gr".as_bytes()),
        frame(true, 9, b"p"),
        frame(false, 0, &"ü".as_bytes()[..1]),
        frame(true, 10, b""),
        frame(true, 0, &"üß".as_bytes()[1..]),
        frame(false, 2, b""),
        frame(true, 0, b"b"),
    ]
    .concat();
    let (got, end, decoder) = decode([&bytes[..]], false);
    let expected = [
        Got::Ping(b"p".to_vec()),
        Got::Pong,
        Got::Text("grüß".to_owned()),
        Got::Binary(b"b".to_vec()),
    ];
    assert_eq!((got.as_slice(), end), (&expected[..], Ok(())));
    assert!(decoder.partial.is_none(), "nothing is kept between messages");
}

#[test]
fn a_message_over_the_limit_is_refused_before_it_has_come() {
    assert_eq!(decode([&frame(true, 1, &[b'x'; LIMIT])[..]], false).0.len(), 1);
    assert_eq!(refusal(&frame(true, 1, &[b'x'; LIMIT + 1])[..8]), CloseFrame::TOO_BIG);
    let huge = [0x82, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0];
    assert_eq!(refusal(&huge), CloseFrame::TOO_BIG);
}

#[test]
fn the_limit_is_of_the_message_not_of_its_fragments() {
    let mut bytes = frame(false, 1, &[b'x'; LIMIT - 1]);
    bytes.extend(frame(false, 0, b"x"));
    assert_eq!(decode([&bytes[..]], false).1, Ok(()));
    bytes.extend(frame(true, 0, b"x"));
    assert_eq!(refusal(&bytes), CloseFrame::TOO_BIG);
}

#[test]
fn fragments_out_of_place_are_protocol_errors() {
    assert_eq!(refusal(&frame(true, 0, b"x")).code, 1002);
    let nested = [frame(false, 1, b"x"), frame(true, 1, b"x")].concat();
    assert_eq!(refusal(&nested).code, 1002);
}

#[test]
fn text_must_be_utf_8_also_across_fragments() {
    assert_eq!(refusal(&frame(true, 1, b"\xC3\x28")), CloseFrame::BAD_TEXT);
    let cut = [frame(false, 1, b"\xC3"), frame(true, 0, b"x")].concat();
    assert_eq!(refusal(&cut), CloseFrame::BAD_TEXT);
}

fn message() -> impl Strategy<Value = (Got, Vec<Vec<u8>>)> {
    let fragmented = |payload: &[u8], opcode: u8, cuts: &[usize]| {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (payload.len() + 1)).collect();
        cuts.sort_unstable();
        let ends = cuts.iter().copied().chain([payload.len()]);
        let mut from = 0;
        let parts: Vec<&[u8]> = ends
            .map(|end| {
                let part = &payload[from..end];
                from = end;
                part
            })
            .collect();
        let last = parts.len() - 1;
        let part =
            |(at, part): (usize, &&[u8])| frame(at == last, if at == 0 { opcode } else { 0 }, part);
        parts.iter().enumerate().map(part).collect::<Vec<_>>()
    };
    let cuts = || prop::collection::vec(any::<usize>(), 0..4);
    prop_oneof![
        ("\\PC{0,200}", cuts()).prop_map(move |(text, cuts)| {
            let frames = fragmented(text.as_bytes(), 1, &cuts);
            (Got::Text(text), frames)
        }),
        (prop::collection::vec(any::<u8>(), 0..400), cuts()).prop_map(move |(data, cuts)| {
            let frames = fragmented(&data, 2, &cuts);
            (Got::Binary(data), frames)
        }),
        prop::collection::vec(any::<u8>(), 0..=125).prop_map(|payload| {
            let frames = vec![frame(true, 9, &payload)];
            (Got::Ping(payload), frames)
        }),
    ]
}

/// Cuts `bytes` at random places.
fn split<'a>(bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    cuts.sort_unstable();
    let mut chunks = Vec::new();
    let mut from = 0;
    for cut in cuts.into_iter().chain([bytes.len()]) {
        chunks.push(&bytes[from..cut]);
        from = cut;
    }
    chunks
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_messages_come_however_their_bytes_are_split(
        messages in prop::collection::vec(message(), 0..8),
        cuts in prop::collection::vec(any::<usize>(), 0..20),
        pausing: bool,
    ) {
        let bytes: Vec<u8> = messages.iter().flat_map(|(_, frames)| frames.concat()).collect();
        let expected: Vec<Got> = messages.into_iter().map(|(message, _)| message).collect();
        let (got, end, decoder) = decode(split(&bytes, &cuts), pausing);
        prop_assert_eq!(end, Ok(()));
        prop_assert_eq!(got, expected);
        prop_assert!(decoder.partial.is_none());
    }

    #[test]
    fn random_bytes_neither_panic_nor_pile_up(
        chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..40),
        valid in prop::collection::vec(message(), 0..3),
    ) {
        let valid: Vec<u8> = valid.iter().flat_map(|(_, frames)| frames.concat()).collect();
        let chunks = std::iter::once(&valid[..]).chain(chunks.iter().map(Vec::as_slice));
        let (_, _, decoder) = decode(chunks, false);
        let Some(partial) = decoder.partial else { return Ok(()) };
        prop_assert!(partial.pending.len() <= LIMIT + MAX_HEADER_BYTES);
        prop_assert!(partial.message.is_none_or(|message| message.bytes.len() <= LIMIT));
    }

    /// Like the above, but with headers that make sense more often than chance would have it.
    #[test]
    fn random_frames_neither_panic_nor_pile_up(
        frames in prop::collection::vec(
            (any::<bool>(), 0..12_u8, prop::collection::vec(any::<u8>(), 0..LIMIT)),
            0..20,
        ),
        cuts in prop::collection::vec(any::<usize>(), 0..20),
    ) {
        let bytes: Vec<u8> =
            frames.iter().flat_map(|(fin, opcode, payload)| frame(*fin, *opcode, payload)).collect();
        let (_, _, decoder) = decode(split(&bytes, &cuts), false);
        let Some(partial) = decoder.partial else { return Ok(()) };
        prop_assert!(partial.pending.len() <= LIMIT + MAX_HEADER_BYTES);
        prop_assert!(partial.message.is_none_or(|message| message.bytes.len() <= LIMIT));
    }
}
