//! The rules, without an actor, a clock or a store: see the drawing in the parent module.

use std::time::Duration;

use jiff::Timestamp;
use stagedoor_domain::{
    DestinationId, DestinationStatus, Livestream, LivestreamId, Metadata, StreamStatus, UserId,
};

use super::{DestinationState, Encoder, StreamCommandError};
use crate::Wanted;

/// Where a stream stands, and its livestream: the one under way, or the last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Machine {
    status: StreamStatus,
    pub(super) encoder: Encoder,
    pub(super) livestream: Option<Livestream>,
    pub(super) destinations: Vec<DestinationState>,
    /// Why every destination failed, once they have.
    pub(super) failure: Option<Box<str>>,
    /// While it ends: the destinations to which nothing is sent any more.
    detached: Vec<DestinationId>,
    /// While it ends: those that had failed before. That is what is shown of them.
    failed: Vec<DestinationId>,
}

impl Machine {
    /// Goes on with a livestream that had not ended when the last life did.
    pub(super) fn restore(livestream: Livestream) -> Self {
        let status = livestream.status;
        let destinations = if status == StreamStatus::Ending {
            all_as(&DestinationStatus::Ending { problem: None }, &livestream.destinations)
        } else {
            all_as(&DestinationStatus::Starting, &livestream.destinations)
        };
        let livestream = Some(livestream);
        Self { status, livestream, destinations, ..Self::default() }
    }

    pub(super) fn status(&self) -> StreamStatus {
        self.status
    }

    /// The livestream that is under way.
    pub(super) fn on_air(&self) -> Option<&Livestream> {
        self.livestream.as_ref().filter(|_| self.status.is_on_air())
    }

    /// What is to be attached or detached.
    pub(super) fn wanted(&self) -> Wanted {
        let Some(livestream) = self.on_air() else { return Wanted::Nothing };
        let (id, destinations) = (livestream.id, livestream.destinations.clone());
        if self.status == StreamStatus::Ending {
            Wanted::Detached { livestream: id, destinations }
        } else {
            Wanted::Attached { livestream: id, destinations }
        }
    }

    pub(super) fn deadline(&self) -> Option<Timestamp> {
        self.on_air().and_then(|livestream| livestream.auto_stop_at)
    }

    pub(super) fn may_start(&self) -> Result<(), StreamCommandError> {
        let status = self.status;
        match status {
            _ if status.is_on_air() => Err(StreamCommandError::AlreadyOnAir { status }),
            StreamStatus::Ready => Ok(()),
            StreamStatus::Failed if self.encoder.connected == Some(true) => Ok(()),
            _ => Err(StreamCommandError::EncoderNotConnected),
        }
    }

    /// Begins a livestream.
    pub(super) fn start(
        &mut self,
        id: LivestreamId,
        user: &UserId,
        metadata: &Metadata,
        destinations: Vec<DestinationId>,
        now: Timestamp,
    ) -> Result<(), StreamCommandError> {
        self.may_start()?;
        self.destinations = all_as(&DestinationStatus::Starting, &destinations);
        self.failure = None;
        self.livestream = Some(Livestream {
            id,
            user: user.clone(),
            status: StreamStatus::Starting,
            metadata: metadata.clone(),
            destinations,
            started_at: now,
            ended_at: None,
            auto_stop_at: None,
        });
        self.enter(StreamStatus::Starting);
        Ok(())
    }

    /// The start could not be saved. Whether it was saved nevertheless is not known, so its end is to be saved, too.
    pub(super) fn abandon_start(&mut self, now: Timestamp) {
        self.destinations.clear();
        self.over(now, Self::enter_idle);
    }

    /// To stop what is ending already is no mistake.
    pub(super) fn stop(&mut self) -> Result<(), StreamCommandError> {
        match self.status {
            StreamStatus::Starting | StreamStatus::Live | StreamStatus::Interrupted => {
                self.end();
                Ok(())
            }
            StreamStatus::Ending => Ok(()),
            status => Err(StreamCommandError::NotOnAir { status }),
        }
    }

    /// The encoder has been lost for too long.
    pub(super) fn deadline_elapsed(&mut self, now: Timestamp) {
        if self.status == StreamStatus::Interrupted && self.deadline().is_some_and(|at| at <= now) {
            self.end();
        }
    }

    /// What is said of the encoder. What is older than what is known says nothing.
    pub(super) fn encoder_seen(
        &mut self,
        connected: bool,
        at: Timestamp,
        now: Timestamp,
        auto_stop: Duration,
    ) {
        if self.encoder.since.is_some_and(|since| at < since) {
            return;
        }
        // A connection that is newer has not erred yet.
        let is_newer = self.encoder.since.is_none_or(|since| at > since);
        if self.encoder.connected != Some(connected) || (connected && is_newer) {
            self.encoder = Encoder { connected: Some(connected), since: Some(at), error: None };
        }
        match (self.status, connected) {
            (StreamStatus::Offline, true) => self.enter(StreamStatus::Ready),
            (StreamStatus::Ready | StreamStatus::Failed, false) => {
                self.enter(StreamStatus::Offline);
            }
            (StreamStatus::Live, false) => self.interrupt(now, auto_stop),
            (StreamStatus::Interrupted, true) => self.enter(StreamStatus::Live),
            _ => {}
        }
    }

    /// The live input refuses what the encoder sends. It says nothing of the connection.
    pub(super) fn encoder_errored(&mut self, error: Option<Box<str>>) {
        self.encoder.error = error.or_else(|| Some("the live input refuses the stream".into()));
    }

    /// What became of a destination. Of another livestream's it says nothing.
    pub(super) fn destination_changed(
        &mut self,
        livestream: LivestreamId,
        id: &DestinationId,
        status: DestinationStatus,
        now: Timestamp,
        auto_stop: Duration,
    ) {
        if self.on_air().is_none_or(|current| current.id != livestream) {
            return;
        }
        let Some(destination) = self.destinations.iter_mut().find(|known| known.id == *id) else {
            return;
        };
        if self.status == StreamStatus::Ending {
            return self.detached(id, status, now);
        }
        destination.status = status;
        match self.status {
            _ if self.all(|status| matches!(status, DestinationStatus::Failed { .. })) => {
                // What a start had made before it failed is taken away like that of any other end.
                self.failure = self.first_failure();
                self.end();
            }
            StreamStatus::Starting if self.any(|status| *status == DestinationStatus::Live) => {
                self.enter(StreamStatus::Live);
                if self.encoder.connected == Some(false) {
                    self.interrupt(now, auto_stop);
                }
            }
            _ => {}
        }
    }

    /// It is over when nothing is sent to any destination any more, also not to one that had failed. One that cannot be
    /// ended on its platform has failed by then, and is shown so.
    fn detached(&mut self, id: &DestinationId, status: DestinationStatus, now: Timestamp) {
        let is_over = matches!(status, DestinationStatus::Ended | DestinationStatus::Failed { .. });
        if is_over && !self.detached.contains(id) {
            self.detached.push(id.clone());
        }
        let shown = self.destinations.iter_mut().find(|known| known.id == *id);
        if let Some(destination) = shown.filter(|_| !self.failed.contains(id)) {
            destination.status = status;
        }
        if self.detached.len() < self.destinations.len() {
            return;
        }
        self.over(now, |machine| {
            if machine.failure.is_some() {
                machine.enter(StreamStatus::Failed);
            } else {
                machine.enter_idle();
            }
        });
    }

    fn end(&mut self) {
        self.detached.clear();
        self.failed.clear();
        for destination in &mut self.destinations {
            if matches!(destination.status, DestinationStatus::Failed { .. }) {
                self.failed.push(destination.id.clone());
            } else {
                destination.status = DestinationStatus::Ending { problem: None };
            }
        }
        self.enter(StreamStatus::Ending);
    }

    fn over(&mut self, now: Timestamp, enter: impl FnOnce(&mut Self)) {
        enter(self);
        if let Some(livestream) = &mut self.livestream {
            livestream.status = StreamStatus::Offline;
            livestream.ended_at = Some(now.max(livestream.started_at));
            livestream.auto_stop_at = None;
        }
    }

    fn interrupt(&mut self, now: Timestamp, auto_stop: Duration) {
        self.enter(StreamStatus::Interrupted);
        if let Some(livestream) = &mut self.livestream {
            // A deadline beyond the end of time is none.
            livestream.auto_stop_at = now.checked_add(auto_stop).ok();
        }
    }

    fn enter_idle(&mut self) {
        let connected = self.encoder.connected == Some(true);
        self.enter(if connected { StreamStatus::Ready } else { StreamStatus::Offline });
    }

    fn enter(&mut self, status: StreamStatus) {
        self.status = status;
        if !status.is_on_air() {
            return;
        }
        if let Some(livestream) = &mut self.livestream {
            livestream.status = status;
            livestream.auto_stop_at = None;
        }
    }

    fn all(&self, is: impl Fn(&DestinationStatus) -> bool) -> bool {
        self.destinations.iter().all(|destination| is(&destination.status))
    }

    fn any(&self, is: impl Fn(&DestinationStatus) -> bool) -> bool {
        self.destinations.iter().any(|destination| is(&destination.status))
    }

    fn first_failure(&self) -> Option<Box<str>> {
        self.destinations.iter().find_map(|destination| match &destination.status {
            DestinationStatus::Failed { reason } => {
                Some(format!("{}: {reason}", destination.id).into())
            }
            _ => None,
        })
    }
}

fn all_as(status: &DestinationStatus, destinations: &[DestinationId]) -> Vec<DestinationState> {
    let state = |id: &DestinationId| DestinationState { id: id.clone(), status: status.clone() };
    destinations.iter().map(state).collect()
}

#[cfg(test)]
mod tests;
