//! Addresses: how the parts of a tree reach each other across restarts.
//!
//! ```text
//! holder ── cast ──▶ Address ──▶ the actor that runs now
//!                       ▲
//! supervisor ── re-points it at each start, clears it at each exit
//! ```

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ractor::{ActorCell, ActorId, ActorRef, Message, MessagingErr, RpcReplyPort};
use thiserror::Error;

/// How many messages wait for a child that starts when it is first needed.
const WAITING: usize = 64;

/// Why a message was not delivered or not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AddressError {
    /// Nobody is there: the child has not started, is between two lives, or is gone. The message was not delivered.
    #[error("the actor is down")]
    Down,
    /// The child is started when it is first needed, and nobody has needed it yet.
    #[error("the actor is not started")]
    NotStarted,
    /// The message was delivered, but the actor ended before it answered.
    #[error("the actor ended before it answered")]
    Lost,
    /// The message was delivered, but no answer came in time.
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    /// Too many messages already wait for a child that is starting.
    #[error("too many messages wait for the actor to start")]
    Full,
}

/// Where a child can be reached, through all its lives.
///
/// A clone costs a reference count. A supervisor re-points it at each restart, so nobody needs to hold an `ActorRef`,
/// which would go stale and keep a dead actor's memory.
pub struct Address<M>(Arc<Mutex<Slot<M>>>);

/// Waits for the answer to a message that was delivered.
async fn answered<R>(
    answer: ractor::concurrency::OneshotReceiver<R>,
    limit: Duration,
) -> Result<R, AddressError> {
    match tokio::time::timeout(limit, answer).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_)) => Err(AddressError::Lost),
        Err(_) => Err(AddressError::TimedOut(limit)),
    }
}

enum Slot<M> {
    Down,
    Up(ActorRef<M>),
    /// Not started until needed. Boxed: most slots are up, and there are many.
    Waiting(Box<Waiting<M>>),
}

/// A child that starts when it is needed: `wake` asks its supervisor for it, once.
struct Waiting<M> {
    wake: Option<Wake>,
    messages: Vec<M>,
}

/// Asks a supervisor to start a child that is needed now.
pub(crate) type Wake = Box<dyn FnOnce() + Send>;

impl<M> Address<M> {
    /// An address at which nobody is yet.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(Slot::Down)))
    }

    fn slot(&self) -> MutexGuard<'_, Slot<M>> {
        // Nothing below can panic between two states of the slot.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<M: Message> Address<M> {
    /// Sends a message and does not wait.
    ///
    /// # Errors
    /// [`AddressError::Down`] when nobody is there, [`AddressError::Full`] when too many wait for a start.
    pub fn cast(&self, message: M) -> Result<(), AddressError> {
        // What is not delivered is dropped after the lock: its drop may use this address.
        let (error, _undelivered) = match &mut *self.slot() {
            Slot::Up(actor) => match actor.send_message(message) {
                Ok(()) => return Ok(()),
                Err(error) => (AddressError::Down, Err(error)),
            },
            Slot::Down => (AddressError::Down, Ok(message)),
            Slot::Waiting(waiting) if waiting.messages.len() >= WAITING => {
                (AddressError::Full, Ok(message))
            }
            Slot::Waiting(waiting) => {
                waiting.messages.push(message);
                if let Some(wake) = waiting.wake.take() {
                    wake();
                }
                return Ok(());
            }
        };
        Err(error)
    }

    /// Sends a message and waits for its answer.
    ///
    /// Does not start a child that is started when needed: a question needs nobody to exist.
    ///
    /// # Errors
    /// [`AddressError::Down`] and [`AddressError::NotStarted`] when the message was not delivered,
    /// [`AddressError::Lost`] when the actor ended before it answered, [`AddressError::TimedOut`] after `limit`.
    pub async fn call<R: Send + 'static>(
        &self,
        message: impl FnOnce(RpcReplyPort<R>) -> M,
        limit: Duration,
    ) -> Result<R, AddressError> {
        let (port, answer) = ractor::concurrency::oneshot();
        let message = message((port, limit).into());
        let (error, undelivered) = match &*self.slot() {
            Slot::Up(actor) => match actor.send_message(message) {
                Ok(()) => (None, None),
                Err(error) => (Some(AddressError::Down), Some(Err(error))),
            },
            Slot::Down => (Some(AddressError::Down), Some(Ok(message))),
            Slot::Waiting(_) => (Some(AddressError::NotStarted), Some(Ok(message))),
        };
        drop(undelivered);
        if let Some(error) = error {
            return Err(error);
        }
        answered(answer, limit).await
    }

    /// As [`call`](Self::call), and starts a child that is started when needed: for commands, which need somebody to
    /// carry them out.
    ///
    /// # Errors
    /// As [`call`](Self::call), but for [`AddressError::NotStarted`]; and [`AddressError::Full`] when too many wait for a
    /// start.
    pub async fn command<R: Send + 'static>(
        &self,
        message: impl FnOnce(RpcReplyPort<R>) -> M,
        limit: Duration,
    ) -> Result<R, AddressError> {
        let (port, answer) = ractor::concurrency::oneshot();
        self.cast(message((port, limit).into()))?;
        answered(answer, limit).await
    }

    /// Who is there now. For supervision and tests; whoever keeps it across a restart holds a dead actor.
    #[must_use]
    pub fn current(&self) -> Option<ActorCell> {
        match &*self.slot() {
            Slot::Up(actor) => Some(actor.get_cell()),
            _ => None,
        }
    }

    /// `actor` lives here from now on; it gets what waited for it.
    pub(crate) fn point_at(&self, actor: &ActorRef<M>) {
        let mut slot = self.slot();
        if let Slot::Waiting(waiting) = std::mem::replace(&mut *slot, Slot::Up(actor.clone())) {
            for message in waiting.messages {
                // It may be dead already; then its supervisor will hear of it.
                if let Err(MessagingErr::SendErr(_)) = actor.send_message(message) {
                    break;
                }
            }
        }
    }

    /// `actor` does not live here any more. A later actor that already does stays.
    pub(crate) fn clear(&self, actor: ActorId) {
        self.replace(
            Slot::Down,
            |slot| matches!(slot, Slot::Up(current) if current.get_id() == actor),
        );
    }

    /// Nobody lives here until the first message, which `wake` announces.
    pub(crate) fn wait_for_need(&self, wake: Wake) {
        let waiting = Waiting { wake: Some(wake), messages: Vec::new() };
        self.replace(Slot::Waiting(Box::new(waiting)), |_| true);
    }

    /// Whether the first message is waited for, or has come and waits for the start.
    pub(crate) fn is_waiting(&self) -> bool {
        matches!(&*self.slot(), Slot::Waiting(_))
    }

    /// What waits for a start waits in vain.
    pub(crate) fn give_up_waiting(&self) {
        self.replace(Slot::Down, |slot| matches!(slot, Slot::Waiting(_)));
    }

    /// Replaces the slot, if it is as expected, and drops what was in it after the lock.
    fn replace(&self, new: Slot<M>, expected: impl FnOnce(&Slot<M>) -> bool) {
        let mut slot = self.slot();
        if expected(&slot) {
            let old = std::mem::replace(&mut *slot, new);
            drop(slot);
            drop(old);
        }
    }
}

impl<M> Clone for Address<M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<M> Default for Address<M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M> fmt::Debug for Address<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &*self.slot() {
            Slot::Down => "Address(down)",
            Slot::Up(_) => "Address(up)",
            Slot::Waiting(_) => "Address(not started)",
        })
    }
}
