//! Texts for people: nothing that a terminal would obey, durations and sizes that can be read.

use std::{borrow::Cow, fmt::Write};

/// Characters by which a text could move the cursor, recolour the screen, or show something else than it is.
fn is_unsafe(c: char) -> bool {
    // C0, DEL and C1; marks, embeddings, overrides and isolates of text direction; line and paragraph separators.
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

/// `text` with unsafe characters as Rust escapes, so that what came from outside stays one line of text.
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_unsafe(c) {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

/// JSON that is safe to print: the unsafe characters that JSON lets stand, all of which are within its strings, as
/// `\u` escapes.
pub(crate) fn escape_json(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        if is_unsafe(c) && c != '\n' {
            // All of them are within the first 65,536; writing to a string does not fail.
            let _ = write!(escaped, "\\u{:04x}", u32::from(c));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// A duration in its two largest units: `3d 4h`, `12s`, `350ms`.
pub(crate) fn duration(ms: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
    let seconds = ms / 1_000;
    if seconds == 0 {
        return format!("{ms}ms");
    }
    let first = UNITS.iter().position(|(size, _)| seconds >= *size).unwrap_or(UNITS.len() - 1);
    let (size, unit) = UNITS[first];
    let text = format!("{}{unit}", seconds / size);
    match UNITS.get(first + 1) {
        Some((smaller, unit)) if seconds % size >= *smaller => {
            format!("{text} {}{unit}", seconds % size / smaller)
        }
        _ => text,
    }
}

/// A size in bytes in its largest unit: `12.3 MiB`.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1_024 {
        return format!("{bytes} B");
    }
    // Tenths of the unit, so that no rounding of floats is seen.
    let (mut tenths, mut unit) = (u128::from(bytes) * 10 / 1_024, 0);
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1_024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

/// A number with its thousands apart: `50,000`.
pub(crate) fn count(number: impl TryInto<u64>) -> String {
    let digits = number.try_into().unwrap_or(u64::MAX).to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_moves_the_cursor() {
        assert_eq!(escape("plain ünïcode"), "plain ünïcode");
        assert_eq!(
            escape("\u{1b}[2Jgone\r\n\u{9b}31m\u{7f}"),
            "\\u{1b}[2Jgone\\r\\n\\u{9b}31m\\u{7f}"
        );
        assert_eq!(escape("evil\u{202e}txt.exe"), "evil\\u{202e}txt.exe");
    }

    #[test]
    fn escaped_json_is_the_same_json() {
        let value = serde_json::json!({ "reason": "\u{9b}31m \u{202e} \u{7f} \u{1b} ü \n" });
        let json = escape_json(&serde_json::to_string_pretty(&value).unwrap());
        assert!(!json.contains(|c| is_unsafe(c) && c != '\n'), "{json}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap(), value);
    }

    #[test]
    fn durations_have_two_units() {
        let texts =
            [0, 999, 1_000, 61_000, 3_600_000, 3_660_000, 90_061_000, 86_400_000].map(duration);
        assert_eq!(texts, ["0ms", "999ms", "1s", "1m 1s", "1h", "1h 1m", "1d 1h", "1d"]);
    }

    #[test]
    fn sizes_and_counts_can_be_read() {
        assert_eq!(
            [0, 1_023, 1_024, 1_536, 12_900_000].map(bytes),
            ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "12.3 MiB"]
        );
        assert_eq!(
            [0_u64, 999, 1_000, 50_000, 1_234_567].map(count),
            ["0", "999", "1,000", "50,000", "1,234,567"]
        );
    }
}
