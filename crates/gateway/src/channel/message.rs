//! The messages of the channel protocol, version 2: `[join_ref, ref, topic, event, payload]`.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, IgnoredAny, SeqAccess, Visitor},
};
use serde_json::{error::Category, value::RawValue};

use super::refusal::Refusal;
use crate::websocket::{CloseFrame, Socket};

/// The longest `join_ref` and `ref`, in bytes. The client counts them up from 1.
pub(super) const MAX_REF_BYTES: usize = 64;
/// The longest topic, in bytes: `dashboard:` and the longest page, and some room.
pub(super) const MAX_TOPIC_BYTES: usize = 128;
/// The longest event, in bytes.
pub(super) const MAX_EVENT_BYTES: usize = 64;

/// A message from a client, borrowed from its frame wherever JSON has no escapes in it.
#[derive(Debug)]
pub(super) struct Message<'a> {
    pub(super) join_ref: Option<Cow<'a, str>>,
    pub(super) reference: Option<Cow<'a, str>>,
    pub(super) topic: Cow<'a, str>,
    pub(super) event: Cow<'a, str>,
    /// JSON, of an object.
    pub(super) payload: &'a str,
}

impl<'a> Message<'a> {
    /// Reads a text message. Malformed JSON closes with 1007, a wrong shape with 1002, as does what is over a limit.
    pub(super) fn parse(text: &'a str) -> Result<Self, CloseFrame> {
        let message: Self = serde_json::from_str(text).map_err(|error| match error.classify() {
            Category::Data => {
                CloseFrame::protocol("message is not [join_ref, ref, topic, event, {}]")
            }
            Category::Syntax | Category::Eof | Category::Io => {
                CloseFrame::bad_data("message is not JSON")
            }
        })?;
        message.check()?;
        Ok(message)
    }

    /// Where its answer belongs.
    pub(super) fn request(&self) -> Request<'_> {
        Request {
            join_ref: self.join_ref.as_deref(),
            reference: self.reference.as_deref(),
            topic: &self.topic,
        }
    }

    fn check(&self) -> Result<(), CloseFrame> {
        let refs = [&self.join_ref, &self.reference];
        if refs.into_iter().flatten().any(|text| text.len() > MAX_REF_BYTES) {
            return Err(CloseFrame::protocol("reference is too long"));
        }
        if self.topic.len() > MAX_TOPIC_BYTES {
            return Err(CloseFrame::protocol("topic is too long"));
        }
        if self.event.len() > MAX_EVENT_BYTES {
            return Err(CloseFrame::protocol("event is too long"));
        }
        Ok(())
    }
}

/// Borrows from the input where it can. (`Cow` itself never does inside a sequence.)
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(TextVisitor)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Message<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MessageVisitor;

        impl<'de> Visitor<'de> for MessageVisitor {
            type Value = Message<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("[join_ref, ref, topic, event, payload]")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Message<'de>, A::Error> {
                fn item<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(
                    seq: &mut A,
                    at: usize,
                ) -> Result<T, A::Error> {
                    seq.next_element()?
                        .ok_or_else(|| de::Error::invalid_length(at, &"five elements"))
                }
                let join_ref: Option<Text<'de>> = item(&mut seq, 0)?;
                let reference: Option<Text<'de>> = item(&mut seq, 1)?;
                let Text(topic) = item(&mut seq, 2)?;
                let Text(event) = item(&mut seq, 3)?;
                // Whoever the event is for reads more of it; here it counts that it is an object.
                let payload: &'de RawValue = item(&mut seq, 4)?;
                if !payload.get().starts_with('{') {
                    return Err(de::Error::custom("the payload is not an object"));
                }
                if seq.next_element::<IgnoredAny>()?.is_some() {
                    return Err(de::Error::invalid_length(6, &"five elements"));
                }
                Ok(Message {
                    join_ref: join_ref.map(|Text(text)| text),
                    reference: reference.map(|Text(text)| text),
                    topic,
                    event,
                    payload: payload.get(),
                })
            }
        }

        deserializer.deserialize_seq(MessageVisitor)
    }
}

/// What a request is answered with.
#[derive(Debug, Serialize)]
#[serde(tag = "status", content = "response", rename_all = "lowercase")]
pub(super) enum Reply<'a> {
    Ok(Response<'a>),
    Error(Refusal),
}

/// The `response` of an `ok`.
#[derive(Debug, Default, Serialize)]
pub(super) struct Response<'a> {
    /// Of a joined dashboard: as which session it is tracked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) session_id: Option<&'a str>,
    /// Nothing here is real.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) demo: bool,
}

impl Reply<'_> {
    /// `ok` with an empty response.
    pub(super) const OK: Self = Self::Ok(Response { session_id: None, demo: false });
}

/// Where an answer belongs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'a> {
    pub(super) join_ref: Option<&'a str>,
    pub(super) reference: Option<&'a str>,
    pub(super) topic: &'a str,
}

impl Request<'_> {
    /// Sends `phx_reply`.
    pub(super) fn reply(&self, socket: &Socket, reply: &impl Serialize) {
        send(socket, self.join_ref, self.reference, self.topic, "phx_reply", reply);
    }
}

/// Sends `phx_close`: the channel is closed on purpose, the client does not rejoin.
pub(super) fn send_close(socket: &Socket, join_ref: Option<&str>, topic: &str) {
    #[derive(Serialize)]
    struct Empty {}

    send(socket, join_ref, join_ref, topic, "phx_close", &Empty {});
}

fn send(
    socket: &Socket,
    join_ref: Option<&str>,
    reference: Option<&str>,
    topic: &str,
    event: &str,
    payload: &impl Serialize,
) {
    socket.send_text(&[&encode(&(join_ref, reference, topic, event, payload))]);
}

/// The JSON of what always has one: texts and our own structs.
pub(super) fn encode(value: &impl Serialize) -> Vec<u8> {
    let mut json = Vec::with_capacity(128);
    serde_json::to_writer(&mut json, value).expect("texts and plain structs always serialise");
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_borrowed_from_its_frame() {
        let message = Message::parse(r#"["1","2","dashboard:home","phx_join",{"a":[1]}]"#).unwrap();
        assert!(matches!(message.topic, Cow::Borrowed("dashboard:home")));
        assert!(matches!(message.join_ref, Some(Cow::Borrowed("1"))));
        assert!(matches!(message.reference, Some(Cow::Borrowed("2"))));
        assert_eq!(message.event, "phx_join");
    }

    #[test]
    fn escapes_and_spaces_are_no_hindrance() {
        let message = Message::parse(" [ null , \"\\u0032\", \"a\\\"b\", \"e\" , { } ] ").unwrap();
        assert_eq!(message.join_ref, None);
        assert_eq!(message.reference.as_deref(), Some("2"));
        assert_eq!(message.topic, "a\"b");
    }

    #[test]
    fn malformed_json_is_bad_data() {
        for text in ["", "x", "[", "[null,null,\"t\",\"e\",{}", "[null,null,\"t\",\"e\",{}]x", "{]"]
        {
            let code = Message::parse(text).unwrap_err().code;
            // serde_json looks no further than the first thing that is wrong.
            assert_eq!(code, if text == "{]" { 1002 } else { 1007 }, "{text}");
        }
    }

    #[test]
    fn a_wrong_shape_is_a_protocol_error() {
        for text in [
            "{}",
            "7",
            "[]",
            r#"["1","2","t","e"]"#,
            r#"["1","2","t","e",{},{}]"#,
            r#"[1,"2","t","e",{}]"#,
            r#"["1",2,"t","e",{}]"#,
            r#"["1","2",null,"e",{}]"#,
            r#"["1","2","t",null,{}]"#,
            r#"["1","2","t","e",[]]"#,
            r#"["1","2","t","e",null]"#,
        ] {
            assert_eq!(Message::parse(text).unwrap_err().code, 1002, "{text}");
        }
    }

    #[test]
    fn each_part_has_its_limit() {
        let text = |join_ref: usize, reference: usize, topic: usize, event: usize| {
            let [join_ref, reference, topic, event] =
                [join_ref, reference, topic, event].map(|length| "x".repeat(length));
            format!(r#"["{join_ref}","{reference}","{topic}","{event}",{{}}]"#)
        };
        assert!(Message::parse(&text(64, 64, 128, 64)).is_ok());
        for over in [text(65, 1, 1, 1), text(1, 65, 1, 1), text(1, 1, 129, 1), text(1, 1, 1, 65)] {
            assert_eq!(Message::parse(&over).unwrap_err().code, 1002);
        }
    }

    #[test]
    fn json_as_deep_as_a_frame_can_hold_is_read_without_recursion() {
        let deep =
            format!(r#"["1","2","t","e",{{"a":{}{}}}]"#, "[".repeat(30_000), "]".repeat(30_000));
        assert!(Message::parse(&deep).is_ok());
    }
}
