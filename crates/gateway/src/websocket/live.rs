//! Every live socket, and the one sweeper that closes the idle ones.
//!
//! ```text
//! deadline of each socket = last seen + timeout
//! wheel: [ tick 0 | tick 1 | … | tick 63 ]   one bucket is due every timeout / 60
//!                     └─ socket due? ── still fresh: into the bucket of its new deadline
//!                                    └─ silent: closed
//! ```
//!
//! All delays are equal, so a message costs no timer, only a store of the time; a socket is looked at about once per
//! timeout. A place in the wheel belongs to the slot, not to the socket: a crowd that comes and goes leaves no trail.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

use super::{
    close::CloseFrame,
    counters::{SocketCounters, count},
    socket::Socket,
};

const TICKS_PER_TIMEOUT: u64 = 60;
/// Room for a timeout, and for its rounding at both ends.
const BUCKETS: u64 = TICKS_PER_TIMEOUT + 4;

#[derive(Debug)]
pub(crate) struct Live {
    slots: Mutex<Slots>,
    empty: Notify,
    epoch: Instant,
    /// Milliseconds.
    timeout: u64,
    /// Milliseconds.
    tick: u64,
}

#[derive(Debug)]
struct Slots {
    all: Vec<Slot>,
    vacant: Vec<u32>,
    wheel: Vec<Vec<u32>>,
    /// The tick that is swept next.
    next: u64,
}

#[derive(Debug, Default)]
struct Slot {
    socket: Option<Arc<Socket>>,
    /// Is the slot in the wheel? A vacant one may be, until its bucket is due.
    queued: bool,
}

impl Live {
    pub(crate) fn new(timeout: Duration) -> Self {
        let timeout = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX / 4).max(1);
        let buckets = usize::try_from(BUCKETS).expect("a small constant");
        let slots = Slots {
            all: Vec::new(),
            vacant: Vec::new(),
            wheel: vec![Vec::new(); buckets],
            next: 0,
        };
        Self {
            slots: Mutex::new(slots),
            empty: Notify::new(),
            epoch: Instant::now(),
            timeout,
            tick: timeout.div_ceil(TICKS_PER_TIMEOUT),
        }
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Milliseconds since this registry began.
    pub(super) fn now(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// A new socket, in the registry until [`leave`](Self::leave) with the slot.
    pub(super) fn enter(&self, backlog_limit: usize) -> (Arc<Socket>, u32) {
        let now = self.now();
        let socket = Arc::new(Socket::new(backlog_limit, now));
        let mut slots = self.slots();
        let slot = slots.vacant.pop().unwrap_or_else(|| {
            slots.all.push(Slot::default());
            u32::try_from(slots.all.len() - 1).expect("memory ends before four billion sockets")
        });
        slots.at(slot).socket = Some(Arc::clone(&socket));
        if !slots.at(slot).queued {
            slots.queue(slot, self.tick_of(now + self.timeout));
        }
        (socket, slot)
    }

    pub(super) fn leave(&self, slot: u32) {
        let mut slots = self.slots();
        slots.at(slot).socket = None;
        slots.vacant.push(slot);
        if slots.len() == 0 {
            self.empty.notify_waiters();
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.slots().len()
    }

    /// Returns when no socket is live.
    pub(crate) async fn emptied(&self) {
        loop {
            let mut empty = std::pin::pin!(self.empty.notified());
            empty.as_mut().enable();
            if self.len() == 0 {
                return;
            }
            empty.await;
        }
    }

    /// Asks every socket to close.
    pub(crate) fn close_all(&self, frame: CloseFrame) {
        let all: Vec<_> = self.slots().all.iter().filter_map(|slot| slot.socket.clone()).collect();
        for socket in all {
            socket.close(frame);
        }
    }

    /// Places taken in the wheel.
    #[cfg(test)]
    pub(super) fn queued(&self) -> usize {
        self.slots().wheel.iter().map(Vec::len).sum()
    }

    /// Closes idle sockets, for ever. A socket is closed at most one sixtieth of the timeout late.
    pub(crate) async fn sweep(&self, counters: &SocketCounters) {
        loop {
            let next = self.slots().next;
            sleep_until(self.epoch + Duration::from_millis(next * self.tick)).await;
            for socket in self.sweep_once() {
                if socket.close(CloseFrame::IDLE) {
                    count(&counters.idle_closed);
                }
            }
        }
    }

    /// Sweeps the buckets that are due; who was silent for too long.
    fn sweep_once(&self) -> Vec<Arc<Socket>> {
        let now = self.now();
        let due = now / self.tick;
        let mut slots = self.slots();
        let mut idle = Vec::new();
        // After a long pause every bucket once is enough.
        let first = slots.next.max(due.saturating_sub(BUCKETS - 1));
        for tick in first..=due {
            for slot in std::mem::take(slots.bucket(tick)) {
                let Some(socket) = &slots.at(slot).socket else {
                    slots.at(slot).queued = false;
                    continue;
                };
                let deadline = socket.last_seen() + self.timeout;
                if deadline > now {
                    slots.queue(slot, self.tick_of(deadline).max(due + 1));
                } else {
                    idle.push(Arc::clone(socket));
                    slots.queue(slot, due + TICKS_PER_TIMEOUT);
                }
            }
        }
        slots.next = slots.next.max(due + 1);
        idle
    }

    /// The first tick at which `deadline` has passed.
    fn tick_of(&self, deadline: u64) -> u64 {
        deadline.div_ceil(self.tick)
    }
}

impl Slots {
    fn len(&self) -> usize {
        self.all.len() - self.vacant.len()
    }

    fn at(&mut self, slot: u32) -> &mut Slot {
        &mut self.all[slot as usize]
    }

    fn bucket(&mut self, tick: u64) -> &mut Vec<u32> {
        let bucket = usize::try_from(tick % BUCKETS).expect("smaller than a small constant");
        &mut self.wheel[bucket]
    }

    fn queue(&mut self, slot: u32, tick: u64) {
        self.at(slot).queued = true;
        self.bucket(tick).push(slot);
    }
}
