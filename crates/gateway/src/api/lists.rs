//! Lists that a URL carries as `a,b` and JSON as `["a", "b"]`.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserializer,
    de::{self, SeqAccess, Visitor},
};

/// The most entries of such a list, and the longest of them in bytes.
const MAX_ENTRIES: usize = 50;
const MAX_ENTRY_BYTES: usize = 64;

/// Reads either form.
pub(super) fn words<'de, T: for<'text> From<&'text str>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    struct Words<T>(PhantomData<T>);

    impl<'de, T: for<'text> From<&'text str>> Visitor<'de> for Words<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of words")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<T>, E> {
            collect(text.split(',').filter(|word| !word.is_empty()))
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
            let mut words: Vec<String> = Vec::new();
            while let Some(word) = seq.next_element()? {
                words.push(word);
                if words.len() > MAX_ENTRIES {
                    break;
                }
            }
            collect(words.iter().map(String::as_str))
        }
    }

    deserializer.deserialize_any(Words(PhantomData))
}

fn collect<'text, T: for<'word> From<&'word str>, E: de::Error>(
    words: impl Iterator<Item = &'text str>,
) -> Result<Vec<T>, E> {
    let mut list = Vec::new();
    for word in words {
        if list.len() == MAX_ENTRIES || word.len() > MAX_ENTRY_BYTES {
            return Err(E::custom(format_args!(
                "at most {MAX_ENTRIES} words of at most {MAX_ENTRY_BYTES} bytes are taken"
            )));
        }
        list.push(T::from(word));
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use stagedoor_domain::Platform;

    use super::*;
    use crate::api::read;

    #[derive(Debug, Deserialize)]
    struct Query {
        #[serde(default, deserialize_with = "words")]
        platforms: Vec<Platform>,
    }

    #[test]
    fn both_forms_are_the_same_list() {
        let asked: Query = read::query("platforms=twitch,kick").unwrap();
        let said: Query = read::json("payload", br#"{"platforms": ["twitch", "kick"]}"#).unwrap();
        assert_eq!(asked.platforms, [Platform::Twitch, Platform::Kick]);
        assert_eq!(asked.platforms, said.platforms);
        assert!(read::query::<Query>("").unwrap().platforms.is_empty());
    }

    #[test]
    fn a_list_has_an_end() {
        let long = vec!["a"; MAX_ENTRIES + 1].join(",");
        assert!(read::query::<Query>(&format!("platforms={long}")).is_err());
        assert!(read::query::<Query>(&format!("platforms={}", "a".repeat(65))).is_err());
        assert!(read::json::<Query>("payload", br#"{"platforms": 7}"#).is_err());
    }
}
