//! Limits of what may be written into a field, besides those of the domain. Each refusal names the field.

use stagedoor_domain::{Invalid, Platform};

use crate::http::ApiError;

/// The longest name of a platform, in bytes.
const MAX_PLATFORM_BYTES: usize = 32;

/// What is wrong with a field, if something is.
pub(super) type Checked = Result<(), ApiError>;

/// A key: visible ASCII, 1 to so many bytes.
pub(super) fn key(field: &'static str, value: &str, max_bytes: usize) -> Checked {
    if value.is_empty() || value.len() > max_bytes || !value.bytes().all(|b| b.is_ascii_graphic()) {
        let message = format!("must be 1 to {max_bytes} visible ASCII characters, without spaces");
        return Err(ApiError::invalid_field(field, message));
    }
    Ok(())
}

/// A name: at least one character, at most so many, and something to see.
pub(super) fn name(field: &'static str, value: &str, max_chars: usize) -> Checked {
    let chars = value.chars().count();
    if chars > max_chars || value.trim().is_empty() || value.chars().any(char::is_control) {
        let message = format!("must be 1 to {max_chars} characters, and no control characters");
        return Err(ApiError::invalid_field(field, message));
    }
    Ok(())
}

/// A platform, known or not: its name is a part of a path.
pub(super) fn platform(platform: &Platform) -> Checked {
    let name = platform.as_str();
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b);
    if name.is_empty() || name.len() > MAX_PLATFORM_BYTES || !name.bytes().all(plain) {
        let message = format!(
            "a platform has 1 to {MAX_PLATFORM_BYTES} lower-case ASCII letters, digits and - _"
        );
        return Err(ApiError::invalid_field("platform", message));
    }
    Ok(())
}

/// At most so many of them.
pub(super) fn count<T>(field: &'static str, list: &[T], max: usize) -> Checked {
    if list.len() > max {
        let message = format!("{} of them, more than the {max} allowed", list.len());
        return Err(ApiError::invalid_field(field, message));
    }
    Ok(())
}

/// How many come on a page: as many as asked for, or as usual.
pub(super) fn page(asked: Option<u32>, usual: u32, max: u32) -> Result<u32, ApiError> {
    let limit = asked.unwrap_or(usual);
    if (1..=max).contains(&limit) {
        Ok(limit)
    } else {
        let message = format!("the limit must be from 1 to {max}");
        Err(ApiError::invalid("query", message).field("limit"))
    }
}

/// What the domain refuses.
impl From<Invalid> for ApiError {
    fn from(invalid: Invalid) -> Self {
        Self::invalid_field(invalid.field().to_owned(), invalid.problem().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_platforms_have_no_spaces_and_an_end() {
        assert!(key("f", "live_1?x=y", 10).is_ok());
        for bad in ["", "a b", "ü", "12345678901"] {
            assert!(key("f", bad, 10).is_err(), "{bad:?}");
        }
        assert!(platform(&Platform::from("my-tv_2")).is_ok());
        for bad in ["", "My", "a b", "a/b"] {
            assert!(platform(&Platform::from(bad)).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_name_is_limited_in_characters_and_can_be_seen() {
        assert!(name("f", &"ü".repeat(3), 3).is_ok());
        for bad in ["", "  ", "a\u{1b}", "üüüü"] {
            assert!(name("f", bad, 3).is_err(), "{bad:?}");
        }
    }
}
