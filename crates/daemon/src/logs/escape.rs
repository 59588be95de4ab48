//! What a client sends must not look like a line, a field or a terminal command of ours.

use std::fmt::{self, Write};

/// Passes text on, with control characters, and those that reorder a line, written as escapes.
pub(super) struct Escaped<'w, W>(pub(super) &'w mut W);

impl<W: Write> Write for Escaped<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.find(is_forging) {
            self.0.write_str(&rest[..at])?;
            let mut tail = rest[at..].chars();
            for escaped in tail.next().into_iter().flat_map(char::escape_default) {
                self.0.write_char(escaped)?;
            }
            rest = tail.as_str();
        }
        self.0.write_str(rest)
    }
}

/// Writes a field's value: bare when it is one word, otherwise in quotes.
pub(super) fn write_value(out: &mut impl Write, value: &str) -> fmt::Result {
    let is_a_word =
        !value.is_empty() && !value.contains([' ', '"', '=', '\\']) && !value.contains(is_forging);
    if is_a_word {
        return out.write_str(value);
    }
    out.write_char('"')?;
    let mut escaped = Escaped(out);
    for part in value.split_inclusive(['"', '\\']) {
        match part.strip_suffix(['"', '\\']) {
            Some(before) => {
                escaped.write_str(before)?;
                escaped.0.write_char('\\')?;
                escaped.0.write_str(&part[before.len()..])?;
            }
            None => escaped.write_str(part)?,
        }
    }
    out.write_char('"')
}

/// Control characters (newline, escape, …), line separators, and the marks that turn text around.
fn is_forging(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> String {
        let mut out = String::new();
        write_value(&mut out, text).unwrap();
        out
    }

    #[test]
    fn a_word_stands_bare_and_the_rest_in_quotes() {
        assert_eq!(value("ada"), "ada");
        assert_eq!(value("127.0.0.1:4000"), "127.0.0.1:4000");
        assert_eq!(value(""), r#""""#);
        assert_eq!(value("two words"), r#""two words""#);
        assert_eq!(value(r#"a" admin=true b=""#), r#""a\" admin=true b=\"""#);
        assert_eq!(value(r"back\slash"), r#""back\\slash""#);
    }

    #[test]
    fn nothing_breaks_the_line_or_drives_the_terminal() {
        assert_eq!(value("a\nb"), r#""a\nb""#);
        assert_eq!(
            value("\u{1b}[2J\u{202e}\u{9b}\u{2028}é"),
            r#""\u{1b}[2J\u{202e}\u{9b}\u{2028}é""#
        );
    }
}
