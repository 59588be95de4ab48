//! A chat that is read.
//!
//! ```text
//!          ┌── a call ends in good order: the next one goes on from nextPageToken, as soon as the ledger's pace allows ──┐
//!          ▼                                                                                                             │
//! ledger ──▶ StreamList by gRPC ── responses ──▶ Batch { reports, cursor } ──────────────────────────────────────────────┘
//!   │        └─ not offered there, or broken again and again: for a while
//!   └──────▶ liveChatMessages.list, as often as YouTube and the ledger allow, and Link::Degraded says so
//! ```
//!
//! Nothing is read ahead: what a call has for us waits in its HTTP/2 window until it is asked for. What was read before
//! somebody gave up waiting is answered the next time.

mod health;
mod pool;
mod trouble;

use std::{pin::Pin, sync::Arc, time::Duration};

use futures_util::{Stream, StreamExt as _, future::BoxFuture, stream};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use stagedoor_domain::{EventKind, EventReport, Platform, StreamFacts};
use tokio::time::{Instant, sleep_until, timeout};
use tonic::{Request, Status, Streaming, metadata::MetadataValue};
use tracing::debug;

use super::{
    Inner,
    api::Messages,
    message::{self, Item},
    proto::{
        LiveChatMessageListRequest, LiveChatMessageListResponse,
        v3_data_live_chat_message_service_client::V3DataLiveChatMessageServiceClient,
    },
    quota::{Seat, cost},
};
use crate::{
    AccessToken, AccountAccess, Batch, Connection, Disconnect, Error, Link, Priority, Resume,
    TokenError, fit::fit,
};
use health::Health;
pub(crate) use pool::{Place, Pool};
use trouble::{LOOK_AGAIN, Trouble};

/// After so many failures in a row chats are polled for a while.
const FAILURES: u32 = 3;

/// After so many polls in a row that were refused because there were too many calls, the connection is given up.
const MAX_THROTTLED: u32 = 6;

/// The longest wait before the ledger is asked again.
const LOOK_AT_LEDGER: Duration = Duration::from_secs(30);

/// A connection to a chat.
pub(crate) struct LiveChat(Pin<Box<dyn Stream<Item = Result<Batch, Disconnect>> + Send>>);

impl LiveChat {
    pub(crate) fn new(youtube: Arc<Inner>, account: &AccountAccess, resume: Resume) -> Self {
        let reader = Reader::new(youtube, account.clone(), resume);
        // The stream keeps what a call of `next` was in the midst of when it was dropped.
        Self(Box::pin(stream::unfold(reader, |mut reader| async {
            let next = reader.next().await;
            Some((next, reader))
        })))
    }
}

impl Connection for LiveChat {
    fn next(&mut self) -> BoxFuture<'_, Result<Batch, Disconnect>> {
        Box::pin(async { self.0.next().await.unwrap_or(Err(Disconnect::Ended)) })
    }
}

/// A call that streams, and its place on a connection.
struct Open {
    messages: Streaming<LiveChatMessageListResponse>,
    _place: Place,
}

struct Reader {
    youtube: Arc<Inner>,
    account: AccountAccess,
    resume: Resume,
    chat: Option<Box<str>>,
    /// Where the next call goes on.
    cursor: Option<Box<str>>,
    /// What is older was there before us.
    history_before: Option<Timestamp>,
    open: Option<Open>,
    /// When the last call was made.
    called_at: Option<Instant>,
    /// When the next one may be made, whatever the ledger says.
    not_before: Option<Instant>,
    /// Until when the chat is polled.
    poll_until: Option<Instant>,
    /// Calls in a row that came to nothing.
    failures: u32,
    /// Refusals in a row because there were too many.
    throttled: u32,
    /// The token was renewed and has not worked since.
    renewed: bool,
    health: Health,
    told: Option<Link>,
    ended: bool,
    _seat: Seat,
}

impl Reader {
    fn new(youtube: Arc<Inner>, account: AccountAccess, resume: Resume) -> Self {
        Self {
            chat: resume.broadcast.as_ref().and_then(|its| its.chat_id.clone()),
            cursor: resume.cursor.clone(),
            history_before: None,
            open: None,
            called_at: None,
            not_before: None,
            poll_until: None,
            failures: 0,
            throttled: 0,
            renewed: false,
            health: Health::default(),
            told: None,
            ended: false,
            _seat: youtube.ledger.take_seat(),
            youtube,
            account,
            resume,
        }
    }

    async fn next(&mut self) -> Result<Batch, Disconnect> {
        let chat = self.chat().await?;
        if self.cursor.is_none() && self.history_before.is_none() {
            self.history_before = Some(Timestamp::now());
        }
        loop {
            if self.ended {
                return Err(Disconnect::Ended);
            }
            let batch = if let Some(open) = &mut self.open {
                match open.messages.message().await {
                    Ok(Some(response)) => {
                        self.works();
                        self.health.polled = None;
                        let items = response.items.into_iter().map(message::json);
                        self.batch(items.collect(), response.next_page_token, response.offline_at)
                    }
                    Ok(None) => {
                        self.open = None;
                        continue;
                    }
                    Err(status) => {
                        self.open = None;
                        self.fail(Trouble::from(status)).await?
                    }
                }
            } else if self.wait().await {
                self.call(&chat).await?
            } else {
                None
            };
            if let Some(batch) = batch.or_else(|| self.news().map(Batch::from)) {
                return Ok(batch);
            }
        }
    }

    /// Which chat it is.
    async fn chat(&mut self) -> Result<Box<str>, Disconnect> {
        if let Some(chat) = &self.chat {
            return Ok(chat.clone());
        }
        let Some(broadcast) = &self.resume.broadcast else { return Err(Disconnect::Ended) };
        let chat = self.youtube.api.chat_of(&self.account, &broadcast.id).await?;
        let chat = chat.ok_or(Disconnect::Lost {
            reason: "the broadcast has no chat".into(),
            retry_after: Some(LOOK_AGAIN),
        })?;
        self.chat = Some(chat.as_str().into());
        Ok(chat.into())
    }

    /// Waits until the next call may be made. False when there is something to tell, or to look at, before.
    async fn wait(&mut self) -> bool {
        let now = Instant::now();
        let pace = self.youtube.ledger.pace();
        let due = match pace {
            None => {
                self.health.exhausted();
                let midnight = now + self.youtube.ledger.until_midnight();
                Some(midnight.max(now + self.youtube.config.pause))
            }
            Some(pace) => {
                self.health.paced(pace);
                let pace = pace.max(self.youtube.config.pause);
                self.called_at.map(|at| at + pace).max(self.not_before)
            }
        };
        let Some(due) = due.filter(|due| *due > now) else { return true };
        if self.told.is_some() || pace.is_none() {
            let link = self.health.link();
            if self.told.as_ref() != Some(&link) {
                return false;
            }
        }
        let look = now + LOOK_AT_LEDGER;
        sleep_until(due.min(look)).await;
        due <= look && pace.is_some()
    }

    /// Makes the next call.
    async fn call(&mut self, chat: &str) -> Result<Option<Batch>, Disconnect> {
        let now = Instant::now();
        self.called_at = Some(now);
        self.not_before = None;
        if self.poll_until.is_some_and(|until| now < until) {
            return self.poll(chat).await;
        }
        self.poll_until = None;
        let token = self.account.tokens.token().await.map_err(no_token)?;
        let spent = self.youtube.ledger.spend(Priority::Chat, cost::STREAM_CHAT).await;
        let Ok(spent) = spent else { return self.fail(Trouble::NothingLeft).await };
        let opened = self.open_stream(chat, &token).await;
        match opened.map_err(Trouble::from) {
            Ok(open) => {
                self.open = Some(open);
                self.health.polled = None;
                Ok(None)
            }
            Err(Trouble::Unauthorized) => self.renew(token).await.map(|()| None),
            Err(trouble) => {
                if matches!(trouble, Trouble::NotReached(_)) {
                    spent.give_back();
                }
                self.fail(trouble).await
            }
        }
    }

    async fn open_stream(&self, chat: &str, token: &AccessToken) -> Result<Open, Status> {
        let place = self.youtube.pool.place();
        let mut request = Request::new(LiveChatMessageListRequest {
            live_chat_id: Some(chat.into()),
            page_token: self.cursor.as_deref().map(Into::into),
            part: ["id", "snippet", "authorDetails"].map(Into::into).to_vec(),
        });
        let bearer = format!("Bearer {}", token.secret.expose_secret());
        let mut bearer = MetadataValue::try_from(bearer)
            .map_err(|_| Status::unauthenticated("the token is not one"))?;
        bearer.set_sensitive(true);
        request.metadata_mut().insert("authorization", bearer);
        let mut client = V3DataLiveChatMessageServiceClient::new(place.channel.clone());
        let answer = timeout(self.youtube.config.open_timeout, client.stream_list(request)).await;
        let messages = answer
            .map_err(|_| Status::deadline_exceeded("there was no answer in time"))??
            .into_inner();
        Ok(Open { messages, _place: place })
    }

    /// Asks once for what is new.
    async fn poll(&mut self, chat: &str) -> Result<Option<Batch>, Disconnect> {
        let cursor = self.cursor.clone();
        let answer = self.youtube.api.messages(&self.account, chat, cursor.as_deref()).await;
        let Messages { items, next_page_token, offline_at, polling_interval_millis } = match answer
        {
            Ok(messages) => messages,
            Err(error) => {
                return match Trouble::from(&error) {
                    // Streaming does not work either: the connection is lost.
                    Trouble::Broken(_) => {
                        let forbidden = matches!(error, Error::Forbidden { .. });
                        Err(match Disconnect::from(error) {
                            Disconnect::Lost { reason, .. } if forbidden => {
                                Disconnect::Lost { reason, retry_after: Some(LOOK_AGAIN) }
                            }
                            disconnect => disconnect,
                        })
                    }
                    trouble => self.fail(trouble).await,
                };
            }
        };
        self.works();
        let pause = Duration::from_millis(polling_interval_millis.unwrap_or(0).into());
        self.not_before = Some(Instant::now() + pause);
        Ok(self.batch(items, next_page_token, offline_at))
    }

    /// A call came to something.
    fn works(&mut self) {
        self.failures = 0;
        self.throttled = 0;
        self.renewed = false;
        self.health.throttled = false;
    }

    /// A call came to nothing: what now?
    async fn fail(&mut self, trouble: Trouble) -> Result<Option<Batch>, Disconnect> {
        let lost = |reason: Box<str>, retry_after| Disconnect::Lost { reason, retry_after };
        debug!(?trouble, "a call for a chat came to nothing");
        match trouble {
            Trouble::Unauthorized => {
                let token = self.account.tokens.token().await.map_err(no_token)?;
                self.renew(token).await?;
            }
            Trouble::Ended => {
                self.ended = true;
                return Ok(Some(self.off_air(Timestamp::now()).into()));
            }
            Trouble::Disabled => {
                return Err(lost("the chat is switched off".into(), Some(LOOK_AGAIN)));
            }
            Trouble::NothingLeft => {
                if self.youtube.ledger.pace().is_some() {
                    // It is Google who says so.
                    self.youtube.ledger.use_up();
                }
                self.health.exhausted();
            }
            Trouble::TooFast => {
                self.throttled += 1;
                if self.throttled > MAX_THROTTLED {
                    return Err(lost("YouTube takes no more calls".into(), None));
                }
                self.health.throttled = true;
                self.back_off(self.throttled);
            }
            Trouble::Forgotten if self.cursor.is_some() => {
                // What is still known there comes again; what we have is told by its key.
                self.cursor = None;
                self.history_before = Some(Timestamp::now());
            }
            Trouble::Forgotten => return Err(lost("YouTube refuses the call".into(), None)),
            Trouble::Refused(why) => return Err(lost(why, Some(LOOK_AGAIN))),
            Trouble::NotStreamed => self.poll_because("YouTube does not stream it".into()),
            Trouble::NotReached(why) | Trouble::Broken(why) => {
                self.failures += 1;
                if self.failures >= FAILURES {
                    self.poll_because(why);
                } else {
                    self.back_off(self.failures);
                }
            }
        }
        Ok(None)
    }

    fn poll_because(&mut self, why: Box<str>) {
        self.failures = 0;
        self.called_at = None;
        self.poll_until = Some(Instant::now() + self.youtube.config.poll_for);
        self.health.polled = Some(why);
    }

    fn back_off(&mut self, failures: u32) {
        let pause = self.youtube.config.pause * 2u32.saturating_pow(failures.min(6) - 1);
        self.not_before = Some(Instant::now() + pause);
    }

    async fn renew(&mut self, refused: AccessToken) -> Result<(), Disconnect> {
        if self.renewed {
            let reason = "YouTube refuses the account's fresh token".into();
            return Err(Disconnect::Lost { reason, retry_after: Some(LOOK_AGAIN) });
        }
        self.renewed = true;
        self.account.tokens.renew(refused).await.map_err(no_token)?;
        // It was not the pace's fault.
        self.called_at = None;
        Ok(())
    }

    /// What a call has brought, if it is anything.
    fn batch(
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
    fn off_air(&self, at: Timestamp) -> EventReport {
        let broadcast = self.resume.broadcast.as_ref().map_or("", |broadcast| &broadcast.id);
        let key = format!("youtube:offline:{broadcast}");
        let mut report = EventReport::new(Platform::YouTube, EventKind::StreamOffline, at, key);
        report.stream = Some(StreamFacts { ended_at: Some(at), ..StreamFacts::default() });
        fit(report, Timestamp::now())
    }

    /// What has become of the connection, if it was not told yet. Before anything works there is nothing to tell but
    /// that nothing will.
    fn news(&mut self) -> Option<Link> {
        let link = self.health.link();
        let is_news = self.told.as_ref() != Some(&link);
        let is_known = self.open.is_some() || self.told.is_some() || link != Link::Connected;
        (is_news && is_known).then(|| {
            self.told = Some(link.clone());
            link
        })
    }
}

fn no_token(error: TokenError) -> Disconnect {
    Error::from(error).into()
}
