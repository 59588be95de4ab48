//! What is asked of a running supervisor: OTP's calls by the same names.

use super::State;
use crate::{
    error::{ChildError, StartChildError},
    id::ChildId,
    life::{Child, Life},
    lifecycle::Change,
    spec::{ChildSpec, Restart},
};

impl State {
    pub(crate) async fn start_child(&mut self, spec: ChildSpec) -> Result<(), StartChildError> {
        spec.validate(self.auto_shutdown)?;
        let id = spec.id.clone();
        {
            let mut table = self.supervisor.children().lock();
            if let Some(present) = table.children.get(&id) {
                return Err(match present.life {
                    Life::Terminated => StartChildError::AlreadyPresent,
                    _ => StartChildError::AlreadyStarted,
                });
            }
            let life = if spec.when_needed { Life::NotStarted } else { Life::Terminated };
            if spec.when_needed {
                self.wait_for_need(&spec);
            }
            table.children.insert(Child::new(spec, life));
        }
        self.start_one(&id, Change::Started).await.map_err(|error| {
            self.supervisor.children().lock().children.remove(&id);
            StartChildError::Start(error)
        })
    }

    pub(crate) async fn terminate_child(&mut self, id: &ChildId) -> Result<(), ChildError> {
        if self.index_of(id).is_none() {
            return Err(ChildError::NotFound);
        }
        if let Some(change) = self.stop_one(id).await {
            self.remember(id, change);
        }
        let mut table = self.supervisor.children().lock();
        if let Some(child) = table.children.get_mut(id) {
            // Whatever start or restart was to come is called off.
            child.spec.actor.give_up_waiting();
            child.life = Life::Terminated;
            if child.spec.restart == Restart::Temporary {
                table.children.remove(id);
            }
        }
        Ok(())
    }

    pub(crate) async fn restart_child(&mut self, id: &ChildId) -> Result<(), ChildError> {
        let restarts = {
            let mut table = self.supervisor.children().lock();
            let child = table.children.get_mut(id).ok_or(ChildError::NotFound)?;
            match child.life {
                Life::Terminated => {}
                Life::Restarting { .. } | Life::BackingOff(_) => {
                    return Err(ChildError::Restarting);
                }
                _ => return Err(ChildError::Running),
            }
            child.restarts += 1;
            child.restarts
        };
        let change = Change::Restarted { restarts };
        match self.start_one(id, change.clone()).await {
            Ok(()) => {
                self.remember(id, change);
                Ok(())
            }
            Err(error) => {
                // As in OTP, a child that fails to start by command stays terminated.
                if let Some(child) = self.supervisor.children().lock().children.get_mut(id) {
                    child.life = Life::Terminated;
                }
                Err(error.into())
            }
        }
    }

    pub(crate) fn delete_child(&mut self, id: &ChildId) -> Result<(), ChildError> {
        let mut table = self.supervisor.children().lock();
        match table.children.get(id).map(|child| &child.life) {
            None => Err(ChildError::NotFound),
            Some(Life::Terminated) => {
                table.children.remove(id);
                Ok(())
            }
            Some(Life::Restarting { .. } | Life::BackingOff(_)) => Err(ChildError::Restarting),
            Some(_) => Err(ChildError::Running),
        }
    }

    /// The first message for a child that starts when needed has come.
    pub(crate) async fn child_needed(
        &mut self,
        id: &ChildId,
    ) -> Result<(), ractor::ActorProcessingErr> {
        let spec = {
            let mut table = self.supervisor.children().lock();
            match table.children.get_mut(id) {
                Some(child) if matches!(child.life, Life::NotStarted) => {
                    child.life = Life::Terminated;
                    child.spec.clone()
                }
                _ => return Ok(()),
            }
        };
        match self.start_one(id, Change::Started).await {
            Ok(()) => Ok(()),
            Err(_) if spec.restart == Restart::Temporary => {
                spec.actor.give_up_waiting();
                self.supervisor.children().lock().children.remove(id);
                Ok(())
            }
            // It was promised at the supervisor's own start, so it counts like a restart that failed.
            Err(error) => self.restart(&spec, error.to_string().into()).await,
        }
    }
}
