//! What PlatformManager knows, and how it makes the platform follow.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use ractor::ActorRef;
use stagedoor_domain::{Account, EventKind, EventReport, Platform as PlatformId};
use stagedoor_platforms::{
    AccountAccess, Broadcast, Capabilities, Disconnect, Error, Link as Told, Platform,
};
use tokio::{task::AbortHandle, time::Instant};
use uuid::Uuid;

use super::{
    LinkNews, LinkState, PlatformPace, PlatformSnapshot,
    breaker::Breaker,
    broadcast::{BroadcastOutcome, Side},
    link::Link,
    manager::{PlatformManagerArgs, PlatformMsg},
    reader::Reader,
    viewers::Watch,
};
use crate::{
    Broadcast as News_, EventsMsg, News, StreamStateMsg, Subscriber, UserContext, Wanted,
    jitter::full_jitter, tasks::Tasks,
};

pub(super) const ACTOR: &str = "PlatformManager";

/// What it knows.
pub struct State {
    pub(super) cx: UserContext,
    pub(super) client: Arc<dyn Platform>,
    pub(super) account: Account,
    pub(super) access: AccountAccess,
    pub(super) myself: ActorRef<PlatformMsg>,
    pub(super) tasks: Tasks,
    link: Link,
    /// What reads the connection, and of which broadcast.
    reading: Option<(AbortHandle, Option<Box<str>>)>,
    /// Counts the readers: what an earlier one has said before it was aborted does not count.
    readers: u64,
    /// When a lost connection is made again.
    retry_at: Option<Instant>,
    /// Not before then, whoever asks for it: the platform has said so.
    not_before: Option<Instant>,
    /// The broadcast of which nothing more is to come.
    over: Option<Box<str>>,
    pub(super) side: Side,
    pub(super) breaker: Breaker,
    pub(super) commands: usize,
    pub(super) live: Option<bool>,
    pub(super) viewers: Option<u32>,
    pub(super) watch: Option<Watch>,
    pub(super) validate_at: Option<Instant>,
    timer: Option<(Instant, AbortHandle)>,
    received: u64,
    received_at: Option<Timestamp>,
}

/// What came of what it began.
pub(super) enum Outcome {
    /// The connection of that reader has become this.
    Link(u64, Told),
    /// The connection of that reader is over.
    Disconnected(u64, Disconnect),
    /// So many events were received.
    Received(usize),
    /// The platform tells whether the channel is on air.
    Live(bool),
    /// A command was carried out, or was not.
    Commanded(Option<Error>),
    /// The authorisation was validated.
    Validated(Result<(), Error>),
    /// It is noted that the authorisation is gone.
    Noted,
    /// Something became of the broadcast.
    Broadcast(BroadcastOutcome),
    /// Something is due.
    Due,
}

impl State {
    pub(super) fn start(args: PlatformManagerArgs, myself: ActorRef<PlatformMsg>) -> Self {
        let PlatformManagerArgs { cx, client, account } = args;
        let tokens = &cx.services().tokens;
        let access = tokens.access(cx.user(), &account.platform, &account.external_id);
        let mut state = Self {
            client,
            access,
            myself,
            tasks: Tasks::default(),
            link: Link::new(),
            reading: None,
            readers: 0,
            retry_at: None,
            not_before: None,
            over: None,
            side: Side::default(),
            breaker: Breaker::default(),
            commands: 0,
            live: None,
            viewers: None,
            watch: None,
            validate_at: None,
            timer: None,
            received: 0,
            received_at: None,
            account,
            cx,
        };
        if state.account.needs_reauth {
            // It was told when it happened.
            state.link = Link::refused("the platform has refused the authorisation earlier".into());
        }
        let spread = Duration::from_secs(30);
        let validates = state.capabilities().validate_every.is_some();
        state.validate_at = validates.then(|| Instant::now() + full_jitter(spread, spread, 1));
        // One that is between two lives tells by itself when it is back.
        let _ = state.cx.stream_state().cast(StreamStateMsg::AskWanted);
        state.drive();
        state
    }

    /// Runs a task whose outcome comes back as a message. It ends with the actor.
    pub(super) fn begin(
        &mut self,
        task: impl Future<Output = Outcome> + Send + 'static,
    ) -> AbortHandle {
        let myself = self.myself.clone();
        self.tasks.spawn(async move {
            let outcome = task.await;
            // An actor that has ended wants to know nothing.
            let _ = myself.cast(PlatformMsg::done(outcome));
        })
    }

    pub(super) fn pace(&self) -> PlatformPace {
        self.cx.services().settings.platforms
    }

    pub(super) fn platform(&self) -> PlatformId {
        self.account.platform.clone()
    }

    pub(super) fn capabilities(&self) -> &'static Capabilities {
        self.client.capabilities()
    }

    pub(super) fn broadcast(&self) -> Option<Broadcast> {
        self.side.open().cloned()
    }

    pub(super) const fn is_refused(&self) -> bool {
        matches!(self.link.state(), LinkState::NeedsReauth { .. })
    }

    pub(super) fn want(&mut self, wanted: Wanted) {
        self.side.want(wanted);
    }

    pub(super) fn reconnect(&mut self) {
        self.retry_at = self.not_before;
    }

    pub(super) fn done(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Link(reader, _) | Outcome::Disconnected(reader, _)
                if reader != self.readers || self.reading.is_none() => {}
            Outcome::Link(_, Told::Connected) => self.enter(LinkState::Connected),
            Outcome::Link(_, Told::Degraded { reason }) => {
                self.enter(LinkState::Degraded { reason });
            }
            Outcome::Disconnected(_, disconnect) => self.disconnected(disconnect),
            Outcome::Received(count) => {
                self.received += count as u64;
                self.received_at = Some(Timestamp::now());
            }
            Outcome::Live(live) => self.live = Some(live),
            Outcome::Commanded(error) => {
                self.commands = self.commands.saturating_sub(1);
                self.breaker.note(error.as_ref(), Instant::now());
                if let Some(error) = error {
                    self.heed(&error);
                }
            }
            Outcome::Validated(Ok(())) | Outcome::Noted => {}
            Outcome::Validated(Err(error)) => {
                if error.is_transient() {
                    // The hour is a rule of the platform's: it is not waited for once more.
                    let wait = full_jitter(Duration::from_mins(5), Duration::from_mins(5), 1);
                    self.validate_at = Some(Instant::now() + wait);
                }
                self.heed(&error);
            }
            Outcome::Broadcast(outcome) => self.broadcast_outcome(outcome),
            Outcome::Due => self.timer = None,
        }
    }

    /// Of whatever a call failed: one whose authorisation is gone ends everything.
    pub(super) fn heed(&mut self, error: &Error) {
        if let Error::NeedsReauth { reason } = error {
            self.refused(reason.clone());
        }
    }

    fn refused(&mut self, reason: Box<str>) {
        self.stop_reading();
        self.retry_at = None;
        if !self.is_refused() {
            self.note_refusal();
        }
        self.enter(LinkState::NeedsReauth { reason });
    }

    fn disconnected(&mut self, disconnect: Disconnect) {
        let of = self.reading.take().and_then(|(_, broadcast)| broadcast);
        match disconnect {
            Disconnect::NeedsReauth { reason } => self.refused(reason),
            Disconnect::Ended => {
                self.over = of;
                self.enter(LinkState::Standby);
                if !self.capabilities().needs_broadcast {
                    // A connection that is not about a broadcast does not end.
                    self.retry_at = Some(Instant::now() + self.link.wait(&self.pace(), None));
                }
            }
            Disconnect::Lost { reason, retry_after } => {
                let wait = self.link.wait(&self.pace(), retry_after);
                let until = Timestamp::now().saturating_add(wait).unwrap_or(Timestamp::MAX);
                tracing::info!(actor = ACTOR, user = %self.cx.user(), platform = %self.account.platform, %reason, wait_ms = wait.as_millis(), "connection lost");
                self.retry_at = Some(Instant::now() + wait);
                self.not_before = retry_after.map(|demanded| Instant::now() + demanded);
                self.enter(LinkState::BackingOff { reason, until });
            }
        }
    }

    /// Begins what is missing, and sets the clock for what is due later.
    pub(super) fn drive(&mut self) {
        let now = Instant::now();
        let mut due = Vec::new();
        self.drive_validation(now, &mut due);
        self.drive_broadcast(now, &mut due);
        self.drive_link(now, &mut due);
        self.drive_watch();
        self.set_timer(due.into_iter().min());
    }

    fn drive_link(&mut self, now: Instant, due: &mut Vec<Instant>) {
        let broadcast = self.broadcast();
        let id = broadcast.as_ref().map(|broadcast| broadcast.id.clone());
        let needs = self.capabilities().needs_broadcast;
        let wanted = !self.is_refused() && (!needs || (id.is_some() && id != self.over));
        if let Some((_, of)) = &self.reading
            && (!wanted || (needs && *of != id))
        {
            self.stop_reading();
            self.enter(LinkState::Standby);
        }
        if !wanted && !self.is_refused() && *self.link.state() != LinkState::Standby {
            self.retry_at = None;
            self.enter(LinkState::Standby);
        }
        if !wanted || self.reading.is_some() {
            return;
        }
        if let Some(at) = self.retry_at.filter(|at| *at > now) {
            return due.push(at);
        }
        self.retry_at = None;
        self.enter(LinkState::Connecting);
        self.readers += 1;
        let reader = Reader {
            cx: self.cx.clone(),
            platform: self.platform(),
            account: self.access.clone(),
            client: Arc::clone(&self.client),
            broadcast: broadcast.filter(|_| needs),
            manager: self.myself.clone(),
            number: self.readers,
        };
        let number = self.readers;
        let task = self.begin(async move { Outcome::Disconnected(number, reader.read().await) });
        self.reading = Some((task, id.filter(|_| needs)));
    }

    fn stop_reading(&mut self) {
        if let Some((task, _)) = self.reading.take() {
            task.abort();
        }
    }

    fn set_timer(&mut self, due: Option<Instant>) {
        if self.timer.as_ref().map(|(at, _)| *at) == due {
            return;
        }
        if let Some((_, timer)) = self.timer.take() {
            timer.abort();
        }
        let Some(at) = due else { return };
        let timer = self.begin(async move {
            tokio::time::sleep_until(at).await;
            Outcome::Due
        });
        self.timer = Some((at, timer));
    }

    fn enter(&mut self, state: LinkState) {
        let event = self.link.enter(state, self.capabilities().replay);
        if let Some(kind) = event {
            let mut report = self.report(kind);
            report.reason = self.link.state().reason().map(Into::into);
            self.submit(report);
        }
        let services = self.cx.services();
        services.pubsub.publish(self.cx.user(), || News::Link(Arc::new(self.news())));
    }

    fn news(&self) -> LinkNews {
        LinkNews {
            platform: self.platform(),
            link: self.link.state().clone(),
            since: self.link.since(),
        }
    }

    pub(super) fn announce(&self, subscriber: &dyn Subscriber) {
        subscriber.receive(&News_::from(News::Link(Arc::new(self.news()))));
    }

    pub(super) fn report(&self, kind: EventKind) -> EventReport {
        let (platform, at) = (self.platform(), Timestamp::now());
        let key = format!("{platform}:{kind}:{}", Uuid::now_v7());
        EventReport::new(platform, kind, at, key)
    }

    /// Nobody waits for these: one that cannot be taken now is missing in the feed, and nowhere else.
    pub(super) fn submit(&self, report: EventReport) {
        let kind = report.kind.clone();
        if let Err(error) = self.cx.events().cast(EventsMsg::submit(report, None)) {
            tracing::debug!(actor = ACTOR, user = %self.cx.user(), %kind, %error, "not reported");
        }
    }

    pub(super) fn snapshot(&self) -> PlatformSnapshot {
        PlatformSnapshot {
            platform: self.platform(),
            account: self.account.external_id.clone(),
            name: self.account.name.clone(),
            link: self.link.state().clone(),
            since: self.link.since(),
            connected: self.link.connected(),
            failures: self.link.failures(),
            received: self.received,
            received_at: self.received_at,
            live: self.live,
            viewers: self.viewers,
            broadcast: self.side.view(),
            circuit: self.breaker.state(Instant::now()),
            commands: self.commands,
        }
    }
}

/// The earliest, if there is one, of a wait that a platform demands and one of our own.
pub(super) fn at_least(wait: Duration, demanded: Option<Duration>) -> Duration {
    demanded.map_or(wait, |demanded| demanded + wait)
}
