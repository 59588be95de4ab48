//! What a user asks of a platform: each runs in a task of its own, and the actor decides only whether it may.

use std::sync::Arc;

use ractor::ActorRef;
use stagedoor_domain::{Actor, Metadata, Roles};
use stagedoor_platforms::{
    AccountAccess, Applied, Broadcast, Category, ChatMessage, Error, ModerationAct, Operation,
    Place, Platform, Sent,
};
use stagedoor_store::Store;
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    ModeratedView, PlatformCommandError, SentMessage,
    manager::{PlatformMsg, PlatformReply},
    state::{Outcome, State},
};
use crate::{EventsMsg, OwnMessage, UserContext};

/// How many commands may be under way. More are for machines, and those are to wait.
const COMMANDS: usize = 64;

/// What a command works with.
struct Desk {
    cx: UserContext,
    client: Arc<dyn Platform>,
    account: AccountAccess,
    broadcast: Option<Broadcast>,
}

impl Desk {
    fn place(&self) -> Place<'_> {
        Place { account: &self.account, broadcast: self.broadcast.as_ref() }
    }

    fn store(&self) -> &Store {
        &self.cx.services().store
    }
}

impl State {
    pub(super) fn send(
        &mut self,
        text: Box<str>,
        reply_to: Option<Box<str>>,
        reply: PlatformReply<SentMessage>,
    ) {
        if let Err(error) = self.may_send(&text, reply_to.is_some()) {
            return answer(reply, Err(error.into()));
        }
        let own = OwnMessage {
            intent: Uuid::now_v7(),
            platform: self.platform(),
            text: text.clone(),
            author: Some(Actor {
                id: Some(self.account.external_id.clone()),
                name: Some(self.account.name.clone()),
                roles: Roles { owner: true, ..Roles::default() },
                ..Actor::default()
            }),
        };
        self.command(reply, move |desk: Desk| async move {
            let events = desk.cx.events();
            // Said before it is done, so that its echo is known whenever it comes. Where nobody hears it, the echo is
            // stored like any message and marked as ours by what follows.
            let _ = events.cast(EventsMsg::Sending(own.clone()));
            let message = ChatMessage { text, reply_to };
            match desk.client.send_chat(desk.place(), &message).await {
                Ok(Sent { message_id }) => {
                    let sent = EventsMsg::Sent { message: own, message_id: message_id.clone() };
                    let _ = events.cast(sent);
                    Ok(SentMessage { message_id })
                }
                Err(error) => {
                    let _ = events.cast(EventsMsg::SendFailed { intent: own.intent });
                    Err(error)
                }
            }
        });
    }

    fn may_send(&self, text: &str, is_reply: bool) -> Result<(), Error> {
        let capabilities = self.client.capabilities();
        let unsupported = |operation| Error::Unsupported { platform: self.platform(), operation };
        let Some(limit) = capabilities.send_chars else {
            return Err(unsupported(Operation::SendChat));
        };
        if is_reply && !capabilities.reply {
            return Err(unsupported(Operation::Reply));
        }
        let invalid =
            |problem: String| Error::Invalid { field: "text".into(), problem: problem.into() };
        if text.trim().is_empty() {
            return Err(invalid("is empty".into()));
        }
        let length = text.chars().count();
        if length > limit {
            return Err(invalid(format!("has {length} characters, more than the {limit} allowed")));
        }
        if capabilities.needs_broadcast && self.broadcast().is_none() {
            return Err(Error::NoBroadcast);
        }
        Ok(())
    }

    pub(super) fn moderate(&mut self, act: ModerationAct, reply: PlatformReply<ModeratedView>) {
        let platform = self.platform();
        self.command(reply, move |desk: Desk| async move {
            let (store, user) = (desk.store(), desk.cx.user());
            let act = match act {
                ModerationAct::Unban { viewer_id, ban_id: None } => {
                    let kept = store.ban(user, &platform, &viewer_id).await;
                    let ban_id = kept.map_err(|error| unread(&error))?;
                    ModerationAct::Unban { viewer_id, ban_id }
                }
                act => act,
            };
            let done = desk.client.moderate(desk.place(), &act).await?;
            let kept = match (&act, &done.ban_id) {
                (
                    ModerationAct::Ban { viewer_id, .. } | ModerationAct::Timeout { viewer_id, .. },
                    Some(ban_id),
                ) => store.put_ban(user, &platform, viewer_id, ban_id).await,
                (ModerationAct::Unban { viewer_id, ban_id: Some(_) }, _) => {
                    store.forget_ban(user, &platform, viewer_id).await.map(drop)
                }
                _ => Ok(()),
            };
            if let Err(error) = kept {
                // The ban stands; it can be lifted on the platform itself.
                tracing::warn!(%user, %platform, %error, "id of a ban not kept");
            }
            Ok(ModeratedView { duration_s: done.duration.map(|duration| duration.as_secs()) })
        });
    }

    pub(super) fn update_metadata(&mut self, metadata: Metadata, reply: PlatformReply<Applied>) {
        self.command(reply, move |desk: Desk| async move {
            desk.client.update_metadata(desk.place(), &metadata).await
        });
    }

    pub(super) fn search_categories(
        &mut self,
        name: Box<str>,
        reply: PlatformReply<Vec<Category>>,
    ) {
        self.command(reply, move |desk: Desk| async move {
            desk.client.search_categories(&desk.account, &name).await
        });
    }

    /// Runs a command, if one may run now.
    fn command<T, F>(&mut self, reply: PlatformReply<T>, work: impl FnOnce(Desk) -> F)
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let platform = self.platform();
        if self.commands >= COMMANDS {
            return answer(reply, Err(PlatformCommandError::Busy { platform }));
        }
        if let Err(retry_after) = self.breaker.admit(Instant::now()) {
            let open = PlatformCommandError::CircuitOpen { platform, retry_after };
            return answer(reply, Err(open));
        }
        self.commands += 1;
        let desk = Desk {
            cx: self.cx.clone(),
            client: Arc::clone(&self.client),
            account: self.access.clone(),
            broadcast: self.broadcast(),
        };
        let limit = self.pace().command_limit;
        let work = work(desk);
        let mut report =
            Report { manager: self.myself.clone(), outcome: Some(lost("it broke off")) };
        self.tasks.spawn(async move {
            let outcome = tokio::time::timeout(limit, work).await;
            let outcome = outcome.unwrap_or_else(|_| Err(lost("no answer in time")));
            report.outcome = outcome.as_ref().err().cloned();
            // Before the answer, so that whoever asks next finds what this one has taught.
            drop(report);
            answer(reply, outcome.map_err(PlatformCommandError::Platform));
        });
    }
}

/// Tells the manager what became of a command, also of one that panics.
struct Report {
    manager: ActorRef<PlatformMsg>,
    outcome: Option<Error>,
}

impl Drop for Report {
    fn drop(&mut self) {
        // A manager that has ended wants to know nothing.
        let _ = self.manager.cast(PlatformMsg::done(Outcome::Commanded(self.outcome.take())));
    }
}

fn lost(what: &str) -> Error {
    Error::Unclear { what: what.into() }
}

fn unread(error: &stagedoor_store::StoreError) -> Error {
    Error::Unavailable { what: format!("the store cannot be read: {error}").into() }
}

/// An answer that nobody waits for any more is no failure.
fn answer<T>(reply: PlatformReply<T>, outcome: Result<T, PlatformCommandError>) {
    let _ = reply.send(outcome);
}
