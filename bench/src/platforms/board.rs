//! What users' pages hear: messages, by their numbers, and where connections stand.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{
        AtomicBool, AtomicU64, AtomicUsize,
        Ordering::{AcqRel, Relaxed},
    },
};

use stagedoor_domain::EventKind;
use stagedoor_stream::{Broadcast, LinkState, News, Subscriber};

use super::cast::{Wire, now, number_of};

/// Not yet. Also no zeros, so that the memory is touched when it is made.
const NEVER: u64 = u64::MAX;

/// What all pages have heard.
pub(super) struct Board {
    heard: Vec<AtomicU64>,
    count: AtomicUsize,
    again: AtomicUsize,
    /// Bytes of JSON that pages were told.
    bytes: AtomicUsize,
    /// By user and platform: whether the connection stands.
    links: Vec<[AtomicBool; 4]>,
    standing: [AtomicUsize; 4],
    lost: AtomicUsize,
    /// The last reason why a connection did not stand.
    trouble: Mutex<Option<String>>,
    /// By user: whether their tree knows what was before.
    knows: Vec<AtomicBool>,
    loaded: AtomicUsize,
    /// By user: whether their encoder is connected.
    streaming: Vec<AtomicBool>,
    encoders: AtomicUsize,
}

impl Board {
    pub(super) fn new(users: usize, messages: usize) -> Arc<Self> {
        Arc::new(Self {
            heard: (0..messages).map(|_| AtomicU64::new(NEVER)).collect(),
            count: AtomicUsize::new(0),
            again: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            links: (0..users).map(|_| Default::default()).collect(),
            standing: Default::default(),
            lost: AtomicUsize::new(0),
            trouble: Mutex::default(),
            knows: (0..users).map(|_| AtomicBool::new(false)).collect(),
            loaded: AtomicUsize::new(0),
            streaming: (0..users).map(|_| AtomicBool::new(false)).collect(),
            encoders: AtomicUsize::new(0),
        })
    }

    /// When message `number` was heard of first.
    pub(super) fn heard_at(&self, number: usize) -> Option<u64> {
        Some(self.heard[number].load(Relaxed)).filter(|at| *at != NEVER)
    }

    /// How many messages were heard of.
    pub(super) fn count(&self) -> usize {
        self.count.load(Relaxed)
    }

    /// How often one was heard of that had been already.
    pub(super) fn again(&self) -> usize {
        self.again.load(Relaxed)
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Relaxed)
    }

    /// Users whose connection to this platform stands.
    pub(super) fn standing(&self, wire: Wire) -> usize {
        self.standing[wire.index()].load(Relaxed)
    }

    /// How often a connection that stood did not any more.
    pub(super) fn lost(&self) -> usize {
        self.lost.load(Relaxed)
    }

    /// Users whose tree knows what was before.
    pub(super) fn loaded(&self) -> usize {
        self.loaded.load(Relaxed)
    }

    /// Users whose encoder has connected.
    pub(super) fn encoders(&self) -> usize {
        self.encoders.load(Relaxed)
    }

    pub(super) fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn message(&self, text: &str) {
        let Some(number) = number_of(text).filter(|number| *number < self.heard.len()) else {
            return;
        };
        let first = self.heard[number].compare_exchange(NEVER, now(), Relaxed, Relaxed).is_ok();
        let counted = if first { &self.count } else { &self.again };
        counted.fetch_add(1, Relaxed);
    }

    fn link(&self, user: usize, wire: Wire, state: &LinkState) {
        let stands = state.stands();
        let stood = self.links[user][wire.index()].swap(stands, AcqRel);
        if stands && !stood {
            self.standing[wire.index()].fetch_add(1, Relaxed);
        }
        if stood && !stands {
            self.standing[wire.index()].fetch_sub(1, Relaxed);
            self.lost.fetch_add(1, Relaxed);
        }
        if let Some(reason) = state.reason() {
            let reason = format!("{wire}: {reason}");
            *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
        }
    }
}

/// The page of one user.
pub(super) struct Page {
    pub(super) board: Arc<Board>,
    pub(super) user: usize,
}

impl Subscriber for Page {
    fn receive(&self, broadcast: &Broadcast) {
        let board = &self.board;
        match broadcast.news() {
            News::Event(event) if event.report.kind == EventKind::ChatMessage => {
                // A page has it written.
                board.bytes.fetch_add(broadcast.json().get().len(), Relaxed);
                if let Some(message) = &event.report.message {
                    board.message(&message.text);
                }
            }
            News::Link(link) => {
                if let Some(wire) = Wire::of(&link.platform) {
                    board.link(self.user, wire, &link.link);
                }
            }
            News::StreamState(state) if !state.loading => {
                let first = !board.knows[self.user].swap(true, AcqRel);
                board.loaded.fetch_add(usize::from(first), Relaxed);
                if state.encoder.connected == Some(true) {
                    let first = !board.streaming[self.user].swap(true, AcqRel);
                    board.encoders.fetch_add(usize::from(first), Relaxed);
                }
            }
            _ => {}
        }
    }
}
