use std::sync::atomic::{AtomicU64, Ordering};

/// What sockets have done since the start. Plain numbers that only grow, for `/metrics`.
#[derive(Debug, Default)]
pub struct SocketCounters {
    /// Connections that became sessions.
    pub connections: AtomicU64,
    /// Whole frames received, control frames too.
    pub frames_in: AtomicU64,
    /// Frames handed to the transport, control frames too.
    pub frames_out: AtomicU64,
    /// Connections closed because their backlog was over its limit.
    pub slow_consumers: AtomicU64,
    /// Connections closed because nothing came for too long.
    pub idle_closed: AtomicU64,
    /// Connections closed because the peer broke a rule: protocol, size, encoding, shape.
    pub protocol_errors: AtomicU64,
}

pub(crate) fn count(counter: &AtomicU64) {
    add(counter, 1);
}

pub(super) fn add(counter: &AtomicU64, by: u32) {
    if by > 0 {
        counter.fetch_add(by.into(), Ordering::Relaxed);
    }
}
