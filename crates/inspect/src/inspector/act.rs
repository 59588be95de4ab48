//! Acting: restart, stop, crash. Each act is logged with who asked for it.

use stagedoor_supervision::{ChildError, SupervisorHandle};
use tracing::{info, warn};

use super::{View, look::segments};
use crate::{
    error::{Failure, InspectError},
    message::{Action, Caller},
    view::Acted,
};

impl View {
    pub(super) async fn act(
        &self,
        action: Action,
        path: &str,
        by: &Caller,
    ) -> Result<Acted, InspectError> {
        let outcome = self.carry_out(action, path).await;
        match &outcome {
            Ok(_) => info!(actor = "Inspector", %action, path, %by, "acted on an actor"),
            Err(error) => {
                warn!(actor = "Inspector", %action, path, %by, %error, "could not act on an actor");
            }
        }
        outcome
    }

    async fn carry_out(&self, action: Action, path: &str) -> Result<Acted, InspectError> {
        if segments(path).next().is_none() {
            return Err(InspectError::Root);
        }
        // Says which parent is the nearest that exists.
        self.find(path)?;
        let (parent, id) = self.parent_of(path)?;
        match action {
            Action::Restart => done(action, path, parent.renew_child(id).await)?,
            Action::Stop => done(action, path, parent.terminate_child(id).await)?,
            Action::Crash => crash(&parent, path, id)?,
        }
        let status = parent.child(id).map(|child| child.info().status.clone());
        Ok(Acted { action, path: path.into(), status })
    }
}

fn done(action: Action, path: &str, outcome: Result<(), ChildError>) -> Result<(), InspectError> {
    let not_done = |error: ChildError| InspectError::NotDone {
        action,
        path: path.into(),
        reason: error.to_string(),
    };
    outcome.map_err(not_done)
}

fn crash(parent: &SupervisorHandle, path: &str, id: &str) -> Result<(), InspectError> {
    if parent.child(id).is_some_and(|child| child.kill()) {
        return Ok(());
    }
    Err(InspectError::Actor { path: path.into(), failure: Failure::Down })
}
