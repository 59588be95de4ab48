//! What the Graph API's JSON is made of. Everything but ids may be missing: fields that a permission does not cover are
//! left out without a word.

use std::fmt::Write as _;

use jiff::{Timestamp, fmt::strtime};
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value;

/// A page of an edge's answer: <https://developers.facebook.com/docs/graph-api/results>.
#[derive(Debug, Deserialize)]
pub(crate) struct Listed<T> {
    #[serde(default = "Vec::new")]
    pub(crate) data: Vec<T>,
    #[serde(default)]
    paging: Option<Paging>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Paging {
    cursors: Cursors,
    next: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Cursors {
    after: Option<Box<str>>,
}

impl<T> Listed<T> {
    /// Where the next page begins, if there is one. A cursor alone does not say so: the last page has one, too. The
    /// address in `next` has the token in it and is not used.
    pub(crate) fn after(&self) -> Option<&str> {
        let paging = self.paging.as_ref()?;
        paging.next.as_ref().filter(|next| !next.is_null())?;
        paging.cursors.after.as_deref().filter(|after| !after.is_empty())
    }
}

/// An id: a text of digits, but a number in some answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub(crate) struct Id(pub(crate) Box<str>);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) if !text.is_empty() => Ok(Self(text.into())),
            Value::Number(number) => Ok(Self(number.to_string().into())),
            _ => Err(de::Error::custom("no id")),
        }
    }
}

/// Something of which only the id matters.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Node {
    pub(crate) id: Id,
}

/// What an act is answered with. Some acts answer nothing of the kind.
#[derive(Debug, Deserialize)]
pub(crate) struct Done {
    #[serde(default)]
    pub(crate) success: Option<bool>,
}

/// Bytes, as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// A moment: `2018-08-30T18:47:02+0000`, or seconds since 1970.
pub(crate) fn time(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Number(seconds) => Timestamp::from_second(seconds.as_i64()?).ok(),
        Value::String(text) => text.parse().ok().or_else(|| {
            let parsed = strtime::parse("%Y-%m-%dT%H:%M:%S%z", text).ok()?;
            parsed.to_timestamp().ok()
        }),
        _ => None,
    }
}

/// For serde: a moment that cannot be read is as if it were not there.
pub(crate) fn maybe_time<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Timestamp>, D::Error> {
    Ok(time(&Value::deserialize(deserializer)?))
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn moments_are_read_in_all_their_forms() {
        let expected = Timestamp::constant(1_535_654_822, 0);
        for form in [
            json!("2018-08-30T18:47:02+0000"),
            json!("2018-08-30T20:47:02+02:00"),
            json!("2018-08-30T18:47:02Z"),
            json!(1_535_654_822),
        ] {
            assert_eq!(time(&form), Some(expected), "{form}");
        }
        for wrong in [json!("yesterday"), json!(null), json!(1e300), json!([]), json!(i64::MAX)] {
            assert_eq!(time(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_an_answer_with_a_next_page_has_one() {
        let listed = |paging: Value| {
            from_value::<Listed<Value>>(json!({ "data": [], "paging": paging })).unwrap()
        };
        let cursors = json!({ "before": "a", "after": "b" });
        let more = listed(json!({ "cursors": cursors, "next": "https://graph.facebook.com/…" }));
        assert_eq!(more.after(), Some("b"));
        assert_eq!(listed(json!({ "cursors": cursors })).after(), None);
        assert_eq!(listed(json!(null)).after(), None);
        assert_eq!(from_value::<Listed<Value>>(json!({})).unwrap().after(), None);
    }
}
