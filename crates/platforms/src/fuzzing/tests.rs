//! Whatever comes, and whatever is nearly what comes.

use std::{fs, path::Path};

use proptest::{prelude::*, sample::Index};
use serde_json::{Value, json};

use super::*;

/// What a parser takes, and what platforms send it: folders of fixtures.
struct Parser {
    parse: fn(&[u8]),
    fixtures: &'static [&'static str],
}

const PARSERS: &[Parser] = &[
    Parser { parse: facebook_comments, fixtures: &["facebook"] },
    Parser { parse: kick_webhook, fixtures: &["kick/webhooks"] },
    Parser { parse: token_answer, fixtures: &["kick/api"] },
    Parser { parse: twitch_frame, fixtures: &["twitch"] },
    Parser { parse: youtube_message, fixtures: &["youtube"] },
    Parser { parse: youtube_stream, fixtures: &["youtube"] },
];

/// What a value in a fixture is changed into.
fn odd() -> impl Strategy<Value = Option<Value>> {
    let odd = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1e300),
        json!(0.5),
        json!(""),
        json!("\u{0}\u{202e}\u{feff}"),
        json!("-9223372036854775809"),
        json!("18446744073709551616"),
        json!("9999-12-31T23:59:59.999999999Z"),
        json!("-009999-01-01T00:00:00Z"),
        json!("0001-01-01T00:00:00Z"),
        json!("é".repeat(300)),
        json!("x".repeat(70_000)),
        json!([]),
        json!({}),
        json!([null, 1, "x", [[[[]]]], {"id": {"id": []}}]),
    ];
    prop_oneof![9 => prop::sample::select(odd.to_vec()).prop_map(Some), 1 => Just(None)]
}

/// How many values there are in a value, itself included.
fn size(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(fields) => fields.values().map(size).sum::<usize>(),
        _ => 0,
    }
}

/// Makes the `nth` value within this one into another one, or takes it away.
fn change(value: &mut Value, nth: usize, odd: Option<&Value>) {
    let Some(mut nth) = nth.checked_sub(1) else {
        *value = odd.cloned().unwrap_or_default();
        return;
    };
    if let (Value::Object(fields), None) = (&mut *value, odd) {
        let mut before = 0;
        let gone = fields.iter().find_map(|(name, field)| {
            let is_this = before == nth;
            before += size(field);
            is_this.then(|| name.clone())
        });
        if let Some(name) = gone {
            fields.remove(&name);
            return;
        }
    }
    let parts: Vec<&mut Value> = match value {
        Value::Array(items) => items.iter_mut().collect(),
        Value::Object(fields) => fields.values_mut().collect(),
        _ => return,
    };
    for part in parts {
        let size = size(part);
        if nth < size {
            return change(part, nth, odd);
        }
        nth -= size;
    }
}

/// A number, as protocol buffers write it.
fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
    bytes
}

/// Something that is well-formed in the protocol buffers' wire format: fields, some of them within others, with the
/// numbers that the chat's definition has, or nearly.
fn wire() -> impl Strategy<Value = Vec<u8>> {
    let numbers = || prop_oneof![1..35u64, prop::sample::select(vec![101, 103, 104, 301, 1007])];
    let value = prop_oneof![0..40u64, Just(u64::MAX), Just(1 << 31), Just(1 << 63),];
    let leaf = prop_oneof![
        (numbers(), value)
            .prop_map(move |(number, value)| [varint(number << 3), varint(value)].concat()),
        (numbers(), ".{0,30}").prop_map(move |(number, text)| {
            [varint(number << 3 | 2), varint(text.len() as u64), text.into_bytes()].concat()
        }),
    ];
    leaf.prop_recursive(4, 64, 8, move |inner| {
        (numbers(), prop::collection::vec(inner, 0..8)).prop_map(move |(number, fields)| {
            let fields = fields.concat();
            [varint(number << 3 | 2), varint(fields.len() as u64), fields].concat()
        })
    })
}

/// An answer of the stream: messages, in their field.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    // Field 2 of a message is its snippet, whose field 1 is the type and 4 the time.
    let message = (0..24u8, wire(), wire()).prop_map(|(kind, details, rest)| {
        let snippet = [vec![0x08, kind], details].concat();
        let mut message = vec![0x12];
        message.extend(varint(snippet.len() as u64));
        message.extend(snippet);
        message.extend(rest);
        message
    });
    prop::collection::vec(message, 1..4).prop_map(|messages| {
        // 1007, length-delimited
        let answer = messages
            .into_iter()
            .map(|message| [vec![0xfa, 0x3e], varint(message.len() as u64), message].concat());
        answer.collect::<Vec<_>>().concat()
    })
}

fn fixtures(folder: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(folder);
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

#[test]
fn what_platforms_send_is_read() {
    for parser in PARSERS {
        for fixture in parser.fixtures.iter().flat_map(|folder| fixtures(folder)) {
            (parser.parse)(&fixture);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_break_a_parser(data in prop::collection::vec(any::<u8>(), 0..1024)) {
        for parser in PARSERS {
            (parser.parse)(&data);
        }
    }

    #[test]
    fn no_message_by_grpc_breaks_its_parser(answer in stream()) {
        youtube_stream(&answer);
    }

    #[test]
    fn nothing_that_is_nearly_right_breaks_a_parser(
        parser in prop::sample::select((0..PARSERS.len()).collect::<Vec<_>>()),
        fixture: Index,
        changes in prop::collection::vec((any::<Index>(), odd()), 1..6),
        cut: Option<Index>,
        flipped in prop::collection::vec((any::<Index>(), any::<u8>()), 0..3),
    ) {
        let parser = &PARSERS[parser];
        let fixtures: Vec<_> = parser.fixtures.iter().flat_map(|folder| fixtures(folder)).collect();
        let mut data = fixtures[fixture.index(fixtures.len())].clone();
        if let Ok(mut value) = serde_json::from_slice::<Value>(&data) {
            for (nth, odd) in &changes {
                let nth = nth.index(size(&value));
                change(&mut value, nth, odd.as_ref());
            }
            data = value.to_string().into_bytes();
            (parser.parse)(&data);
        }
        for (at, byte) in flipped {
            let at = at.index(data.len());
            data[at] = byte;
        }
        if let Some(cut) = cut {
            data.truncate(cut.index(data.len()));
        }
        (parser.parse)(&data);
    }
}
