//! What is on the overlays, and for how long. It is told the time and asked for its next deadline; what is to be saved
//! and told is collected as effects.
//!
//! ```text
//!            next alert                 display time over, or skipped
//!   ┌─ Idle ────────────▶ Showing ────────────────────────────▶ Cooling ─┐
//!   └◀─────────────────────────── cooldown over ─────────────────────────┘
//! ```
//!
//! Only time moves it: overlays that show the same alert do not, however many there are. While it is paused, what is on
//! the overlays stays to its end and nothing follows.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use stagedoor_domain::{Alert, AlertId, AlertPriority, AlertSettings, AlertState};
use tokio::time::Instant;

use super::{
    news::{AlertChange, AlertNews},
    queue::Queue,
};

/// How many ended alerts are remembered beyond those that may wait: an alert can be heard of once more after its end,
/// when it was both read from the store and announced.
const LATE: usize = 64;

/// How many alerts that the streamer asked for, as a test or once more, may wait.
const ASKED_FOR: usize = 20;

/// One point in time, by both clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) instant: Instant,
    pub(super) time: Timestamp,
}

impl Moment {
    pub(super) fn now() -> Self {
        Self { instant: Instant::now(), time: Timestamp::now() }
    }
}

/// The alert that is on the overlays.
#[derive(Clone, Debug)]
pub(super) struct OnScreen {
    pub(super) alert: Arc<Alert>,
    pub(super) started_at: Timestamp,
    pub(super) ends_at: Timestamp,
    /// The same as `ends_at`, by the clock that does not jump.
    until: Instant,
}

#[derive(Debug)]
enum Stage {
    Idle,
    Showing(OnScreen),
    Cooling { until: Instant },
}

/// Something to be done after a step.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Effect {
    Save(Change),
    Tell(AlertNews),
}

/// Something to be saved.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Change {
    /// A new alert, which came by no event.
    Insert(Arc<Alert>),
    /// An alert has other content.
    Put(Arc<Alert>),
    State(AlertId, AlertState),
    Settings {
        paused: bool,
        muted: bool,
    },
}

/// What became of alerts since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) shown: u64,
    pub(super) skipped: u64,
    pub(super) dropped: u64,
    pub(super) merged: u64,
}

/// The queue and what is on the overlays.
#[derive(Debug)]
pub(super) struct Show {
    queue: Queue,
    stage: Stage,
    pub(super) paused: bool,
    pub(super) muted: bool,
    cooldown: Duration,
    max_age: Duration,
    /// When the pause began that goes on.
    paused_at: Option<Timestamp>,
    /// The last pause that is over, from when until when: waiting through it makes no alert older.
    last_pause: Option<(Timestamp, Timestamp)>,
    pub(super) counts: Counts,
    ended: VecDeque<AlertId>,
    ended_limit: usize,
    effects: Vec<Effect>,
}

impl Show {
    /// At most `backlog` wait, none for longer than `max_age`.
    pub(super) fn new(backlog: usize, max_age: Duration) -> Self {
        Self {
            queue: Queue::new(backlog),
            stage: Stage::Idle,
            paused: false,
            muted: false,
            cooldown: Duration::ZERO,
            max_age,
            paused_at: None,
            last_pause: None,
            counts: Counts::default(),
            ended: VecDeque::new(),
            ended_limit: backlog + LATE,
            effects: Vec::new(),
        }
    }

    pub(super) fn configure(&mut self, settings: &AlertSettings) {
        self.cooldown = Duration::from_millis(settings.cooldown_ms.into());
        let flags = (settings.paused, settings.muted);
        if flags != (self.paused, self.muted) {
            (self.paused, self.muted) = flags;
            self.tell(AlertChange::Queue, None);
        }
    }

    /// Goes on with what an earlier life had on the overlays, to the end it was told to have.
    pub(super) fn go_on(&mut self, on_screen: OnScreen) {
        self.stage = Stage::Showing(on_screen);
    }

    /// Takes in what the store has of alerts that have not ended, oldest first.
    ///
    /// One that the store calls shown now, and of which nothing else is known, was on the overlays when the daemon
    /// ended. It counts as shown: they were told then when to take it off.
    pub(super) fn restore(&mut self, pending: Vec<Alert>) {
        let before = self.queue.len();
        for alert in pending {
            if self.knows(alert.id) {
                continue;
            }
            if alert.state == AlertState::Showing {
                self.end(&mut alert.into(), AlertState::Shown);
            } else {
                self.add(alert.into());
            }
        }
        if self.queue.len() != before {
            self.tell(AlertChange::Queue, None);
        }
    }

    fn knows(&self, id: AlertId) -> bool {
        self.on_screen().is_some_and(|on_screen| on_screen.alert.id == id)
            || self.queue.contains(id)
            || self.ended.contains(&id)
    }

    /// An alert has come. One that is known already is not taken twice.
    pub(super) fn enqueue(&mut self, alert: Arc<Alert>) {
        if self.knows(alert.id) {
            return;
        }
        match self.add(Arc::clone(&alert)) {
            Some(merged_into) => self.tell(AlertChange::Merged, Some(merged_into)),
            None if self.queue.contains(alert.id) => self.tell(AlertChange::Queued, Some(alert)),
            // It was dropped, and that was told.
            None => {}
        }
    }

    fn add(&mut self, mut alert: Arc<Alert>) -> Option<Arc<Alert>> {
        let added = self.queue.add(Arc::clone(&alert));
        if let Some(merged_into) = &added.merged_into {
            // In this order: if only one of them is saved, an amount is shown too small, never twice.
            self.end(&mut alert, AlertState::Merged);
            self.effects.push(Effect::Save(Change::Put(Arc::clone(merged_into))));
        }
        if let Some(dropped) = added.dropped {
            self.drop_alert(dropped);
        }
        added.merged_into
    }

    fn drop_alert(&mut self, mut alert: Arc<Alert>) {
        self.end(&mut alert, AlertState::Dropped);
        self.tell(AlertChange::Dropped, Some(alert));
    }

    fn end(&mut self, alert: &mut Arc<Alert>, state: AlertState) {
        Arc::make_mut(alert).state = state;
        let count = match state {
            AlertState::Shown => &mut self.counts.shown,
            AlertState::Skipped => &mut self.counts.skipped,
            AlertState::Merged => &mut self.counts.merged,
            _ => &mut self.counts.dropped,
        };
        *count += 1;
        if self.ended.len() >= self.ended_limit {
            self.ended.pop_front();
        }
        self.ended.push_back(alert.id);
        self.effects.push(Effect::Save(Change::State(alert.id, state)));
    }

    /// Shows what is to be shown by now, and takes off what is over.
    pub(super) fn advance(&mut self, now: Moment) {
        match (self.paused, self.paused_at) {
            (true, None) => self.paused_at = Some(now.time),
            (false, Some(began)) => {
                self.last_pause = Some((began, now.time));
                self.paused_at = None;
            }
            _ => {}
        }
        loop {
            match &self.stage {
                Stage::Showing(on_screen) if on_screen.until <= now.instant => {
                    self.take_off(AlertState::Shown, now);
                }
                Stage::Cooling { until } if *until <= now.instant => self.stage = Stage::Idle,
                Stage::Idle if !self.paused => match self.queue.next() {
                    Some(alert) if self.is_too_old(&alert, now) => self.drop_alert(alert),
                    Some(alert) => self.put_on(alert, now),
                    None => return,
                },
                _ => return,
            }
        }
    }

    fn is_too_old(&self, alert: &Alert, now: Moment) -> bool {
        let max_age = SignedDuration::try_from(self.max_age).unwrap_or(SignedDuration::MAX);
        let paused = self.last_pause.map_or(SignedDuration::ZERO, |(began, ended)| {
            ended.duration_since(began.max(alert.created_at)).max(SignedDuration::ZERO)
        });
        now.time.duration_since(alert.created_at) - paused > max_age
    }

    fn put_on(&mut self, mut alert: Arc<Alert>, now: Moment) {
        Arc::make_mut(&mut alert).state = AlertState::Showing;
        let display = Duration::from_millis(alert.display_ms.into());
        let ends_at = now.time.saturating_add(display).unwrap_or(now.time);
        let until = now.instant + display;
        self.effects.push(Effect::Save(Change::State(alert.id, AlertState::Showing)));
        self.stage = Stage::Showing(OnScreen { alert, started_at: now.time, ends_at, until });
        let news = self.showing_news();
        self.effects.extend(news.map(Effect::Tell));
    }

    fn take_off(&mut self, state: AlertState, now: Moment) -> bool {
        let cooling = Stage::Cooling { until: now.instant + self.cooldown };
        match std::mem::replace(&mut self.stage, cooling) {
            Stage::Showing(OnScreen { mut alert, .. }) => {
                self.end(&mut alert, state);
                self.tell(AlertChange::Hide, Some(alert));
                true
            }
            other => {
                self.stage = other;
                false
            }
        }
    }

    /// Takes off what is on the overlays. Says whether there was something.
    pub(super) fn skip(&mut self, now: Moment) -> bool {
        self.take_off(AlertState::Skipped, now)
    }

    /// Skips all that wait. What is on the overlays stays to its end. Answers how many they were.
    pub(super) fn clear(&mut self) -> usize {
        let cleared = self.queue.clear();
        for alert in &cleared {
            self.end(&mut Arc::clone(alert), AlertState::Skipped);
        }
        self.tell(AlertChange::Cleared, None);
        cleared.len()
    }

    pub(super) fn set_flags(&mut self, paused: bool, muted: bool) {
        if (paused, muted) != (self.paused, self.muted) {
            (self.paused, self.muted) = (paused, muted);
            self.effects.push(Effect::Save(Change::Settings { paused, muted }));
            self.tell(AlertChange::Queue, None);
        }
    }

    /// Takes an alert that the streamer asked for. Says whether there was room.
    pub(super) fn ask_for(&mut self, alert: Arc<Alert>) -> bool {
        let is_asked_for =
            |alert: &&Arc<Alert>| alert.priority == AlertPriority::Replay || alert.event.is_none();
        if self.queue.iter().filter(is_asked_for).count() >= ASKED_FOR {
            return false;
        }
        self.effects.push(Effect::Save(Change::Insert(Arc::clone(&alert))));
        self.enqueue(alert);
        true
    }

    /// When [`advance`](Self::advance) is to be called next, if time alone changes anything.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match &self.stage {
            Stage::Showing(on_screen) => Some(on_screen.until),
            Stage::Cooling { until } => Some(*until),
            Stage::Idle => None,
        }
    }

    pub(super) fn on_screen(&self) -> Option<&OnScreen> {
        match &self.stage {
            Stage::Showing(on_screen) => Some(on_screen),
            _ => None,
        }
    }

    pub(super) fn waiting(&self) -> impl Iterator<Item = &Arc<Alert>> {
        self.queue.iter()
    }

    pub(super) fn waits(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// How things are, for one who has just come.
    pub(super) fn present(&self) -> AlertNews {
        self.showing_news().unwrap_or_else(|| self.news(AlertChange::Queue, None))
    }

    fn showing_news(&self) -> Option<AlertNews> {
        let on_screen = self.on_screen()?;
        Some(AlertNews {
            started_at: Some(on_screen.started_at),
            ends_at: Some(on_screen.ends_at),
            ..self.news(AlertChange::Show, Some(Arc::clone(&on_screen.alert)))
        })
    }

    fn tell(&mut self, change: AlertChange, alert: Option<Arc<Alert>>) {
        let news = self.news(change, alert);
        self.effects.push(Effect::Tell(news));
    }

    fn news(&self, change: AlertChange, alert: Option<Arc<Alert>>) -> AlertNews {
        AlertNews {
            change,
            alert,
            started_at: None,
            ends_at: None,
            waiting: self.queue.len(),
            paused: self.paused,
            muted: self.muted,
        }
    }
}

#[cfg(test)]
mod tests;
