//! A platform that does as it is told.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use futures_util::future::{self, BoxFuture};
use jiff::Timestamp;
use secrecy::SecretString;
use stagedoor_budget::BudgetReport;
use stagedoor_domain::{Metadata, Platform as PlatformId};
use stagedoor_platforms::{
    AccountAccess, Applied, Batch, Broadcast, BroadcastPlan, Capabilities, ChatMessage, ChatSource,
    Connection, Disconnect, Error, Identity, Ingest, Link, Moderated, ModerationAct, OAuth,
    OAuthConfig, Place, Platform, Replay, Reply, Resume, Sent, TimeoutUnit,
};
use tokio::sync::mpsc;

use super::follow;

const TWITCH: Capabilities = Capabilities {
    chat: ChatSource::Push,
    needs_broadcast: false,
    replay: Replay::None,
    send_chars: Some(20),
    reply: true,
    delete_message: true,
    ban: true,
    timeout: Some(TimeoutUnit::Seconds),
    title: true,
    description: false,
    category: true,
    tags: true,
    broadcasts: false,
    viewers_batch: None,
    validate_every: None,
};

const YOUTUBE: Capabilities = Capabilities {
    needs_broadcast: true,
    replay: Replay::Full,
    broadcasts: true,
    send_chars: None,
    ..TWITCH
};

pub(super) struct Scripted {
    id: PlatformId,
    capabilities: &'static Capabilities,
    oauth: OAuth,
    world: Arc<Mutex<Said>>,
}

/// What it was asked and told.
#[derive(Default)]
pub(super) struct Said {
    /// From where it was read.
    pub(super) resumed: Vec<Resume>,
    line: Option<mpsc::UnboundedSender<Result<Batch, Disconnect>>>,
    /// All that happened on a platform that sends again what was missed: a connection begins at its cursor, and is cut
    /// off after so many batches.
    pub(super) log: Option<Vec<Box<str>>>,
    pub(super) cut_after: VecDeque<usize>,
    /// How the next attempts to connect go wrong.
    pub(super) no_connection: VecDeque<Disconnect>,
    pub(super) start_fails: VecDeque<Error>,
    /// The next start does its work and its answer is lost.
    pub(super) start_is_lost: bool,
    pub(super) end_fails: VecDeque<Error>,
    pub(super) send_fails: VecDeque<Error>,
    pub(super) sent: Vec<Box<str>>,
    pub(super) acts: Vec<ModerationAct>,
    pub(super) starts: Vec<BroadcastPlan>,
    /// All that were ever made: whether it is under way.
    pub(super) broadcasts: Vec<(Timestamp, bool)>,
}

impl Scripted {
    pub(super) fn twitch() -> Arc<Self> {
        Self::new(PlatformId::Twitch, &TWITCH)
    }

    pub(super) fn youtube() -> Arc<Self> {
        Self::new(PlatformId::YouTube, &YOUTUBE)
    }

    fn new(id: PlatformId, capabilities: &'static Capabilities) -> Arc<Self> {
        let url = || "http://127.0.0.1:1/".parse().unwrap();
        let config = OAuthConfig {
            platform: id.clone(),
            client_id: "id".into(),
            client_secret: "secret".to_owned().into(),
            authorize_url: url(),
            token_url: url(),
            revoke_url: None,
            revoke_in_query: false,
            long_lived_by: None,
            scopes: &[],
            scope_separator: " ",
            pkce: false,
            authorize_extra: &[],
        };
        let http = stagedoor_platforms::http_client().unwrap();
        let oauth = OAuth::new(config, http);
        Arc::new(Self { id, capabilities, oauth, world: Arc::default() })
    }

    pub(super) fn said(&self) -> MutexGuard<'_, Said> {
        self.world.lock().unwrap()
    }

    /// Says something on the present connection. Whether there is one.
    pub(super) fn say(&self, batch: impl Into<Batch>) -> bool {
        let line = self.said().line.clone();
        line.is_some_and(|line| line.send(Ok(batch.into())).is_ok())
    }

    pub(super) fn cut(&self, disconnect: Disconnect) {
        let line = self.said().line.clone();
        let _ = line.expect("there is a connection").send(Err(disconnect));
    }

    pub(super) fn connects(&self) -> usize {
        self.said().resumed.len()
    }

    pub(super) fn live_broadcasts(&self) -> usize {
        self.said().broadcasts.iter().filter(|(_, live)| *live).count()
    }
}

pub(super) fn lost(reason: &str) -> Disconnect {
    Disconnect::Lost { reason: reason.into(), retry_after: None }
}

/// A connection to the log, from a place in it.
struct LogLine {
    world: Arc<Mutex<Said>>,
    at: usize,
    batches_left: usize,
    greeted: bool,
}

impl Connection for LogLine {
    fn next(&mut self) -> BoxFuture<'_, Result<Batch, Disconnect>> {
        Box::pin(async move {
            if !std::mem::replace(&mut self.greeted, true) {
                return Ok(Link::Connected.into());
            }
            self.batches_left =
                self.batches_left.checked_sub(1).ok_or_else(|| lost("the line is cut"))?;
            loop {
                // One more than what is new, as platforms do that count in seconds.
                let from = self.at.saturating_sub(1);
                let keys: Vec<Box<str>> = {
                    let said = self.world.lock().unwrap();
                    said.log.iter().flatten().skip(from).take(4).cloned().collect()
                };
                if from + keys.len() > self.at {
                    self.at = from + keys.len();
                    let reports = keys.into_iter().map(|key| follow(&key)).collect();
                    let cursor = Some(self.at.to_string().into());
                    return Ok(Batch { reports, cursor, link: None });
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
    }
}

struct Line {
    greeted: bool,
    rx: mpsc::UnboundedReceiver<Result<Batch, Disconnect>>,
    refused: Option<Disconnect>,
}

impl Connection for Line {
    fn next(&mut self) -> BoxFuture<'_, Result<Batch, Disconnect>> {
        Box::pin(async move {
            if let Some(refused) = self.refused.take() {
                return Err(refused);
            }
            if !std::mem::replace(&mut self.greeted, true) {
                return Ok(Link::Connected.into());
            }
            self.rx.recv().await.unwrap_or_else(|| Err(lost("the line is gone")))
        })
    }
}

impl std::fmt::Debug for Scripted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Scripted").field(&self.id).finish()
    }
}

fn done<'a, T: Send + 'a>(outcome: Result<T, Error>) -> Reply<'a, T> {
    Box::pin(future::ready(outcome))
}

impl Platform for Scripted {
    fn id(&self) -> PlatformId {
        self.id.clone()
    }

    fn capabilities(&self) -> &'static Capabilities {
        self.capabilities
    }

    fn oauth(&self) -> &OAuth {
        &self.oauth
    }

    fn identify<'a>(&'a self, _token: &'a SecretString) -> Reply<'a, Identity> {
        done(Err(Error::NotFound))
    }

    fn validate<'a>(&'a self, _account: &'a AccountAccess) -> Reply<'a, ()> {
        done(Ok(()))
    }

    fn connect(&self, _account: &AccountAccess, resume: Resume) -> Box<dyn Connection> {
        let (tx, rx) = mpsc::unbounded_channel();
        let mut said = self.said();
        let at = resume.cursor.as_deref().map_or(0, |cursor| cursor.parse().unwrap_or(0));
        said.resumed.push(resume);
        if said.log.is_some() {
            let batches_left = said.cut_after.pop_front().unwrap_or(usize::MAX);
            let world = Arc::clone(&self.world);
            return Box::new(LogLine { world, at, batches_left, greeted: false });
        }
        said.line = Some(tx);
        Box::new(Line { greeted: false, rx, refused: said.no_connection.pop_front() })
    }

    fn start_broadcast<'a>(
        &'a self,
        _account: &'a AccountAccess,
        plan: &'a BroadcastPlan,
    ) -> Reply<'a, (Broadcast, Ingest)> {
        let mut said = self.said();
        said.starts.push(plan.clone());
        if let Some(error) = said.start_fails.pop_front() {
            return done(Err(error));
        }
        let found = said.broadcasts.iter().position(|(at, _)| plan.again && *at == plan.planned_at);
        let id = found.unwrap_or_else(|| {
            said.broadcasts.push((plan.planned_at, true));
            said.broadcasts.len() - 1
        });
        if std::mem::take(&mut said.start_is_lost) {
            return done(Err(Error::Unclear { what: "nothing".into() }));
        }
        let ingest = Ingest {
            url: format!("rtmps://{}.example/{id}", self.id).into(),
            stream_key: format!("key-{id}").into(),
        };
        done(Ok((broadcast(id), ingest)))
    }

    fn find_broadcast<'a>(
        &'a self,
        _account: &'a AccountAccess,
        plan: &'a BroadcastPlan,
    ) -> Reply<'a, Option<Broadcast>> {
        let said = self.said();
        let found = said.broadcasts.iter().position(|(at, _)| *at == plan.planned_at);
        done(Ok(found.map(broadcast)))
    }

    fn end_broadcast<'a>(
        &'a self,
        _account: &'a AccountAccess,
        broadcast: &'a Broadcast,
    ) -> Reply<'a, ()> {
        let mut said = self.said();
        if let Some(error) = said.end_fails.pop_front() {
            return done(Err(error));
        }
        let id: usize = broadcast.id.parse().unwrap();
        said.broadcasts[id].1 = false;
        done(Ok(()))
    }

    fn send_chat<'a>(&'a self, _place: Place<'a>, message: &'a ChatMessage) -> Reply<'a, Sent> {
        let mut said = self.said();
        if let Some(error) = said.send_fails.pop_front() {
            return done(Err(error));
        }
        said.sent.push(message.text.clone());
        done(Ok(Sent { message_id: format!("m{}", said.sent.len()).into() }))
    }

    fn moderate<'a>(&'a self, _place: Place<'a>, act: &'a ModerationAct) -> Reply<'a, Moderated> {
        self.said().acts.push(act.clone());
        let bans = matches!(act, ModerationAct::Ban { .. });
        let ban_id = bans.then(|| "the ban's own id".into());
        done(Ok(Moderated { ban_id, duration: Some(Duration::from_mins(1)) }))
    }

    fn update_metadata<'a>(
        &'a self,
        _place: Place<'a>,
        _metadata: &'a Metadata,
    ) -> Reply<'a, Applied> {
        done(Ok(Applied::default()))
    }

    fn budgets(&self) -> Vec<BudgetReport> {
        Vec::new()
    }
}

fn broadcast(id: usize) -> Broadcast {
    Broadcast { id: id.to_string().into(), chat_id: None, stream_id: None, watch_url: None }
}
