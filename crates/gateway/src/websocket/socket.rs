//! The side of a connection that others hold: an outbox, bounded in bytes, and a way to end it.
//!
//! ```text
//! channel, sinks ── send ──▶ [ queue ] ── take_output ──▶ the connection's task ──▶ transport
//! gateway, sweeper ─ close ─▶ [ close ] ── take_close ──▶        "
//! ```
//!
//! Idle, the queue owns no memory. The task is woken once for whatever was sent since it last looked.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    task::{Context, Waker},
};

use super::{
    close::CloseFrame,
    frame::{Opcode, write_header},
};

#[derive(Debug)]
pub(crate) struct Socket {
    outbox: Mutex<Outbox>,
    /// Milliseconds of the registry's clock.
    last_seen: AtomicU64,
    /// Of the backlog, in bytes.
    limit: u32,
    /// Commands of the peer that are carried out elsewhere and not yet answered.
    commands: AtomicU32,
}

#[derive(Debug)]
struct Outbox {
    /// Whole frames that the task has not yet taken.
    queue: Vec<u8>,
    /// Frames in `queue`.
    frames: u32,
    /// Bytes that the task has taken and the transport has not.
    in_flight: usize,
    /// Bytes of snapshots in the backlog, which do not count: a big one is no sign of a slow reader.
    excused: usize,
    state: State,
    parked: bool,
    waker: Waker,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// Somebody wants it closed; the task has not yet seen it.
    Asked(CloseFrame),
    /// The close frame is queued: nothing goes behind it.
    Closed,
}

impl Outbox {
    fn backlog(&self) -> usize {
        self.queue.len() + self.in_flight
    }

    fn wake(&mut self) {
        if std::mem::take(&mut self.parked) {
            self.waker.wake_by_ref();
        }
    }

    fn append(&mut self, opcode: Opcode, parts: &[&[u8]]) {
        let payload_bytes = parts.iter().map(|part| part.len()).sum();
        self.queue.reserve(payload_bytes + 10);
        write_header(&mut self.queue, opcode, payload_bytes);
        for part in parts {
            self.queue.extend_from_slice(part);
        }
        self.frames = self.frames.saturating_add(1);
    }
}

impl Socket {
    /// `limit` is of the backlog, in bytes.
    pub(crate) fn new(limit: usize, now: u64) -> Self {
        let outbox = Outbox {
            queue: Vec::new(),
            frames: 0,
            in_flight: 0,
            excused: 0,
            state: State::Open,
            parked: false,
            waker: Waker::noop().clone(),
        };
        let (last_seen, commands) = (AtomicU64::new(now), AtomicU32::new(0));
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        Self { outbox: Mutex::new(outbox), last_seen, limit, commands }
    }

    fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a text message of `parts`. Over the limit, the connection is closed instead.
    pub(crate) fn send_text(&self, parts: &[&[u8]]) {
        self.send(Opcode::Text, parts, false);
    }

    /// Like [`send_text`](Self::send_text), of a state that may be large: while it is in the backlog, the backlog may
    /// be larger by its size. The caller sends at most one at a time; the connection reads no further before the
    /// peer has taken it.
    pub(crate) fn send_snapshot(&self, parts: &[&[u8]]) {
        self.send(Opcode::Text, parts, true);
    }

    pub(super) fn send_pong(&self, payload: &[u8]) {
        self.send(Opcode::Pong, &[payload], false);
    }

    fn send(&self, opcode: Opcode, parts: &[&[u8]], excused: bool) {
        let mut outbox = self.outbox();
        if outbox.state != State::Open {
            return;
        }
        let backlog = outbox.backlog();
        if backlog.saturating_sub(outbox.excused) > self.limit as usize {
            // What has not been begun is not worth sending: the reader would see a gap anyway.
            outbox.queue = Vec::new();
            outbox.frames = 0;
            outbox.state = State::Asked(CloseFrame::SLOW_CONSUMER);
            outbox.wake();
            return;
        }
        outbox.append(opcode, parts);
        if excused {
            outbox.excused += outbox.backlog() - backlog;
        }
        // With bytes in flight the transport wakes the task.
        if outbox.in_flight == 0 {
            outbox.wake();
        }
    }

    /// Counts a command, unless `limit` are under way.
    pub(crate) fn begin_command(&self, limit: u32) -> bool {
        let one_more = |commands| (commands < limit).then_some(commands + 1);
        self.commands.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_ok()
    }

    /// A command that was counted is answered.
    pub(crate) fn end_command(&self) {
        self.commands.fetch_sub(1, Ordering::Relaxed);
    }

    /// Asks for the end of the connection. Of several, the first counts; `false` if this one was not.
    pub(crate) fn close(&self, frame: CloseFrame) -> bool {
        let mut outbox = self.outbox();
        if outbox.state != State::Open {
            return false;
        }
        outbox.state = State::Asked(frame);
        outbox.wake();
        true
    }

    /// When the last whole frame came.
    pub(super) fn last_seen(&self) -> u64 {
        self.last_seen.load(Ordering::Relaxed)
    }

    pub(super) fn seen(&self, now: u64) {
        self.last_seen.store(now, Ordering::Relaxed);
    }

    // What follows is for the connection's task.

    /// The task runs: nobody needs to wake it.
    pub(super) fn unpark(&self) {
        self.outbox().parked = false;
    }

    /// The task wants to wait. `false`: there is something to do first.
    pub(super) fn park(&self, cx: &Context<'_>) -> bool {
        let mut outbox = self.outbox();
        if matches!(outbox.state, State::Asked(_))
            || (outbox.in_flight == 0 && !outbox.queue.is_empty())
        {
            return false;
        }
        if !outbox.waker.will_wake(cx.waker()) {
            outbox.waker.clone_from(cx.waker());
        }
        outbox.parked = true;
        true
    }

    /// Bytes that the transport has not taken.
    pub(super) fn backlog(&self) -> usize {
        self.outbox().backlog()
    }

    /// What to write next, and how many frames it is. Called when nothing is in flight.
    pub(super) fn take_output(&self) -> (Vec<u8>, u32) {
        let mut outbox = self.outbox();
        outbox.in_flight = outbox.queue.len();
        if outbox.in_flight == 0 {
            outbox.excused = 0;
        }
        (std::mem::take(&mut outbox.queue), std::mem::take(&mut outbox.frames))
    }

    /// What was sent since the last look, frame after frame.
    #[cfg(test)]
    pub(crate) fn sent(&self) -> Vec<u8> {
        std::mem::take(&mut self.outbox().queue)
    }

    /// Has somebody asked for its end?
    #[cfg(test)]
    pub(crate) fn asked_to_close(&self) -> Option<CloseFrame> {
        self.take_close()
    }

    /// The transport has left `in_flight` bytes of what was taken.
    pub(super) fn written(&self, in_flight: usize) {
        self.outbox().in_flight = in_flight;
    }

    pub(super) fn take_close(&self) -> Option<CloseFrame> {
        match self.outbox().state {
            State::Asked(frame) => Some(frame),
            State::Open | State::Closed => None,
        }
    }

    /// Queues the close frame, the last of this connection.
    pub(super) fn farewell(&self, frame: CloseFrame) {
        let (code, reason) = frame.payload();
        let mut outbox = self.outbox();
        if outbox.state != State::Closed {
            outbox.append(Opcode::Close, &[&code, reason]);
            outbox.state = State::Closed;
        }
    }

    /// The connection is gone: nothing is kept for it any more.
    pub(super) fn gone(&self) {
        let mut outbox = self.outbox();
        outbox.state = State::Closed;
        outbox.queue = Vec::new();
        outbox.waker.clone_from(Waker::noop());
    }
}
