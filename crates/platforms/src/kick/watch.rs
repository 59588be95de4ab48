//! What looking at a channel tells: the difference between what was seen last and what is there now.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stagedoor_domain::{EventKind, EventReport, Platform};

use super::{
    channel::Channel,
    on_air::{About, OnAir},
    titles::Listener,
};
use crate::{Batch, fit::fit};

/// What was seen last, as it is kept between connections.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    /// Since when it is on air, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    since: Option<i64>,
    /// What it is called and about.
    about: Box<str>,
}

/// Looks at a channel.
#[derive(Debug)]
pub(crate) struct Watch {
    account: Box<str>,
    listener: Listener,
    seen: Option<Seen>,
    /// A title that no delivery has told yet: it may be under way.
    untold: Option<Box<str>>,
}

impl Watch {
    /// From where another one has stopped. A cursor that cannot be read is none.
    pub(crate) fn new(account: &str, listener: Listener, cursor: Option<&str>) -> Self {
        let seen = cursor.and_then(|cursor| serde_json::from_str(cursor).ok());
        Self { account: account.into(), listener, seen, untold: None }
    }

    /// What is new about it. None where nothing is, also nothing to be kept.
    pub(crate) fn look(&mut self, channel: &Channel, now: Timestamp) -> Option<Batch> {
        let live = channel.live?;
        let since = if live { Some(channel.started_at?.as_second()) } else { None };
        let mut reports = self.on_air(since, &channel.about, now);
        let about = channel.about.digest();
        let is_new = self.seen.as_ref().is_some_and(|seen| seen.about != about);
        let about = match &self.seen {
            Some(seen) if is_new && !self.listener.was_told(&about) => {
                if self.untold.as_ref() == Some(&about) {
                    self.untold = None;
                    reports.push(self.updated(&about, channel.about.clone(), now));
                    about
                } else {
                    let before = seen.about.clone();
                    self.untold = Some(about);
                    before
                }
            }
            _ => {
                self.untold = None;
                about
            }
        };
        let seen = Seen { since, about };
        if reports.is_empty() && self.seen.as_ref() == Some(&seen) {
            return None;
        }
        let cursor = serde_json::to_string(&seen).expect("texts and numbers become JSON");
        self.seen = Some(seen);
        let reports = reports.into_iter().map(|report| fit(report, now)).collect();
        Some(Batch { reports, cursor: Some(cursor.into()), link: None })
    }

    /// One livestream has ended, another one begun.
    fn on_air(&self, since: Option<i64>, about: &About, now: Timestamp) -> Vec<EventReport> {
        let before = self.seen.as_ref().and_then(|seen| seen.since);
        if before == since {
            return Vec::new();
        }
        let stream = |since: i64| OnAir {
            broadcaster: &self.account,
            since: Timestamp::from_second(since).ok(),
        };
        let ended = before.map(|since| stream(since).offline(None, now));
        let begun = since.map(|since| {
            let mut report = stream(since).online(now);
            let facts = report.stream.get_or_insert_default();
            facts.title.clone_from(&about.title);
            facts.category.clone_from(&about.category);
            report
        });
        ended.into_iter().chain(begun).collect()
    }

    fn updated(&self, digest: &str, about: About, now: Timestamp) -> EventReport {
        let kind = EventKind::StreamUpdated;
        let key = format!("kick:{kind}:{}:{digest}:{}", self.account, now.as_second());
        let mut report = EventReport::new(Platform::Kick, kind, now, key);
        report.stream = Some(about.facts());
        report
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::kick::titles::Titles;

    const NOW: Timestamp = Timestamp::constant(1_795_370_400, 0);

    struct Scene {
        titles: Arc<Titles>,
        watch: Watch,
    }

    impl Scene {
        fn new(cursor: Option<&str>) -> Self {
            let titles = Arc::new(Titles::default());
            let watch = Watch::new("7", titles.listen("7"), cursor);
            Self { titles, watch }
        }

        fn look(&mut self, began: Option<&str>, title: &str) -> Option<(Vec<String>, Box<str>)> {
            let channel = Channel::read(&channel(began, title)).unwrap();
            let batch = self.watch.look(&channel, NOW)?;
            let keys = batch.reports.into_iter().map(|report| report.dedupe_key.into());
            Some((keys.collect(), batch.cursor.unwrap()))
        }
    }

    fn channel(began: Option<&str>, title: &str) -> Value {
        let began_at = began.unwrap_or("0001-01-01T00:00:00Z");
        json!({
            "broadcaster_user_id": 7,
            "stream_title": title,
            "stream": { "is_live": began.is_some(), "start_time": began_at },
        })
    }

    const A: Option<&str> = Some("2026-11-22T19:00:00+01:00");
    const B: Option<&str> = Some("2026-11-22T20:00:00Z");
    const ON_A: &str = "kick:stream.online:7:1795370400";
    const OFF_A: &str = "kick:stream.offline:7:1795370400";
    const ON_B: &str = "kick:stream.online:7:1795377600";

    #[test]
    fn a_stream_that_comes_and_goes_is_told_by_when_it_began() {
        let mut scene = Scene::new(None);
        assert_eq!(scene.look(None, "Tea").unwrap().0, [""; 0]);
        assert_eq!(scene.look(None, "Tea"), None);
        assert_eq!(scene.look(A, "Tea").unwrap().0, [ON_A]);
        assert_eq!(scene.look(A, "Tea"), None);
        assert_eq!(scene.look(B, "Tea").unwrap().0, [OFF_A, ON_B]);
        assert_eq!(scene.look(None, "Tea").unwrap().0.len(), 1);
    }

    #[test]
    fn the_cursor_tells_what_ended_while_nobody_looked() {
        let (_, cursor) = Scene::new(None).look(A, "Tea").unwrap();
        assert_eq!(Scene::new(Some(&cursor)).look(None, "Tea").unwrap().0, [OFF_A]);
        assert_eq!(Scene::new(Some(&cursor)).look(A, "Tea"), None);
        assert_eq!(Scene::new(Some("not ours")).look(A, "Tea").unwrap().0, [ON_A]);
    }

    #[test]
    fn a_title_that_was_delivered_is_not_told_again() {
        let mut scene = Scene::new(None);
        scene.look(A, "Tea");
        scene.titles.tell("7", &About { title: Some("Coffee".into()), category: None });
        assert_eq!(scene.look(A, "Coffee").unwrap().0, [""; 0]);
        assert_eq!(scene.look(A, "Coffee"), None);
    }

    #[test]
    fn a_title_that_is_never_delivered_is_told_at_the_second_look() {
        let mut scene = Scene::new(None);
        scene.look(A, "Tea");
        assert_eq!(scene.look(A, "Coffee"), None);
        let (keys, _) = scene.look(A, "Coffee").unwrap();
        assert!(keys[0].starts_with("kick:stream.updated:7:"), "{keys:?}");
        assert_eq!(scene.look(A, "Coffee"), None);
    }

    #[test]
    fn what_does_not_say_whether_it_is_on_air_says_nothing() {
        let mut scene = Scene::new(None);
        let silent = Channel::read(&json!({ "broadcaster_user_id": 7 })).unwrap();
        assert_eq!(scene.watch.look(&silent, NOW), None);
        let mut timeless = channel(A, "Tea");
        timeless["stream"]["start_time"] = Value::Null;
        assert_eq!(scene.watch.look(&Channel::read(&timeless).unwrap(), NOW), None);
    }
}
