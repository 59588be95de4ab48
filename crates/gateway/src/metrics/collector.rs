//! What is read from others at every scrape.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder};
use stagedoor_presence::Tracker;

use super::{
    names,
    write::{counter, counters_by, gauge},
};
use crate::{Sessions, leases::Leases};

/// Who is here, from the Tracker and the leases themselves.
#[derive(Debug)]
pub(crate) struct PresenceCollector {
    pub(crate) tracker: Tracker,
    pub(crate) leases: Leases,
}

/// What the sockets and the channels on them have done.
pub(crate) struct SocketCollector(pub(crate) Sessions);

impl Collector for PresenceCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let (tracker, leases) = (&self.tracker, &self.leases);
        gauge(&mut encoder, names::PRESENCE_USERS, "Users present.", tracker.user_count())?;
        gauge(
            &mut encoder,
            names::PRESENCE_SESSIONS,
            "Sessions of all users.",
            tracker.total_sessions(),
        )?;
        gauge(&mut encoder, names::LEASES, "Leases held through the HTTP API.", leases.len())?;
        let help = "Leases that ended for want of a renewal.";
        counter(&mut encoder, names::LEASES_EXPIRED, help, leases.expired())
    }
}

impl Collector for SocketCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let (sockets, channels) = (self.0.socket_counters(), self.0.channel_counters());
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        gauge(&mut encoder, names::SOCKETS, "Sockets open.", self.0.len())?;
        let opened = load(&sockets.connections);
        counter(&mut encoder, names::SOCKETS_OPENED, "Sockets opened.", opened)?;
        counters_by(
            &mut encoder,
            names::FRAMES,
            "Whole frames.",
            "direction",
            [("in", load(&sockets.frames_in)), ("out", load(&sockets.frames_out))],
        )?;
        let help = "Sockets that the server closed.";
        counters_by(
            &mut encoder,
            names::SOCKETS_CLOSED,
            help,
            "reason",
            [
                ("slow_consumer", load(&sockets.slow_consumers)),
                ("idle", load(&sockets.idle_closed)),
                ("protocol_error", load(&sockets.protocol_errors)),
            ],
        )?;
        counter(&mut encoder, names::JOINS, "Channels joined.", load(&channels.joins))?;
        counters_by(
            &mut encoder,
            names::COMMANDS,
            "Commands on channels that were answered.",
            "outcome",
            [("ok", load(&channels.commands_done)), ("error", load(&channels.commands_refused))],
        )?;
        let help = "Requests on channels that were answered with an error.";
        let refused = channels.refused().map(|(reason, count)| (reason.as_str(), count));
        counters_by(&mut encoder, names::CHANNEL_REFUSED, help, "reason", refused)
    }
}

impl fmt::Debug for SocketCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SocketCollector").finish_non_exhaustive()
    }
}
