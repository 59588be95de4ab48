//! What is known of one session, and the reference by which it is told from all others.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    num::NonZeroU64,
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use stagedoor_domain::{Page, SessionId};

/// One session of a user, as Phoenix.Presence shows it in `metas`.
///
/// Serialises as `{"phx_ref", "phx_ref_prev", "session_id", "page", "joined_at"}`, without `phx_ref_prev` when there
/// is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Meta {
    /// Unique for ever; an update takes a new one.
    pub phx_ref: PhxRef,
    /// The reference that this one replaced, after an update.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phx_ref_prev: Option<PhxRef>,
    /// The session's own name: a tab's or a lease's.
    #[serde(rename = "session_id")]
    pub session: SessionId,
    /// What the session shows.
    pub page: Page,
    /// When the session came, in whole milliseconds. An update keeps it.
    pub joined_at: Timestamp,
}

/// A meta's reference: unique within the process by a counter, and among processes by the process's random prefix,
/// which only its text carries. So it costs 8 bytes where it is kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhxRef(NonZeroU64);

impl PhxRef {
    /// The next one: never given before and never again.
    pub(crate) fn next() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let number = LAST.fetch_add(1, Ordering::Relaxed) + 1;
        Self(NonZeroU64::new(number).expect("a counter from 1 takes centuries to wrap"))
    }
}

/// The digits of a reference's text: safe in URLs, JSON and logs.
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// 60 random bits: enough that no two processes, ever, share them in practice.
const PREFIX_DIGITS: usize = 10;

/// Of fixed length, so that prefix and counter need no separator to be unambiguous.
static PREFIX: LazyLock<String> = LazyLock::new(|| {
    // The keys of a `RandomState` come from the operating system's randomness.
    let mut bits = RandomState::new().hash_one("phx_ref");
    (0..PREFIX_DIGITS).map(|_| pop_digit(&mut bits)).collect()
});

fn pop_digit(bits: &mut u64) -> char {
    let digit = DIGITS[(*bits & 63) as usize];
    *bits >>= 6;
    char::from(digit)
}

impl fmt::Display for PhxRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&PREFIX)?;
        let mut bits = self.0.get();
        while bits != 0 {
            fmt::Write::write_char(f, pop_digit(&mut bits))?;
        }
        Ok(())
    }
}

impl fmt::Debug for PhxRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhxRef({self})")
    }
}

impl Serialize for PhxRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn references_differ_in_value_and_in_text() {
        let refs: Vec<PhxRef> = (0..10_000).map(|_| PhxRef::next()).collect();
        let texts: HashSet<String> = refs.iter().map(ToString::to_string).collect();
        assert_eq!(refs.iter().collect::<HashSet<_>>().len(), 10_000);
        assert_eq!(texts.len(), 10_000);
        assert!(texts.iter().all(|text| text.len() <= PREFIX_DIGITS + 4), "they are short");
    }

    #[test]
    fn a_meta_is_small() {
        assert_eq!(size_of::<Option<PhxRef>>(), 8);
        assert!(size_of::<Meta>() <= 64, "{} bytes", size_of::<Meta>());
    }
}
