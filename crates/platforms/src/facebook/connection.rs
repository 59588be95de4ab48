//! What stands for a connection: comments, status and reactions of a live video, asked for again and again.
//!
//! ```text
//!        ┌──────────── busy 2 s … idle 10 s, longer where the limits are near ────────────┐
//! next ──┤ comments (see `poll`)                          ──▶ reports, cursor, Link        │
//!        │ every 15 s: status and reactions of the video  ──▶ reports; over? ── drain ──▶ Ended
//!        └────────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! Everything that was read is kept in here until it is answered, and nothing changes between two answers of Facebook:
//! a call that is dropped loses nothing.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde_json::Value;
use stagedoor_domain::EventReport;
use tokio::time::{Instant, sleep_until};
use tracing::debug;

use super::{
    Inner,
    comment::{Comment, FIELDS},
    fault::is_about_a_parameter,
    pace::Pace,
    poll::{Poll, Question},
    video::{LiveVideo, STANDING, Stage, offline, reaction_fields},
    wire::Listed,
};
use crate::{
    AccountAccess, Batch, Broadcast, Connection, Disconnect, Error, Link, Priority, Resume,
    http::Call,
};

/// Comments in an answer.
const PAGE_SIZE: &str = "100";

/// The longest answer, in bytes: comments have at most 8,000 characters.
const LIMIT: usize = 8 * 1024 * 1024;

/// Answers that may fail one after the other before the connection is lost.
const PATIENCE: u32 = 2;

#[expect(clippy::struct_excessive_bools, reason = "each holds independently of the others")]
pub(super) struct Polled {
    facebook: Arc<Inner>,
    account: AccountAccess,
    broadcast: Option<Broadcast>,
    poll: Poll,
    pace: Pace,
    /// What is older is history; none where reading goes on.
    born: Option<Timestamp>,
    /// What was told of the link.
    told: Option<Link>,
    /// Comments of low quality come, too.
    all_comments: bool,
    reactions: bool,
    /// The counts of reactions that were told, by their keys.
    reacted: BTreeMap<Box<str>, u32>,
    /// The video was seen.
    seen: bool,
    online: bool,
    failures: u32,
    ending: Ending,
}

/// Whether the video is over, and what is left to be told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    No,
    /// One round of comments is left.
    Draining,
    Told,
}

impl Polled {
    pub(super) fn new(facebook: Arc<Inner>, account: AccountAccess, resume: Resume) -> Self {
        let poll = Poll::new(resume.cursor.as_deref());
        // Facebook's times are of whole seconds.
        let born = Timestamp::from_second(Timestamp::now().as_second()).ok();
        Self {
            poll,
            pace: Pace::new(facebook.polling),
            born: born.filter(|_| resume.cursor.is_none()),
            facebook,
            account,
            broadcast: resume.broadcast,
            told: None,
            all_comments: true,
            reactions: true,
            reacted: BTreeMap::new(),
            seen: false,
            online: false,
            failures: 0,
            ending: Ending::No,
        }
    }

    async fn read_on(&mut self) -> Result<Batch, Disconnect> {
        let Some(video) = self.broadcast.as_ref().map(|broadcast| broadcast.id.clone()) else {
            return Err(Disconnect::Ended);
        };
        while self.ending != Ending::Told {
            sleep_until(self.pace.next()).await;
            let result = if self.ending == Ending::No && self.pace.status_is_due(Instant::now()) {
                self.look(&video).await
            } else {
                self.read(&video).await
            };
            let batch = match result {
                Ok(batch) => {
                    self.failures = 0;
                    batch
                }
                Err(error) => self.endure(error)?,
            };
            let batch = self.with_link(batch);
            if !batch.reports.is_empty() || batch.link.is_some() {
                return Ok(batch);
            }
        }
        Err(Disconnect::Ended)
    }

    /// Asks for comments.
    async fn read(&mut self, video: &str) -> Result<Batch, Error> {
        let question = self.poll.question(&self.facebook.polling);
        let call = self.comments(video, question);
        let listed: Listed<Value> = self.facebook.graph.ask(call).await?;
        let (now, page) = (Timestamp::now(), &*self.account.external_id);
        let after = listed.after().map(Box::<str>::from);
        let comments = listed.data.into_iter().map(|raw| Comment::read(raw, page, now)).collect();
        let read = self.poll.take(comments, after.as_deref(), &self.facebook.polling);
        let mut reports = read.reports;
        for report in &mut reports {
            report.replayed = self.born.is_some_and(|born| report.occurred_at < born);
        }
        self.seen = true;
        if let Some(fresh) = read.complete {
            if self.pace.round_is_complete(fresh, Instant::now()) {
                self.poll.sweep_next();
            }
            if self.ending == Ending::Draining {
                self.ending = Ending::Told;
                reports.push(offline(video, now));
            }
        }
        Ok(Batch { reports, cursor: self.poll.cursor(), link: None })
    }

    fn comments(&self, video: &str, question: Question) -> Call<'_> {
        let graph = &self.facebook.graph;
        let mut call = graph
            .question(&[video, "comments"], &self.account, Priority::Chat)
            .query("filter", "stream")
            .query("order", "chronological")
            .query("limit", PAGE_SIZE)
            .query("fields", FIELDS)
            .limit(LIMIT);
        if self.all_comments {
            call = call.query("live_filter", "no_filter");
        }
        if let Some(since) = question.since {
            call = call.query("since", since.to_string());
        }
        if let Some(after) = question.after {
            call = call.query("after", after.into_string());
        }
        call
    }

    /// Asks for the video's status and reactions.
    async fn look(&mut self, video: &str) -> Result<Batch, Error> {
        let fields = if self.reactions {
            format!("{STANDING},{}", reaction_fields())
        } else {
            STANDING.into()
        };
        let graph = &self.facebook.graph;
        let looked = graph.fields(&[video], &self.account, fields, Priority::Chat).await;
        let looked: LiveVideo = match looked {
            Err(error) if self.reactions && self.are_refused(&error) => {
                debug!(%error, "reactions of a live video are not granted");
                self.reactions = false;
                return Ok(Batch::default());
            }
            looked => looked?,
        };
        self.seen = true;
        self.pace.has_looked(Instant::now());
        let now = Timestamp::now();
        let mut reports: Vec<EventReport> = looked.reactions(now).collect();
        reports.retain(|report| {
            let told = self.reacted.entry(report.dedupe_key.clone()).or_default();
            let is_news = report.revision > *told;
            *told = report.revision.max(*told);
            is_news
        });
        match looked.stage() {
            Stage::Live if !self.online => {
                self.online = true;
                reports.push(looked.online(now));
            }
            Stage::Over => {
                self.ending = Ending::Draining;
                self.poll.restart_round();
                self.poll.sweep_next();
                self.pace.at_once(Instant::now());
            }
            Stage::Before | Stage::Live | Stage::Unknown => {}
        }
        Ok(Batch { reports, cursor: self.poll.cursor(), link: None })
    }

    fn are_refused(&self, error: &Error) -> bool {
        // A token without any permission fails at the comments, too.
        is_about_a_parameter(error) || (self.seen && matches!(error, Error::Forbidden { .. }))
    }

    /// What a failure comes to: another try, or the end.
    fn endure(&mut self, error: Error) -> Result<Batch, Disconnect> {
        let now = Instant::now();
        match error {
            Error::NeedsReauth { reason } | Error::Forbidden { reason } => {
                Err(Disconnect::NeedsReauth { reason })
            }
            // Somebody has deleted it.
            Error::NotFound if self.seen => {
                self.ending = Ending::Told;
                let video = self.broadcast.as_ref().map(|broadcast| &*broadcast.id);
                Ok(offline(video.unwrap_or_default(), Timestamp::now()).into())
            }
            Error::RateLimited { retry_after } => {
                self.pace.hold_back(retry_after, now);
                Ok(Batch::default())
            }
            error if is_about_a_parameter(&error) && self.all_comments => {
                debug!(%error, "comments of low quality are not to be had");
                self.all_comments = false;
                Ok(Batch::default())
            }
            // A page's cursor does not hold for ever.
            error if is_about_a_parameter(&error) && self.poll.restart_round() => {
                Ok(Batch::default())
            }
            error if error.is_outage() && self.seen && self.failures + 1 < PATIENCE => {
                self.failures += 1;
                self.pace.try_again(now);
                Ok(Batch::default())
            }
            error => Err(error.into()),
        }
    }

    /// Adds what became of the link, if that is news.
    fn with_link(&mut self, mut batch: Batch) -> Batch {
        let percent = self.facebook.graph.usages.percent(&self.account.external_id, Instant::now());
        self.pace.set_usage(percent);
        let link = if self.pace.is_held_back() {
            let reason = "Facebook takes no more calls of this page for a while".into();
            Link::Degraded { reason }
        } else if !self.seen {
            return batch;
        } else if self.pace.is_slow() {
            let reason = "Facebook's limit of calls is near: comments come more slowly".into();
            Link::Degraded { reason }
        } else if !self.all_comments {
            let reason = "Facebook leaves out comments that it finds of low quality".into();
            Link::Degraded { reason }
        } else {
            Link::Connected
        };
        if self.told.as_ref() != Some(&link) {
            self.told = Some(link.clone());
            batch.link = Some(link);
        }
        batch
    }
}

impl Connection for Polled {
    fn next(&mut self) -> BoxFuture<'_, Result<Batch, Disconnect>> {
        Box::pin(self.read_on())
    }
}
