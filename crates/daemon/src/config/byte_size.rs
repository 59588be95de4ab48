//! Sizes in configuration: the unit stands in the value.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

const UNITS: [(&str, usize); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// A number of bytes, written as `"512B"`, `"64KiB"`, `"1MiB"` or `"2GiB"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ByteSize(usize);

/// The text is not a [`ByteSize`].
#[derive(Debug, PartialEq, Eq, Error)]
#[error(
    "expected a size with a unit, for example \"64KiB\" (units are B, KiB, MiB, GiB), got {0:?}"
)]
pub struct NotAByteSize(String);

impl ByteSize {
    /// So many times 1,024 bytes.
    #[must_use]
    pub const fn kib(count: usize) -> Self {
        Self(count << 10)
    }

    /// So many times 1,024 × 1,024 bytes.
    #[must_use]
    pub const fn mib(count: usize) -> Self {
        Self(count << 20)
    }

    /// The number of bytes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        self.0
    }
}

impl FromStr for ByteSize {
    type Err = NotAByteSize;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let unit_at = text.find(|c: char| c.is_ascii_alphabetic())?;
            let (number, unit) = text.split_at(unit_at);
            let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
            number.trim_end().parse::<usize>().ok()?.checked_mul(*factor)
        };
        parse().map(Self).ok_or_else(|| NotAByteSize(text.to_owned()))
    }
}

impl TryFrom<String> for ByteSize {
    type Error = NotAByteSize;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ByteSize> for String {
    fn from(size: ByteSize) -> Self {
        size.to_string()
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, factor) = UNITS
            .into_iter()
            .find(|(_, factor)| self.0 != 0 && self.0.is_multiple_of(*factor))
            .unwrap_or(("B", 1));
        write!(f, "{}{unit}", self.0 / factor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_reads_as_it_is_written() {
        for text in ["0B", "1B", "1000B", "64KiB", "3MiB", "2GiB"] {
            assert_eq!(text.parse::<ByteSize>().unwrap().to_string(), text);
        }
        assert_eq!("64 KiB".parse(), Ok(ByteSize::kib(64)));
        assert_eq!("1024KiB".parse(), Ok(ByteSize::mib(1)));
    }

    #[test]
    fn what_has_no_unit_or_does_not_fit_is_refused() {
        for text in [
            "",
            "64",
            "KiB",
            "64kb",
            "64KB",
            "-1KiB",
            "1.5MiB",
            "99999999999999999999B",
            "18014398509481984KiB",
        ] {
            assert_eq!(text.parse::<ByteSize>(), Err(NotAByteSize(text.to_owned())));
        }
    }
}
