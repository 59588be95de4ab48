//! Changes of the metadata: saved one after the other, each answered when it is.

use std::collections::VecDeque;

use stagedoor_domain::Metadata;
use stagedoor_store::StoreError;

use super::{
    StreamCommandError,
    server::{Answer, Outcome},
    state::{ACTOR, State, answer},
};

/// How many changes may wait.
const WAITING: usize = 16;

#[derive(Default)]
pub(super) struct MetadataQueue(VecDeque<(Metadata, Answer)>);

impl MetadataQueue {
    /// Takes a change. Says whether it is the first, which is to be saved now; refuses it when too many wait.
    fn push(&mut self, metadata: Metadata, reply: Answer) -> Result<bool, Answer> {
        if self.0.len() >= WAITING {
            return Err(reply);
        }
        self.0.push_back((metadata, reply));
        Ok(self.0.len() == 1)
    }

    /// The change that is being saved.
    fn first(&self) -> Option<&Metadata> {
        self.0.front().map(|(metadata, _)| metadata)
    }

    fn pop(&mut self) -> Option<(Metadata, Answer)> {
        self.0.pop_front()
    }
}

impl State {
    pub(super) fn set_metadata(&mut self, metadata: Metadata, reply: Answer) {
        if let Err(error) = metadata.validate() {
            return answer(reply, Err(error.into()));
        }
        match self.metadata_queue.push(metadata, reply) {
            // What is being read now would be taken for newer than it.
            Ok(true) if !self.is_loading() => self.save_metadata(),
            Ok(_) => {}
            Err(reply) => answer(reply, Err(StreamCommandError::StoreUnavailable)),
        }
    }

    pub(super) fn save_metadata(&mut self) {
        let Some(metadata) = self.metadata_queue.first().cloned() else { return };
        let (store, user) = (self.cx.services().store.clone(), self.cx.user().clone());
        self.begin(
            async move { Outcome::MetadataSaved(store.put_metadata(&user, &metadata).await) },
        );
    }

    pub(super) fn metadata_saved(&mut self, result: Result<(), StoreError>) {
        let Some((metadata, reply)) = self.metadata_queue.pop() else { return };
        match result {
            Ok(()) => {
                self.metadata = metadata.clone();
                self.change(|machine, _| {
                    if machine.on_air().is_some()
                        && let Some(livestream) = &mut machine.livestream
                    {
                        livestream.metadata = metadata;
                    }
                });
                self.publish();
                answer(reply, Ok(()));
            }
            Err(error) => {
                tracing::warn!(actor = ACTOR, user = %self.cx.user(), %error, "metadata not saved");
                answer(reply, Err(StreamCommandError::StoreUnavailable));
            }
        }
        self.save_metadata();
    }
}
