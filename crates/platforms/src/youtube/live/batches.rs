//! What calls bring, and what there is to say.

use jiff::Timestamp;
use stagedoor_domain::{EventKind, EventReport, Platform, StreamFacts};

use super::reader::Reader;
use crate::{
    Batch, Link,
    fit::fit,
    youtube::message::{self, Item},
};

impl Reader {
    /// What a call has brought, if it is anything.
    pub(super) fn batch(
        &mut self,
        items: Vec<serde_json::Value>,
        next_page: Option<String>,
        offline_at: Option<String>,
    ) -> Option<Batch> {
        let now = Timestamp::now();
        let mut reports = Vec::with_capacity(items.len());
        for item in items {
            match message::parse(item, now) {
                Item::Report(mut report) => {
                    report.replayed = self.history_before.is_some_and(|at| report.occurred_at < at);
                    reports.push(*report);
                }
                Item::Ended => self.ended = true,
            }
        }
        let offline_at = offline_at.filter(|at| !at.is_empty());
        if self.ended || offline_at.is_some() {
            self.ended = true;
            let at = offline_at.and_then(|at| at.parse().ok()).unwrap_or(now);
            reports.push(self.off_air(at));
        }
        if let Some(page) = next_page.filter(|page| !page.is_empty()) {
            self.cursor = Some(page.into());
        }
        let link = self.news();
        (link.is_some() || !reports.is_empty()).then(|| Batch {
            reports,
            cursor: self.cursor.clone(),
            link,
        })
    }

    /// It is off air. Both the chat's end and the broadcast's say so: it is one event.
    pub(super) fn off_air(&self, at: Timestamp) -> EventReport {
        let broadcast = self.resume.broadcast.as_ref().map_or("", |broadcast| &broadcast.id);
        let key = format!("youtube:offline:{broadcast}");
        let mut report = EventReport::new(Platform::YouTube, EventKind::StreamOffline, at, key);
        report.stream = Some(StreamFacts { ended_at: Some(at), ..StreamFacts::default() });
        fit(report, Timestamp::now())
    }

    /// What has become of the connection, if it was not told yet. Before anything works there is nothing to tell but
    /// that nothing will.
    pub(super) fn news(&mut self) -> Option<Link> {
        let link = self.health.link();
        let is_news = self.told.as_ref() != Some(&link);
        let is_known = self.open.is_some() || self.told.is_some() || link != Link::Connected;
        (is_news && is_known).then(|| {
            self.told = Some(link.clone());
            link
        })
    }
}
