//! The daemon's own metrics: supervision, presence management and the process. Read at every scrape.

use std::{fmt, sync::Arc};

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder};
use stagedoor_gateway::{
    Metrics,
    write_metric::{counter, counters_by, gauge},
};
use stagedoor_presence::PresenceCounters;
use stagedoor_supervision::{DynamicSupervisorRef, ExitClass, Lifecycle};

use crate::process;

/// The names, in one place. Counters get their `_total` when they are written; no label carries a user's id.
mod names {
    pub(super) const CHILD_STARTS: &str = "stagedoor_child_starts";
    pub(super) const CHILD_RESTARTS: &str = "stagedoor_child_restarts";
    pub(super) const CHILD_START_FAILURES: &str = "stagedoor_child_start_failures";
    pub(super) const CHILD_EXITS: &str = "stagedoor_child_exits";
    pub(super) const SUPERVISOR_GIVE_UPS: &str = "stagedoor_supervisor_give_ups";
    pub(super) const USER_TREES: &str = "stagedoor_user_trees";
    pub(super) const PRESENCE_JOINS: &str = "stagedoor_presence_joins";
    pub(super) const PRESENCE_LEAVES: &str = "stagedoor_presence_leaves";
    pub(super) const GRACE_TIMERS: &str = "stagedoor_grace_timers";
    pub(super) const GRACE_TIMERS_ARMED: &str = "stagedoor_grace_timers_armed";
    pub(super) const GRACE_TIMERS_CANCELLED: &str = "stagedoor_grace_timers_cancelled";
    pub(super) const GRACE_TIMERS_ELAPSED: &str = "stagedoor_grace_timers_elapsed";
    pub(super) const PROCESS_MEMORY: &str = "stagedoor_process_resident_memory_bytes";
}

pub(super) fn register(
    metrics: &Metrics,
    lifecycle: &Lifecycle,
    users: &DynamicSupervisorRef,
    presence: &Arc<PresenceCounters>,
) {
    metrics.register(Numbers {
        lifecycle: lifecycle.clone(),
        users: users.clone(),
        presence: Arc::clone(presence),
    });
}

#[derive(Debug)]
struct Numbers {
    lifecycle: Lifecycle,
    users: DynamicSupervisorRef,
    presence: Arc<PresenceCounters>,
}

impl Collector for Numbers {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let out = &mut encoder;
        self.supervision(out)?;
        self.presence(out)?;
        if let Some(bytes) = process::rss_bytes() {
            let help = "Resident memory.";
            gauge(out, names::PROCESS_MEMORY, help, usize::try_from(bytes).unwrap_or(usize::MAX))?;
        }
        Ok(())
    }
}

impl Numbers {
    fn supervision(&self, out: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let counters = self.lifecycle.counters();
        counter(
            out,
            names::CHILD_STARTS,
            "Actors started, restarts not counted.",
            counters.started(),
        )?;
        counter(out, names::CHILD_RESTARTS, "Actors restarted.", counters.restarted())?;
        let help = "Starts and restarts that failed.";
        counter(out, names::CHILD_START_FAILURES, help, counters.start_failed())?;
        let help = "Actors that ended, by how.";
        let classes =
            [ExitClass::Normal, ExitClass::Shutdown, ExitClass::Failed, ExitClass::Killed];
        let exits = classes.map(|class| (class.as_str(), counters.exited(class)));
        counters_by(out, names::CHILD_EXITS, help, "class", exits)?;
        counter(out, names::SUPERVISOR_GIVE_UPS, "Supervisors that gave up.", counters.gave_up())?;
        gauge(out, names::USER_TREES, "Users' trees that run.", self.users.count_children().active)
    }

    fn presence(&self, out: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let counters = &self.presence;
        counter(out, names::PRESENCE_JOINS, "Sessions that joined.", counters.joins())?;
        counter(out, names::PRESENCE_LEAVES, "Sessions that left.", counters.leaves())?;
        gauge(out, names::GRACE_TIMERS, "Grace timers that run.", counters.pending_timers())?;
        counter(out, names::GRACE_TIMERS_ARMED, "Grace timers armed.", counters.timers_armed())?;
        let help = "Grace timers cancelled because the user came back.";
        counter(out, names::GRACE_TIMERS_CANCELLED, help, counters.timers_cancelled())?;
        let help = "Grace timers that stopped a tree.";
        counter(out, names::GRACE_TIMERS_ELAPSED, help, counters.timers_elapsed())
    }
}
