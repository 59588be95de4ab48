//! One call after another, each from where the last one ended.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use secrecy::ExposeSecret;
use tokio::time::{Instant, sleep_until, timeout};
use tonic::{Request, Status, Streaming, metadata::MetadataValue};

use super::{
    failures::no_token,
    health::Health,
    pool::Place,
    trouble::{LOOK_AGAIN, Trouble},
};
use crate::{
    AccessToken, AccountAccess, Batch, Disconnect, Error, Link, Priority, Resume,
    youtube::{
        Inner,
        api::Messages,
        message,
        proto::{
            LiveChatMessageListRequest, LiveChatMessageListResponse,
            v3_data_live_chat_message_service_client::V3DataLiveChatMessageServiceClient,
        },
        quota::{Seat, cost},
    },
};

/// The longest wait before the ledger is asked again.
const LOOK_AT_LEDGER: Duration = Duration::from_secs(30);

/// How long to wait from one poll to the next where YouTube does not say.
const POLL_EVERY: Duration = Duration::from_secs(5);

/// A call that streams, and its place on a connection.
pub(super) struct Open {
    messages: Streaming<LiveChatMessageListResponse>,
    _place: Place,
}

/// What reads it.
pub(super) struct Reader {
    pub(super) youtube: Arc<Inner>,
    pub(super) account: AccountAccess,
    pub(super) resume: Resume,
    pub(super) chat: Option<Box<str>>,
    /// Where the next call goes on.
    pub(super) cursor: Option<Box<str>>,
    /// What is older was there before us.
    pub(super) history_before: Option<Timestamp>,
    pub(super) open: Option<Open>,
    /// When the last call was made.
    pub(super) called_at: Option<Instant>,
    /// When the next one may be made, whatever the ledger says.
    pub(super) not_before: Option<Instant>,
    /// The next call was put off.
    waited: bool,
    /// Until when the chat is polled.
    pub(super) poll_until: Option<Instant>,
    /// Calls in a row that came to nothing.
    pub(super) failures: u32,
    /// Refusals in a row because there were too many.
    pub(super) throttled: u32,
    /// The token was renewed and has not worked since.
    pub(super) renewed: bool,
    pub(super) health: Health,
    pub(super) told: Option<Link>,
    pub(super) ended: bool,
    _seat: Seat,
}

impl Reader {
    pub(super) fn new(youtube: Arc<Inner>, account: AccountAccess, resume: Resume) -> Self {
        Self {
            chat: resume.broadcast.as_ref().and_then(|its| its.chat_id.clone()),
            cursor: resume.cursor.clone(),
            history_before: None,
            open: None,
            called_at: None,
            not_before: None,
            waited: false,
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

    pub(super) async fn next(&mut self) -> Result<Batch, Disconnect> {
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
        let pause = self.youtube.config.pause;
        let pace = self.youtube.ledger.pace();
        let due = match pace {
            None => now + self.youtube.ledger.until_midnight().max(pause),
            Some(pace) => {
                let due = self.called_at.map(|at| at + pace.max(pause)).max(self.not_before);
                due.unwrap_or(now)
            }
        };
        match pace {
            None => self.health.exhausted(),
            Some(pace) if due > now || self.waited => self.health.paced(pace),
            // The last call went on for longer than that: nobody has missed anything.
            Some(_) => self.health.paced(Duration::ZERO),
        }
        if due <= now {
            return true;
        }
        // Who has not heard anything yet hears first whether it works.
        let is_told = self.told.as_ref() == Some(&self.health.link());
        if !is_told && (self.told.is_some() || pace.is_none()) {
            return false;
        }
        self.waited = true;
        let look = now + LOOK_AT_LEDGER;
        sleep_until(due.min(look)).await;
        due <= look && pace.is_some()
    }

    /// Makes the next call.
    async fn call(&mut self, chat: &str) -> Result<Option<Batch>, Disconnect> {
        let now = Instant::now();
        self.called_at = Some(now);
        self.not_before = None;
        self.waited = false;
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
        let pause =
            polling_interval_millis.map_or(POLL_EVERY, |its| Duration::from_millis(its.into()));
        self.not_before = Some(Instant::now() + pause);
        Ok(self.batch(items, next_page_token, offline_at))
    }
}
