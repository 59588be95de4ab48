//! Reads what clients send: JSON bodies, channel payloads, query parameters.
//!
//! Fields that nobody knows are refused, so that a typo is not taken for silence, and whatever is wrong is told with
//! the path of its field.

use std::borrow::Cow;

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeOwned, value::MapDeserializer},
};
use serde_path_to_error::Track;

use crate::http::ApiError;

/// Parameters that say who one is: every query may have them. See `auth`.
const CREDENTIALS: [&str; 2] = ["token", "user"];

/// Reads a JSON text from the request's `part`.
pub(crate) fn json<'de, T: Deserialize<'de>>(
    part: &'static str,
    text: &'de [u8],
) -> Result<T, ApiError> {
    if has_nul(text) {
        return Err(ApiError::invalid(part, "the character U+0000 is not allowed in a text"));
    }
    let mut json = serde_json::Deserializer::from_slice(text);
    let value = tracked(part, &mut json)?;
    json.end().map_err(|error| ApiError::invalid(part, error.to_string()))?;
    Ok(value)
}

/// Reads the query of a URL.
pub(crate) fn query<T: for<'de> Deserialize<'de>>(query: &str) -> Result<T, ApiError> {
    let pairs = query.split('&').filter(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        !pair.is_empty() && !CREDENTIALS.contains(&name)
    });
    let query = pairs.collect::<Vec<_>>().join("&");
    if query.contains("%00") {
        return Err(ApiError::invalid("query", "the character U+0000 is not allowed in a text"));
    }
    let parsed = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    tracked("query", parsed)
}

/// Reads the named parts of a path.
pub(crate) fn path<'a, T: DeserializeOwned>(
    parts: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<T, ApiError> {
    tracked("path", MapDeserializer::<_, de::value::Error>::new(parts))
}

/// Reads, and remembers where.
fn tracked<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    part: &'static str,
    deserializer: D,
) -> Result<T, ApiError>
where
    D::Error: std::fmt::Display,
{
    let (mut track, mut unknown) = (Track::new(), None);
    let tracking = serde_path_to_error::Deserializer::new(deserializer, &mut track);
    let read = serde_ignored::deserialize(tracking, |path| {
        unknown.get_or_insert_with(|| path_of(&path));
    });
    let value = read.map_err(|error| {
        let path = track.path().to_string().replace('[', ".").replace(']', "");
        let message = error.to_string();
        let refusal = ApiError::invalid(part, message.clone());
        match field(&path, &message) {
            Some(field) => refusal.field(field),
            None => refusal,
        }
    })?;
    match unknown {
        None => Ok(value),
        Some(path) => Err(ApiError::invalid(part, format!("unknown field `{path}`")).field(path)),
    }
}

fn below(parent: &str, name: &str) -> String {
    if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") }
}

/// The path as everywhere else: `items.1.name`.
fn path_of(path: &serde_ignored::Path<'_>) -> String {
    use serde_ignored::Path;
    match path {
        Path::Root => String::new(),
        Path::Seq { parent, index } => below(&path_of(parent), &index.to_string()),
        Path::Map { parent, key } => below(&path_of(parent), key),
        Path::Some { parent }
        | Path::NewtypeStruct { parent }
        | Path::NewtypeVariant { parent } => path_of(parent),
    }
}

/// The field that an error is about. Of one that is missing or there twice, the path leads only to where it is.
fn field(path: &str, message: &str) -> Option<Cow<'static, str>> {
    let above = (path != ".").then_some(path);
    let named = ["missing field `", "duplicate field `"];
    let named = named.iter().find_map(|begin| message.strip_prefix(begin));
    let missing = named.and_then(|rest| rest.split('`').next());
    match (above, missing) {
        (None, None) => None,
        (Some(path), None) => Some(path.to_owned().into()),
        (None, Some(name)) => Some(name.to_owned().into()),
        (Some(path), Some(name)) if path.ends_with(name) => Some(path.to_owned().into()),
        (Some(path), Some(name)) => Some(format!("{path}.{name}").into()),
    }
}

/// Does a JSON text have the escape of U+0000 in it? Not every database can keep it. (Unescaped it is no JSON.)
fn has_nul(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        if rest[at + 1..].starts_with(b"u0000") {
            return true;
        }
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    false
}

/// For fields that may be absent, or null, or have a value.
#[expect(clippy::option_option, reason = "absent and null are different things to say")]
pub(crate) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only what is refused is looked at")]
    struct Order {
        id: u32,
        #[serde(default)]
        items: Vec<Item>,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only what is refused is looked at")]
    struct Item {
        name: String,
    }

    fn refused(text: &str) -> Value {
        let error = json::<Order>("body", text.as_bytes()).unwrap_err();
        serde_json::to_value(error.problem()).unwrap()
    }

    #[test]
    fn what_is_wrong_is_told_with_its_path() {
        for (text, field) in [
            (r#"{"id": "x"}"#, json!("id")),
            (r#"{"items": []}"#, json!("id")),
            (r#"{"id": 1, "items": [{"name": "a"}, {}]}"#, json!("items.1.name")),
            (r#"{"id": 1, "items": [{"name": 7}]}"#, json!("items.0.name")),
            (r#"{"id": 1, "itmes": []}"#, json!("itmes")),
            (r#"{"id": 1, "items": [{"name": "a", "b": {"c": 1}}]}"#, json!("items.0.b")),
            (r"[", Value::Null),
            (r#"{"id": 1} x"#, Value::Null),
        ] {
            assert_eq!(refused(text)["field"], field, "{text}: {}", refused(text));
        }
    }

    #[test]
    fn the_escape_of_nul_is_refused_and_an_escaped_backslash_before_it_is_none() {
        assert!(has_nul(br#""a\u0000""#) && has_nul(br#""\\\u0000""#));
        assert!(!has_nul(br#""a\\u0000""#) && !has_nul(br#""\u0001 \"#) && !has_nul(b"u0000"));
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Page {
        limit: Option<u32>,
    }

    #[test]
    fn a_query_may_say_who_one_is_but_no_other_unknown_thing() {
        assert_eq!(query::<Page>("limit=3&token=x&user=ada").unwrap(), Page { limit: Some(3) });
        assert_eq!(query::<Page>("").unwrap(), Page { limit: None });
        for (text, field) in
            [("limit=x", "limit"), ("limt=3", "limt"), ("limit=1&limit=2", "limit")]
        {
            let problem = serde_json::to_value(query::<Page>(text).unwrap_err().problem());
            assert_eq!(problem.unwrap()["field"], *field, "{text}");
        }
    }
}
