//! Who is mentioned in a comment: `message_tags` says where in the text.

use serde::Deserialize;
use serde_json::Value;
use stagedoor_domain::{Fragment, FragmentKind};

use super::wire::Id;

/// Mentions that are looked at.
const MAX: usize = 100;

#[derive(Debug, Deserialize)]
struct Tag {
    id: Id,
    name: Box<str>,
    offset: usize,
}

/// The text in pieces; none if nobody is mentioned.
///
/// Whether offsets count characters or UTF-16 units is written nowhere: a mention counts only where its name stands.
pub(super) fn fragments(text: &str, tags: &Value) -> Vec<Fragment> {
    let tags = tags.as_array().map_or(&[][..], Vec::as_slice).iter().take(MAX);
    let mut found: Vec<_> = tags
        .filter_map(|tag| {
            let tag = Tag::deserialize(tag).ok().filter(|tag| !tag.name.is_empty())?;
            let at = place(text, &tag)?;
            Some((at, tag))
        })
        .collect();
    found.sort_unstable_by_key(|(at, _)| *at);
    let (mut fragments, mut from) = (Vec::new(), 0);
    for (at, tag) in found {
        if at < from {
            continue;
        }
        if from < at {
            fragments.push(words(&text[from..at]));
        }
        from = at + tag.name.len();
        let (kind, id) = (FragmentKind::Mention, Some(tag.id.0));
        fragments.push(Fragment { kind, text: tag.name, id, url: None, amount: None });
    }
    if !fragments.is_empty() && from < text.len() {
        fragments.push(words(&text[from..]));
    }
    fragments
}

/// Where the name of the one who is mentioned begins, in bytes.
fn place(text: &str, tag: &Tag) -> Option<usize> {
    let by_characters = text.char_indices().nth(tag.offset).map(|(at, _)| at);
    let mut units = 0;
    let by_units = text.char_indices().find_map(|(at, character)| {
        let here = units == tag.offset;
        units += character.len_utf16();
        here.then_some(at)
    });
    let mut places = [by_characters, by_units].into_iter().flatten();
    places.find(|at| text[*at..].starts_with(&*tag.name))
}

/// Plain words.
pub(super) fn words(text: &str) -> Fragment {
    Fragment { kind: FragmentKind::Text, text: text.into(), id: None, url: None, amount: None }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pieces(text: &str, tags: &Value) -> Vec<(String, Option<String>)> {
        let fragments = fragments(text, tags).into_iter();
        fragments.map(|piece| (piece.text.into(), piece.id.map(Into::into))).collect()
    }

    #[test]
    fn a_mention_is_found_however_its_offset_is_counted() {
        let text = "🎉🎉 hi Ada Lovelace!";
        for offset in [6, 8] {
            let tags = json!([{ "id": "17", "name": "Ada Lovelace", "type": "user", "offset": offset, "length": 12 }]);
            let expected = [("🎉🎉 hi ", None), ("Ada Lovelace", Some("17")), ("!", None)];
            let expected: Vec<_> = expected
                .map(|(text, id): (&str, Option<&str>)| (text.into(), id.map(Into::into)))
                .into();
            assert_eq!(pieces(text, &tags), expected, "offset {offset}");
        }
    }

    #[test]
    fn a_mention_that_does_not_stand_there_is_left_out() {
        for tags in [
            json!([{ "id": "17", "name": "Bob", "offset": 3 }]),
            json!([{ "id": "17", "name": "", "offset": 0 }]),
            json!([{ "id": "17", "name": "Ada", "offset": 9_999_999 }]),
            json!([{ "name": "Ada", "offset": 3 }]),
            json!({ "0": [] }),
            json!(null),
        ] {
            assert_eq!(pieces("hi Ada", &tags), [], "{tags}");
        }
    }

    #[test]
    fn mentions_on_top_of_each_other_count_once() {
        let tag = json!({ "id": "17", "name": "Ada", "offset": 0 });
        let pieces = pieces("Ada", &json!([tag, tag]));
        assert_eq!(pieces, [("Ada".into(), Some("17".into()))]);
    }
}
