//! The two steps that both kinds of supervisor take with a child: start it, stop it; each bounded.

use std::time::Duration;

use ractor::ActorCell;

use crate::{
    child::{StartContext, Started},
    error::StartError,
    exit::{Exit, ExitClass, SHUTDOWN},
    spec::{ChildSpec, Shutdown},
};

/// How long a kill may take before it is reported as ineffective: only code that blocks its thread takes longer.
const KILL_LIMIT: Duration = Duration::from_secs(5);

/// Starts the child, within its start timeout.
pub(crate) async fn start(spec: &ChildSpec, cx: StartContext) -> Result<Started, StartError> {
    let limit = spec.limits.start_timeout();
    // Dropping the future of a start takes back all that it has done.
    match tokio::time::timeout(limit, spec.actor.start(cx)).await {
        Ok(started) => started,
        Err(_) => Err(StartError::TimedOut { limit }),
    }
}

/// Stops the actor as `shutdown` says and returns when it is gone.
///
/// Never by ractor's `stop_and_wait`, which returns at once, without having waited, when a stop is already under way.
pub(crate) async fn stop(cell: &ActorCell, shutdown: Shutdown) -> Exit {
    match shutdown {
        Shutdown::BrutalKill => return kill(cell).await,
        Shutdown::Timeout(limit) => {
            cell.stop(Some(SHUTDOWN.into()));
            if cell.wait(Some(limit)).await.is_err() {
                return kill(cell).await;
            }
        }
        Shutdown::Infinity => {
            cell.stop(Some(SHUTDOWN.into()));
            // Without a limit it cannot time out.
            let _ = cell.wait(None).await;
        }
    }
    Exit::new(ExitClass::Shutdown, SHUTDOWN)
}

/// Kills the actor and returns when it is gone.
pub(crate) async fn kill(cell: &ActorCell) -> Exit {
    if cell.kill_and_wait(Some(KILL_LIMIT)).await.is_err() {
        tracing::error!(actor = "supervision", id = %cell.get_id(), "a killed actor blocks its thread");
    }
    Exit::new(ExitClass::Killed, "killed")
}
