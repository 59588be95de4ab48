//! The encoder: when it is looked after, by which way, and what is told of it.

use std::time::Duration;

use jiff::Timestamp;
use stagedoor_cloudflare::{Client, Error, Lifecycle, LiveInput, Priority};
use tokio::{task::AbortHandle, time::Instant};

use super::{
    encoder::Finding,
    state::{ACTOR, DueTimes, Outcome, State},
};
use crate::{EventsMsg, StreamStateMsg, jitter::jittered};

/// How long a look that contradicts a notification waits before it is repeated.
const DOUBT_DELAY: Duration = Duration::from_secs(1);

/// After how many failures in a row the lifecycle is held for mute.
const LIFECYCLE_FAILURES: u32 = 3;

/// What is being asked of the encoder.
#[derive(Debug, Default)]
pub(super) struct Asking {
    now: Option<(Way, AbortHandle)>,
    /// When the live input itself is to be asked, whatever else was said.
    confirm_at: Option<Instant>,
    /// When it is next looked after without a reason.
    pub(super) next_at: Option<Instant>,
    failures: u32,
    /// The next poll asks the live input itself: its lifecycle does not answer.
    ask_input: bool,
}

/// By which way it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Lifecycle,
    Input(Priority),
}

/// What was found.
#[derive(Debug)]
pub(super) enum Found {
    Lifecycle(Box<str>, Result<Lifecycle, Error>),
    Input(Box<str>, Result<Box<LiveInput>, Error>),
}

impl State {
    pub(super) fn drive_encoder(&mut self, now: Instant, due: &mut DueTimes) {
        let Some(uid) = self.input.uid.clone() else { return };
        let confirm = self.asking.confirm_at.is_some_and(|at| at <= now);
        let poll = self.asking.next_at.is_some_and(|at| at <= now);
        let way = match (confirm, poll) {
            (true, _) => Some(Way::Input(Priority::Confirm)),
            (false, true) if self.client.has_lifecycles() && !self.asking.ask_input => {
                Some(Way::Lifecycle)
            }
            (false, true) => Some(Way::Input(Priority::Poll)),
            (false, false) => None,
        };
        if let Some(way) = way {
            self.ask(way, uid);
        }
        for at in [self.asking.confirm_at, self.asking.next_at].into_iter().flatten() {
            // What has to wait until a question is answered is looked at then.
            if at > now {
                due.at(at);
            }
        }
    }

    fn ask(&mut self, way: Way, uid: Box<str>) {
        let confirms = way == Way::Input(Priority::Confirm);
        match &self.asking.now {
            // A confirmation does not wait in the queue of the polls.
            Some((before, asked)) if confirms && *before != way => asked.abort(),
            Some(_) => return,
            None => {}
        }
        let client = self.client.clone();
        let asked = self.begin(async move { Outcome::Encoder(look(&client, way, uid).await) });
        self.asking.now = Some((way, asked));
        if way != Way::Lifecycle {
            (self.asking.confirm_at, self.asking.ask_input) = (None, false);
        }
        self.poll_later();
    }

    /// When it is next looked after, unless something happens.
    pub(super) fn poll_later(&mut self) {
        let settings = &self.cx.services().settings;
        let interval = if self.client.has_lifecycles() {
            settings.lifecycle_interval
        } else {
            settings.poll_interval
        };
        self.asking.next_at = Some(Instant::now() + jittered(interval));
    }

    /// A live input of an earlier life: how its encoder is now is not known. It matters most to whoever is on air.
    pub(super) fn look_first(&mut self) {
        let now = Instant::now();
        if self.cx.services().on_air.get(self.cx.user()).is_some() {
            self.asking.confirm_at = Some(now);
        } else {
            self.asking.next_at = Some(now);
        }
    }

    pub(super) fn confirm_now(&mut self) {
        self.confirm_in(Duration::ZERO);
    }

    fn confirm_in(&mut self, delay: Duration) {
        let at = Instant::now() + delay;
        self.asking.confirm_at = Some(self.asking.confirm_at.map_or(at, |before| before.min(at)));
    }

    pub(super) fn encoder_found(&mut self, found: Found) {
        let asked = match &found {
            Found::Lifecycle(uid, _) | Found::Input(uid, _) => uid,
        };
        let way = self.asking.now.take().map(|(way, _)| way);
        if self.input.uid.as_ref() != Some(asked) {
            return;
        }
        match found {
            Found::Lifecycle(_, Ok(lifecycle)) => {
                self.asking.failures = 0;
                if self.encoder.lifecycle(lifecycle.live) {
                    self.confirm_now();
                }
            }
            Found::Input(_, Ok(input)) => {
                (self.asking.failures, self.last_error) = (0, None);
                self.learn(&input);
            }
            Found::Input(_, Err(Error::NotFound)) => self.input_gone(),
            // A lifecycle may have no word on what was never live: that it finds nothing says nothing.
            Found::Lifecycle(_, Err(error)) | Found::Input(_, Err(error)) => {
                self.not_found_out(way, &error);
            }
        }
    }

    fn not_found_out(&mut self, way: Option<Way>, error: &Error) {
        tracing::debug!(actor = ACTOR, user = %self.cx.user(), %error, "encoder not looked after");
        self.last_error = Some(error.to_string().into());
        self.asking.failures = self.asking.failures.saturating_add(1);
        let delay = self.pace().retry_after(self.asking.failures);
        match way {
            Some(Way::Input(Priority::Confirm)) => self.confirm_in(delay),
            Some(Way::Lifecycle) if self.asking.failures >= LIFECYCLE_FAILURES => {
                // It may never answer, so the live input is asked instead, as if there were no lifecycles.
                let interval = jittered(self.cx.services().settings.poll_interval);
                (self.asking.ask_input, self.asking.next_at) =
                    (true, Some(Instant::now() + interval));
            }
            _ => {
                let at = Instant::now() + delay;
                self.asking.next_at = Some(self.asking.next_at.map_or(at, |next| next.min(at)));
            }
        }
    }

    /// What the live input says.
    pub(super) fn learn(&mut self, input: &LiveInput) {
        let finding = self.encoder.looked(&input.status, input.created, Timestamp::now());
        tracing::debug!(actor = ACTOR, user = %self.cx.user(), ?finding, status = ?input.status, "encoder looked after");
        match finding {
            Finding::Nothing => {}
            Finding::First => self.tell_encoder(),
            Finding::Changed => {
                self.tell_encoder();
                self.tell_event();
            }
            Finding::Doubtful => self.confirm_in(DOUBT_DELAY),
        }
    }

    /// Tells what is known as an event. Should EventProcessor be between two lives, the event is lost; what it says is
    /// not, for StreamStateServer is told as well.
    pub(super) fn tell_event(&self) {
        let Some(report) = self.encoder.report() else { return };
        if let Err(error) = self.cx.events().cast(EventsMsg::submit(report, None)) {
            tracing::warn!(actor = ACTOR, user = %self.cx.user(), %error, "encoder event not stored");
        }
    }

    pub(super) fn tell_encoder(&self) {
        if let Some((connected, at)) = self.encoder.known() {
            // One that is between two lives asks when it is back.
            let _ = self.cx.stream_state().cast(StreamStateMsg::EncoderSeen { connected, at });
        }
    }
}

async fn look(client: &Client, way: Way, uid: Box<str>) -> Found {
    match way {
        Way::Lifecycle => {
            let found = client.lifecycle(&uid).await;
            Found::Lifecycle(uid, found)
        }
        Way::Input(priority) => {
            let found = client.live_input(&uid, priority).await.map(Box::new);
            Found::Input(uid, found)
        }
    }
}
