//! EventSub by WebSocket: one socket for each account, which holds all its subscriptions.
//!
//! ```text
//!                    ┌ main ──┐ messages
//! Twitch ── sockets ─┤ fresh ─┼─────────▶ Session ── steps ──▶ subscribe, open, swap
//!                    └ old ───┘              │
//!                                            └ reports ──▶ Connection::next
//! ```
//!
//! <https://dev.twitch.tv/docs/eventsub/handling-websocket-events/>. A session that is lost loses its subscriptions
//! and what happens until the next one stands; of that, follows are listed afterwards.

mod backfill;
mod frame;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod recent;
mod session;
mod socket;
mod subscribe;
mod types;

use std::{collections::VecDeque, future::poll_fn, mem, sync::Arc, task::Poll, time::Duration};

use futures_util::{FutureExt, future::BoxFuture};
use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::{AccountAccess, Batch, Connection, Disconnect, Link, Resume, twitch::Inner};
use session::{Session, Side, Step};
use socket::Socket;
pub(crate) use socket::Sockets;
use subscribe::{SessionId, subscribe};
#[cfg(test)]
pub(crate) use types::TYPES;

/// How many reports are handed out together at most, when more of them are there already.
const BATCH: usize = 100;

/// How often the place up to which was read is told.
const CURSOR_EVERY: SignedDuration = SignedDuration::from_secs(60);

/// How long a socket that was left is read for what was sent before its end.
const LINGER: Duration = Duration::from_secs(5);

/// How many such sockets there may be. A new one for each move; who moves a session faster has lost count.
const MAX_OLD: usize = 4;

/// What is done beside reading.
type Work = BoxFuture<'static, Result<Done, Disconnect>>;

enum Done {
    Subscribed(Link),
    Listed(Batch),
}

/// A connection to an account's events.
pub(crate) struct EventSub {
    inner: Arc<Inner>,
    account: AccountAccess,
    session: Session,
    session_id: SessionId,
    main: Option<Line>,
    fresh: Option<Line>,
    old: Vec<(Socket, Instant)>,
    work: Option<Work>,
    ready: VecDeque<Batch>,
    /// Up to where an earlier connection has read.
    resume: Option<Timestamp>,
    cursor_at: Option<Timestamp>,
    state: State,
}

#[derive(Clone, Debug, PartialEq)]
enum State {
    New,
    Open,
    Over(Disconnect),
}

/// A socket, or what becomes one.
enum Line {
    Opening(BoxFuture<'static, Result<Socket, String>>),
    Open(Box<Socket>),
}

impl Line {
    /// The next message. Dropping the future loses nothing.
    async fn read(&mut self) -> Result<Utf8Bytes, String> {
        loop {
            match self {
                Self::Opening(socket) => *self = Self::Open(Box::new(socket.await?)),
                Self::Open(socket) => return socket.read().await,
            }
        }
    }
}

/// What is waited for.
enum Came {
    Message(Side, Result<Utf8Bytes, String>),
    Done(Result<Done, Disconnect>),
    Time,
}

impl Connection for EventSub {
    fn next(&mut self) -> BoxFuture<'_, Result<Batch, Disconnect>> {
        Box::pin(async move {
            loop {
                if let Some(batch) = self.ready.pop_front() {
                    return Ok(batch);
                }
                match &self.state {
                    State::New => self.start(),
                    State::Open => {}
                    State::Over(why) => return Err(why.clone()),
                }
                let came = self.wait().await;
                self.take(came);
                self.take_what_is_there();
            }
        })
    }
}

impl EventSub {
    pub(crate) fn new(inner: Arc<Inner>, account: AccountAccess, resume: &Resume) -> Self {
        let encrypted = inner.eventsub_url.starts_with("wss://");
        Self {
            session: Session::new(encrypted, Instant::now()),
            inner,
            account,
            session_id: SessionId::default(),
            main: None,
            fresh: None,
            old: Vec::new(),
            work: None,
            ready: VecDeque::new(),
            resume: resume.cursor.as_deref().and_then(|cursor| cursor.parse().ok()),
            cursor_at: None,
            state: State::New,
        }
    }

    fn start(&mut self) {
        self.state = State::Open;
        self.session = Session::new(self.inner.eventsub_url.starts_with("wss://"), Instant::now());
        self.main = Some(self.line(self.inner.eventsub_url.clone()));
    }

    fn line(&self, url: Box<str>) -> Line {
        Line::Opening(Box::pin(self.inner.sockets.clone().open(url)))
    }

    /// Waits for whatever comes first. Dropping the future loses nothing.
    async fn wait(&mut self) -> Came {
        let due = self.old.iter().map(|(_, until)| *until).chain(self.session.due()).min();
        let alarm = async {
            match due {
                Some(due) => sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // What was sent on the old sockets was sent first.
            biased;
            message = read_old(&mut self.old) => Came::Message(Side::Old, message),
            message = read(&mut self.main) => Came::Message(Side::Main, message),
            message = read(&mut self.fresh) => Came::Message(Side::Fresh, message),
            done = work(&mut self.work) => Came::Done(done),
            () = alarm => Came::Time,
        }
    }

    fn take(&mut self, came: Came) {
        let now = Instant::now();
        let step = match came {
            Came::Message(side, Ok(message)) => {
                self.session.message(side, &message, now, Timestamp::now())
            }
            Came::Message(side, Err(why)) => {
                match side {
                    Side::Main => self.main = None,
                    Side::Fresh => self.fresh = None,
                    // It has been taken out.
                    Side::Old => {}
                }
                self.session.gone(side, &why, now)
            }
            Came::Done(done) => {
                self.work = None;
                match done {
                    Ok(done) => self.done(done),
                    Err(why) => self.state = State::Over(why),
                }
                None
            }
            Came::Time => {
                self.old.retain(|(_, until)| *until > now);
                self.session.time(now)
            }
        };
        if let Some(step) = step {
            self.step(step, now);
        }
        self.tell_cursor();
    }

    /// Takes what has arrived meanwhile, so that much of it goes into one batch.
    fn take_what_is_there(&mut self) {
        while self.ready.back().is_some_and(|batch| batch.reports.len() < BATCH)
            && self.state == State::Open
        {
            let Some(message) = read(&mut self.main).now_or_never() else { return };
            self.take(Came::Message(Side::Main, message));
        }
    }

    fn step(&mut self, step: Step, now: Instant) {
        match step {
            Step::Report(report) => match self.ready.back_mut() {
                Some(batch) if batch.link.is_none() && batch.reports.len() < BATCH => {
                    batch.reports.push(*report);
                }
                _ => self.ready.push_back(Batch::from(*report)),
            },
            Step::Subscribe { session_id } => {
                self.session_id.set(&session_id);
                let (inner, account) = (Arc::clone(&self.inner), self.account.clone());
                let session_id = self.session_id.clone();
                self.work = Some(Box::pin(async move {
                    subscribe(inner, account, session_id).await.map(Done::Subscribed)
                }));
            }
            Step::Open { url } => self.fresh = Some(self.line(url)),
            Step::Swap { session_id } => {
                self.session_id.set(&session_id);
                let old = mem::replace(&mut self.main, self.fresh.take());
                if let Some(Line::Open(mut socket)) = old {
                    socket.close();
                    self.old.push((*socket, now + LINGER));
                    let too_many = self.old.len().saturating_sub(MAX_OLD);
                    self.old.drain(..too_many);
                }
            }
            Step::Link(link) => self.ready.push_back(link.into()),
            Step::End(why) => self.state = State::Over(why),
        }
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Subscribed(link) => {
                self.cursor_at = None;
                self.ready.push_back(link.into());
                if let Some(since) = self.resume.take() {
                    let (inner, account) = (Arc::clone(&self.inner), self.account.clone());
                    self.work = Some(Box::pin(async move {
                        Ok(Done::Listed(backfill::follows(&inner, &account, since).await))
                    }));
                }
            }
            Done::Listed(batch) if batch.reports.is_empty() => {}
            Done::Listed(batch) => self.ready.push_back(batch),
        }
    }

    /// Tells up to where was read, when it stands and no older follows are still to be listed.
    fn tell_cursor(&mut self) {
        let Some(seen_at) = self.session.seen_at().filter(|_| self.work.is_none()) else { return };
        let is_due = |told| seen_at.duration_since(told) >= CURSOR_EVERY;
        if self.state == State::Open && self.cursor_at.is_none_or(is_due) {
            self.cursor_at = Some(seen_at);
            let cursor = Some(seen_at.to_string().into());
            match self.ready.back_mut() {
                Some(batch) => batch.cursor = cursor,
                None => self.ready.push_back(Batch { cursor, ..Batch::default() }),
            }
        }
    }
}

async fn read(line: &mut Option<Line>) -> Result<Utf8Bytes, String> {
    match line {
        Some(line) => line.read().await,
        None => std::future::pending().await,
    }
}

async fn work(work: &mut Option<Work>) -> Result<Done, Disconnect> {
    match work {
        Some(work) => work.await,
        None => std::future::pending().await,
    }
}

/// The next message of any of them. One that has ended is taken out.
async fn read_old(old: &mut Vec<(Socket, Instant)>) -> Result<Utf8Bytes, String> {
    poll_fn(|context| {
        for at in 0..old.len() {
            let message = std::pin::pin!(old[at].0.read()).poll(context);
            if let Poll::Ready(message) = message {
                if message.is_err() {
                    old.remove(at);
                }
                return Poll::Ready(message);
            }
        }
        Poll::Pending
    })
    .await
}
