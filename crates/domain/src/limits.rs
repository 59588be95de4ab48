//! Limits of what comes from outside, and how a value beyond them is refused: with the field's name.

use jiff::Timestamp;
use thiserror::Error;

use crate::EventKind;

/// The longest text that people write, in characters: a donation's message, a stream's description.
pub(crate) const MAX_TEXT_CHARS: usize = 10_000;

/// The longest name or title of somebody or something, in characters.
pub(crate) const MAX_NAME_CHARS: usize = 256;

/// The longest id that a platform gives, in bytes.
pub(crate) const MAX_EXTERNAL_ID_BYTES: usize = 256;

/// The longest word of an open enum, in bytes.
pub(crate) const MAX_WORD_BYTES: usize = 64;

/// The longest address, in bytes.
pub(crate) const MAX_URL_BYTES: usize = 2_048;

/// The largest number of anything: what is summed up stays far from the end of 64 bits.
pub(crate) const MAX_NUMBER: u64 = 1_000_000_000_000;

/// The most money at once, in millionths.
pub(crate) const MAX_MICROS: i64 = 10_000_000_000_000_000;

/// A value is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{field} {problem}")]
pub struct Invalid {
    field: String,
    problem: Problem,
}

/// Why a value is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Problem {
    /// It must be there.
    #[error("is missing: every {kind} has one")]
    Missing {
        /// In events of which kind.
        kind: EventKind,
    },
    /// It must not be empty.
    #[error("is empty")]
    Empty,
    /// It is too long.
    #[error("has {length} {unit}, more than the {limit} allowed")]
    TooLong {
        /// Its length.
        length: usize,
        /// What its length is counted in: `bytes`, `characters`, `entries`.
        unit: &'static str,
        /// The limit.
        limit: usize,
    },
    /// Its JSON form is too long.
    #[error("has more than the {limit} bytes allowed, written as JSON")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// It is a number outside what is sensible.
    #[error("is {value}, outside {min} to {max}")]
    OutOfRange {
        /// The number.
        value: i128,
        /// The least that is taken.
        min: i128,
        /// The greatest that is taken.
        max: i128,
    },
    /// It is a time that cannot be.
    #[error("is {at}, outside {earliest} to {latest}")]
    OutOfTime {
        /// The time.
        at: Timestamp,
        /// The earliest that is taken.
        earliest: Timestamp,
        /// The latest that is taken.
        latest: Timestamp,
    },
    /// It has a character that such a text does not have.
    #[error("has the character {character:?} at byte {at}, which it must not have")]
    Character {
        /// The character.
        character: char,
        /// Its offset in bytes.
        at: usize,
    },
    /// It is not of the form that it must have.
    #[error("is not {expected}")]
    Not {
        /// What it must be, for people.
        expected: &'static str,
    },
    /// It is there together with another one that excludes it.
    #[error("cannot be there together with {other}")]
    Excluded {
        /// The other.
        other: &'static str,
    },
}

impl Invalid {
    pub(crate) fn new(field: impl Into<String>, problem: Problem) -> Self {
        Self { field: field.into(), problem }
    }

    /// The field's path: `message.fragments.3.text`.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// Why it is refused.
    #[must_use]
    pub const fn problem(&self) -> &Problem {
        &self.problem
    }

    /// As seen from what `parent` is a field of.
    #[must_use]
    pub fn within(mut self, parent: &str) -> Self {
        self.field.insert(0, '.');
        self.field.insert_str(0, parent);
        self
    }
}

/// A text of at most `limit` characters. NUL is refused: PostgreSQL's texts cannot have it.
pub(crate) fn text(field: &str, text: &str, limit: usize) -> Result<(), Invalid> {
    if text.len() > limit {
        let length = text.chars().count();
        if length > limit {
            let problem = Problem::TooLong { length, unit: "characters", limit };
            return Err(Invalid::new(field, problem));
        }
    }
    no_character(field, text, |character| character == '\0')
}

/// A text of one line, of at most `limit` characters.
pub(crate) fn line(field: &str, line: &str, limit: usize) -> Result<(), Invalid> {
    text(field, line, limit)?;
    no_character(field, line, char::is_control)
}

/// A text for machines: not empty, at most `limit` bytes, nothing that a log or a terminal would trip over.
pub(crate) fn word(field: &str, text: &str, limit: usize) -> Result<(), Invalid> {
    if text.is_empty() {
        return Err(Invalid::new(field, Problem::Empty));
    }
    if text.len() > limit {
        let problem = Problem::TooLong { length: text.len(), unit: "bytes", limit };
        return Err(Invalid::new(field, problem));
    }
    no_character(field, text, char::is_control)
}

fn no_character(field: &str, text: &str, bad: fn(char) -> bool) -> Result<(), Invalid> {
    match text.char_indices().find(|(_, character)| bad(*character)) {
        Some((at, character)) => Err(Invalid::new(field, Problem::Character { character, at })),
        None => Ok(()),
    }
}

/// A name: not empty, of at most [`MAX_NAME_CHARS`] characters.
pub(crate) fn name(field: &str, name: &str) -> Result<(), Invalid> {
    if name.is_empty() {
        return Err(Invalid::new(field, Problem::Empty));
    }
    text(field, name, MAX_NAME_CHARS)
}

/// An address with one of these schemes, such as `https://`.
pub(crate) fn url(
    field: &str,
    url: &str,
    schemes: &[&str],
    expected: &'static str,
) -> Result<(), Invalid> {
    word(field, url, MAX_URL_BYTES)?;
    let has = |scheme: &&str| url.len() > scheme.len() && url.starts_with(scheme);
    if schemes.iter().any(has) && !url.contains(char::is_whitespace) {
        return Ok(());
    }
    Err(Invalid::new(field, Problem::Not { expected }))
}

/// The address of something that a browser shows.
pub(crate) fn web_url(field: &str, address: &str) -> Result<(), Invalid> {
    url(field, address, &["https://", "http://"], "an http:// or https:// address")
}

/// A list of at most `limit` entries.
pub(crate) fn entries(field: &str, length: usize, limit: usize) -> Result<(), Invalid> {
    if length > limit {
        let problem = Problem::TooLong { length, unit: "entries", limit };
        return Err(Invalid::new(field, problem));
    }
    Ok(())
}

/// A number from `min` to `max`.
pub(crate) fn within<N: Into<i128>>(
    field: &str,
    value: N,
    min: impl Into<i128>,
    max: impl Into<i128>,
) -> Result<(), Invalid> {
    let (value, min, max) = (value.into(), min.into(), max.into());
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(Invalid::new(field, Problem::OutOfRange { value, min, max }))
}

/// Checks what may be absent.
pub(crate) fn optional<T: ?Sized>(
    value: Option<&T>,
    check: impl FnOnce(&T) -> Result<(), Invalid>,
) -> Result<(), Invalid> {
    value.map_or(Ok(()), check)
}
