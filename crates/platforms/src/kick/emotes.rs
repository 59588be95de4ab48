//! Emotes, which stand in a message's text as `[emote:37226:KEKW]`.

use stagedoor_domain::{Fragment, FragmentKind};

const BEGIN: &str = "[emote:";

/// A message's text as people read it, and its pieces if it has emotes. The positions that Kick tells as well are not
/// needed, nor trusted.
pub(crate) fn pieces(content: &str) -> (Box<str>, Vec<Fragment>) {
    let (mut plain, mut fragments) = (String::with_capacity(content.len()), Vec::new());
    let mut words = String::new();
    let mut rest = content;
    while let Some(at) = rest.find(BEGIN) {
        let Some((id, name, after)) = emote(&rest[at..]) else {
            let (before, behind) = rest.split_at(at + BEGIN.len());
            words.push_str(before);
            rest = behind;
            continue;
        };
        words.push_str(&rest[..at]);
        end_words(&mut words, &mut plain, &mut fragments);
        plain.push_str(name);
        fragments.push(piece(FragmentKind::Emote, name, Some(id)));
        rest = after;
    }
    words.push_str(rest);
    if fragments.is_empty() {
        return (words.into(), fragments);
    }
    end_words(&mut words, &mut plain, &mut fragments);
    (plain.into(), fragments)
}

/// An emote at the beginning of `text`: its id, its name, and what follows.
fn emote(text: &str) -> Option<(&str, &str, &str)> {
    let (inner, after) = text.strip_prefix(BEGIN)?.split_once(']')?;
    let (id, name) = inner.split_once(':')?;
    let is_one = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()) && !name.is_empty();
    is_one.then_some((id, name, after))
}

fn end_words(words: &mut String, plain: &mut String, fragments: &mut Vec<Fragment>) {
    if !words.is_empty() {
        plain.push_str(words);
        fragments.push(piece(FragmentKind::Text, words, None));
        words.clear();
    }
}

fn piece(kind: FragmentKind, text: &str, id: Option<&str>) -> Fragment {
    Fragment { kind, text: text.into(), id: id.map(Into::into), url: None, amount: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &str) -> (Box<str>, Vec<String>) {
        let (plain, fragments) = pieces(content);
        let told = |fragment: Fragment| match fragment.id {
            Some(id) => format!("{}={id}", fragment.text),
            None => fragment.text.into(),
        };
        (plain, fragments.into_iter().map(told).collect())
    }

    #[test]
    fn emotes_become_pieces_of_their_own() {
        let (plain, fragments) = read("Hi [emote:37226:KEKW][emote:1:a b]!");
        assert_eq!(&*plain, "Hi KEKWa b!");
        assert_eq!(fragments, ["Hi ", "KEKW=37226", "a b=1", "!"]);
    }

    #[test]
    fn a_message_without_emotes_has_no_pieces() {
        for text in ["", "hello", "[emote:", "[emote:x:y]", "[emote:1:]", "[emote:1:[emote:2:"] {
            assert_eq!(read(text), (text.into(), vec![]), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_an_emote_stays_text_beside_real_ones() {
        let (plain, fragments) = read("[emote:x [emote:7:ok]");
        assert_eq!(&*plain, "[emote:x ok");
        assert_eq!(fragments, ["[emote:x ", "ok=7"]);
    }
}
