//! Pages: 50,000 users never become one giant answer.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The most rows of one answer.
pub const MAX_ROWS: usize = 500;

/// Which page: the first, or the one after a row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paging {
    /// The last page's [`Rows::next`]; none asks for the first page.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub after: Option<String>,
    /// How many rows; none, and everything above [`MAX_ROWS`], is [`MAX_ROWS`].
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub limit: Option<usize>,
}

impl Paging {
    /// The page after the row that `next` names.
    #[must_use]
    pub fn after(next: impl Into<String>) -> Self {
        Self { after: Some(next.into()), limit: None }
    }

    /// With at most `limit` rows.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = Some(limit);
        self
    }

    /// How many rows are given: at least one, or paging would not end.
    pub(crate) fn rows(&self) -> usize {
        self.limit.unwrap_or(MAX_ROWS).clamp(1, MAX_ROWS)
    }
}

/// Where an answer was read: a debugger says which source it reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Source {
    /// The presence tracker: who is here.
    Tracker,
    /// The supervisors' tables: what runs.
    Tree,
    /// `PresenceManager`'s queue of grace timers.
    PresenceManager,
    /// The actors themselves, each asked for its snapshot.
    Actors,
}

/// One page of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows<T> {
    /// Where it was read.
    pub source: Source,
    /// When it was read, in the daemon's time.
    pub observed_at: Timestamp,
    /// How many rows all pages have together, at that time.
    pub total: usize,
    /// The rows of this page.
    pub rows: Vec<T>,
    /// What [`Paging::after`] must be for the next page; none when this is the last.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<String>,
}

/// Cuts the page out of all rows' keys: those after the cursor, sorted, as many as a page has. The second value is the
/// cursor of the next page.
pub(crate) fn cut<K: AsRef<str>>(
    keys: impl IntoIterator<Item = K>,
    paging: &Paging,
) -> (Vec<K>, Option<String>) {
    let after = paging.after.as_deref();
    let mut keys: Vec<K> =
        keys.into_iter().filter(|key| after.is_none_or(|after| key.as_ref() > after)).collect();
    let limit = paging.rows();
    let more = keys.len() > limit;
    if more {
        // Sorting all of 50,000 for 500 of them would cost more than everything else here.
        keys.select_nth_unstable_by(limit, |a, b| a.as_ref().cmp(b.as_ref()));
        keys.truncate(limit);
    }
    keys.sort_unstable_by(|a, b| a.as_ref().cmp(b.as_ref()));
    let next = keys.last().filter(|_| more).map(|last| last.as_ref().to_owned());
    (keys, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_without_a_gap_or_a_double() {
        let all: Vec<String> = (0..1_234).map(|n| format!("user-{:04}", (n * 7) % 1_234)).collect();
        let mut seen = Vec::new();
        let mut paging = Paging::default().limit(100);
        let mut pages = 0;
        loop {
            let (page, next) = cut(all.clone(), &paging);
            assert!(page.len() <= 100);
            seen.extend(page);
            pages += 1;
            let Some(next) = next else { break };
            paging = Paging::after(next).limit(100);
        }
        let mut sorted = all;
        sorted.sort();
        assert_eq!(seen, sorted);
        assert_eq!(pages, 13);
    }

    #[test]
    fn a_page_that_holds_exactly_the_rest_is_the_last() {
        assert_eq!(cut(["a", "b"], &Paging::default().limit(2)), (vec!["a", "b"], None));
    }

    #[test]
    fn no_client_gets_more_than_the_limit_or_pages_for_ever() {
        assert_eq!(Paging::default().limit(1_000_000).rows(), MAX_ROWS);
        assert_eq!(Paging::default().limit(0).rows(), 1);
    }
}
