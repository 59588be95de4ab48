//! Kick's JSON, read field by field: what is missing, null or of another type is absent, and takes nothing with it.

use jiff::Timestamp;
use serde_json::Value;

/// A text, if it is one and says something.
pub(crate) fn text(value: &Value) -> Option<Box<str>> {
    value.as_str().filter(|text| !text.is_empty()).map(Into::into)
}

/// An id: Kick's are numbers in some places and texts in others.
pub(crate) fn id(value: &Value) -> Option<Box<str>> {
    match value {
        Value::Number(number) => Some(number.as_u64().filter(|id| *id > 0)?.to_string().into()),
        _ => text(value),
    }
}

/// A time, of whatever offset. Of the year 1, which stands for none, it is absent.
pub(crate) fn time(value: &Value) -> Option<Timestamp> {
    let at: Timestamp = value.as_str()?.parse().ok()?;
    (at > Timestamp::UNIX_EPOCH).then_some(at)
}

/// A small number.
pub(crate) fn number(value: &Value) -> Option<u32> {
    value.as_u64().map(|number| number.try_into().unwrap_or(u32::MAX))
}
