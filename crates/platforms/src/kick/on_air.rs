//! Whether a channel is on air, and with what: told by deliveries and by polling, in the same words and with the same
//! keys, so that what both tell is one event.

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use stagedoor_domain::{EventKind, EventReport, Platform, StreamFacts};

/// A channel's livestream, by when it began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OnAir<'a> {
    pub(crate) broadcaster: &'a str,
    pub(crate) since: Option<Timestamp>,
}

impl OnAir<'_> {
    /// It is on air. `now` stands for its beginning where that is not known.
    pub(crate) fn online(&self, now: Timestamp) -> EventReport {
        self.report(EventKind::StreamOnline, None, self.since.unwrap_or(now))
    }

    /// It is not, since `ended`, or `now` where that is not known.
    pub(crate) fn offline(&self, ended: Option<Timestamp>, now: Timestamp) -> EventReport {
        self.report(EventKind::StreamOffline, ended, ended.unwrap_or(now))
    }

    fn report(&self, kind: EventKind, ended: Option<Timestamp>, at: Timestamp) -> EventReport {
        // To the second: that is what both tell.
        let since = self.since.map_or(0, Timestamp::as_second);
        let key = format!("kick:{kind}:{}:{since}", self.broadcaster);
        let mut report = EventReport::new(Platform::Kick, kind, at, key);
        report.stream =
            Some(StreamFacts { started_at: self.since, ended_at: ended, ..StreamFacts::default() });
        report
    }
}

/// What a stream is called and about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct About {
    pub(crate) title: Option<Box<str>>,
    pub(crate) category: Option<Box<str>>,
}

impl About {
    pub(crate) fn facts(self) -> StreamFacts {
        StreamFacts { title: self.title, category: self.category, ..StreamFacts::default() }
    }

    /// What tells it from another one, in 16 characters.
    pub(crate) fn digest(&self) -> Box<str> {
        let mut hash = Sha256::new();
        for part in [&self.title, &self.category] {
            let part = part.as_deref().unwrap_or_default().trim();
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
        let hash =
            hash.finalize().iter().take(8).fold(0, |sum: u64, byte| sum << 8 | u64::from(*byte));
        format!("{hash:016x}").into()
    }
}

impl From<&StreamFacts> for About {
    fn from(facts: &StreamFacts) -> Self {
        Self { title: facts.title.clone(), category: facts.category.clone() }
    }
}
