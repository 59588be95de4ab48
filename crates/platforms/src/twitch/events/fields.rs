//! Reads fields of Twitch's payloads. What is of another type than documented is as if it were not there; ids may be
//! numbers, and numbers texts.

use jiff::Timestamp;
use serde_json::Value;
use stagedoor_domain::Actor;

/// A text that is not empty.
pub(crate) fn text<'a>(of: &'a Value, field: &str) -> Option<&'a str> {
    of.get(field)?.as_str().filter(|text| !text.is_empty())
}

/// A text, or a number as one.
pub(crate) fn id(of: &Value, field: &str) -> Option<Box<str>> {
    match of.get(field)? {
        Value::String(text) if !text.is_empty() => Some(text.as_str().into()),
        Value::Number(number) => Some(number.to_string().into()),
        _ => None,
    }
}

/// A number that is not negative.
pub(crate) fn number(of: &Value, field: &str) -> Option<u64> {
    match of.get(field)? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// The same, of 32 bits: a greater one is the greatest.
pub(crate) fn small(of: &Value, field: &str) -> Option<u32> {
    number(of, field).map(|number| u32::try_from(number).unwrap_or(u32::MAX))
}

/// Whether it is there and true.
pub(crate) fn flag(of: &Value, field: &str) -> bool {
    of.get(field).and_then(Value::as_bool).unwrap_or(false)
}

/// A time of RFC 3339.
pub(crate) fn time(of: &Value, field: &str) -> Option<Timestamp> {
    text(of, field)?.parse().ok()
}

/// A list.
pub(crate) fn list<'a>(of: &'a Value, field: &str) -> &'a [Value] {
    of.get(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Somebody: `{prefix}id`, `{prefix}login` and `{prefix}name`. None where all of them are missing.
pub(crate) fn person(of: &Value, prefix: &str) -> Option<Actor> {
    let field = |name: &str| id(of, &format!("{prefix}{name}"));
    let actor =
        Actor { id: field("id"), login: field("login"), name: field("name"), ..Actor::default() };
    let is_somebody = actor.id.is_some() || actor.login.is_some() || actor.name.is_some();
    is_somebody.then_some(actor)
}

/// Somebody who may not want to be known: then nothing else is told, whatever is there.
pub(crate) fn giver(of: &Value, prefix: &str, anonymous: &str) -> Option<Actor> {
    if flag(of, anonymous) {
        return Some(Actor { anonymous: true, ..Actor::default() });
    }
    person(of, prefix)
}
