//! The end of the supervisor itself: all children at once, each within its own shutdown time.

use std::time::Duration;

use tokio::time::Instant;

use super::State;
use crate::{
    child::Started,
    exit::{Exit, ExitClass},
    id::ChildId,
    life::Life,
    lifecycle::Change,
    spec::Shutdown,
    steps,
    view::SupervisorHandle,
};

impl State {
    /// Calls off what starts and stops all children at once, each within its own shutdown time.
    pub(crate) async fn stop_all(&mut self) {
        self.call_off.cancel();
        let starts = self.supervisor.starts();
        starts.close();
        starts.wait().await;
        let asked_at = Instant::now();
        for (id, started, shutdown) in self.ask_all_to_stop() {
            let exit = match shutdown {
                Shutdown::Timeout(limit) => {
                    match started.cell.wait(Some(limit.saturating_sub(asked_at.elapsed()))).await {
                        Ok(()) => Exit::new(ExitClass::Shutdown, crate::SHUTDOWN),
                        Err(_) => steps::kill(&started.cell).await,
                    }
                }
                Shutdown::BrutalKill => steps::kill(&started.cell).await,
                Shutdown::Infinity => steps::stop(&started.cell, shutdown).await,
            };
            if let Some(supervisor) = self.ended(&id, &started, exit) {
                Box::pin(supervisor.children().gone()).await;
            }
        }
        // Whoever waits for an end learns of it: what is not in the table has ended.
        self.supervisor.children().lock().children.clear();
    }

    /// Asks all children to stop, and returns them in the order in which their times run out.
    fn ask_all_to_stop(&self) -> Vec<(ChildId, Started, Shutdown)> {
        let mut table = self.supervisor.children().lock();
        let mut asked = Vec::with_capacity(table.children.len());
        for child in table.children.iter_mut() {
            if let Life::BackingOff(waits) = &child.life {
                waits.call_off();
            }
            let Some(started) = child.started().cloned() else { continue };
            match child.spec.limits.shutdown() {
                Shutdown::BrutalKill => started.cell.kill(),
                _ => started.cell.stop(Some(crate::SHUTDOWN.into())),
            }
            asked.push((child.spec.id.clone(), started, child.spec.limits.shutdown()));
        }
        asked.sort_by_key(|(_, _, shutdown)| match shutdown {
            Shutdown::BrutalKill => Duration::ZERO,
            Shutdown::Timeout(limit) => *limit,
            Shutdown::Infinity => Duration::MAX,
        });
        asked
    }

    /// Forgets a child that has been stopped. One that is a supervisor and had to be killed may have left somebody.
    fn ended(&self, id: &ChildId, started: &Started, exit: Exit) -> Option<SupervisorHandle> {
        let actor = started.cell.get_id();
        let mut table = self.supervisor.children().lock();
        table.gone(actor);
        let child = table.children.remove(id);
        if let Some(child) = &child {
            child.spec.actor.exited(actor);
        }
        let change = Change::Exited { class: exit.class, reason: exit.reason };
        self.lifecycle.report(|| self.path_of(id), &change);
        child.filter(|_| exit.class == ExitClass::Killed)?.spec.actor.supervisor()
    }
}
