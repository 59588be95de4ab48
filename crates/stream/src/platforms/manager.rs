use std::sync::Arc;

use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use stagedoor_domain::{Account, Metadata, Platform as PlatformId};
use stagedoor_platforms::{Applied, Category, ModerationAct, Platform, Standing};
use stagedoor_supervision::{Backoff, ChildSpec, Observable, Worker};

use super::{
    ModeratedView, PlatformCommandError, PlatformSnapshot, SentMessage,
    state::{Outcome, State},
};
use crate::{Subscriber, UserContext, Wanted};

/// The manager of one account, to be started under PlatformSupervisor. It is restarted at its own pace: what crashes it
/// takes no other platform down.
pub(super) fn child(
    cx: &UserContext,
    account: &Account,
    backoff: &Arc<Backoff>,
) -> Option<ChildSpec> {
    let client = cx.services().platforms.get(&account.platform)?.clone();
    let address = cx.platform(&account.platform)?;
    let arguments = PlatformManagerArgs { cx: cx.clone(), client, account: account.clone() };
    let manager = Worker::new(address, move || (PlatformManager, arguments.clone()));
    let id = account.platform.as_str().to_owned();
    Some(ChildSpec::worker(id, manager).backoff(Arc::clone(backoff)).context(key(account)))
}

/// By what a manager is told from that of an account that was connected anew.
pub(super) type AccountKey = (Box<str>, jiff::Timestamp);

pub(super) fn key(account: &Account) -> AccountKey {
    (account.external_id.clone(), account.connected_at)
}

/// Sees to one account on a platform: `TwitchManager`, `YouTubeManager`, `KickManager` and `FacebookManager` are this
/// one, with another [`Platform`].
pub struct PlatformManager;

/// Whose account, where.
#[derive(Clone, Debug)]
pub struct PlatformManagerArgs {
    pub(super) cx: UserContext,
    pub(super) client: Arc<dyn Platform>,
    pub(super) account: Account,
}

/// The answer to a command.
pub type PlatformReply<T> = RpcReplyPort<Result<T, PlatformCommandError>>;

/// Messages of [`PlatformManager`].
pub enum PlatformMsg {
    /// Sends a chat message. (call)
    Send {
        /// What it says.
        text: Box<str>,
        /// The platform's id of the message that it answers.
        reply_to: Option<Box<str>>,
        /// The answer.
        reply: PlatformReply<SentMessage>,
    },
    /// Does what a moderator does. (call)
    Moderate(ModerationAct, PlatformReply<ModeratedView>),
    /// Changes what the stream is called and about there. (call)
    UpdateMetadata(Metadata, PlatformReply<Applied>),
    /// Answers categories by their name. (call)
    SearchCategories(Box<str>, PlatformReply<Vec<Category>>),
    /// From now on this is wanted: it begins or ends the platform's side of it. (cast)
    Want(Wanted),
    /// The channel stands so. (fact, from `Viewers`)
    Standing(Standing),
    /// Makes a lost connection now instead of later. (cast)
    Reconnect,
    /// Sends the present state of the connection to this subscriber. (cast)
    Announce(Arc<dyn Subscriber>),
    /// Answers what it knows. (call)
    GetSnapshot(RpcReplyPort<PlatformSnapshot>),
    /// Its own: what a task has found or done.
    Done(Done),
}

/// What came of something that [`PlatformManager`] has begun itself.
pub struct Done(pub(super) Outcome);

impl PlatformMsg {
    pub(super) const fn done(outcome: Outcome) -> Self {
        Self::Done(Done(outcome))
    }
}

impl UserContext {
    /// Where the manager of this platform is reached, if there can be one.
    #[must_use]
    pub fn platform(
        &self,
        id: &PlatformId,
    ) -> Option<&stagedoor_supervision::Address<PlatformMsg>> {
        self.platform_managers().iter().find(|(its, _)| its == id).map(|(_, address)| address)
    }
}

impl Actor for PlatformManager {
    type Msg = PlatformMsg;
    type State = State;
    type Arguments = PlatformManagerArgs;

    async fn pre_start(
        &self,
        myself: ActorRef<Self::Msg>,
        arguments: Self::Arguments,
    ) -> Result<State, ActorProcessingErr> {
        Ok(State::start(arguments, myself))
    }

    async fn handle(
        &self,
        _myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            PlatformMsg::Send { text, reply_to, reply } => state.send(text, reply_to, reply),
            PlatformMsg::Moderate(act, reply) => state.moderate(act, reply),
            PlatformMsg::UpdateMetadata(metadata, reply) => state.update_metadata(metadata, reply),
            PlatformMsg::SearchCategories(name, reply) => state.search_categories(name, reply),
            PlatformMsg::Want(wanted) => state.want(wanted),
            PlatformMsg::Standing(standing) => state.standing(&standing),
            PlatformMsg::Reconnect => state.reconnect(),
            PlatformMsg::Announce(subscriber) => state.announce(&*subscriber),
            // An answer that nobody waits for any more is no failure.
            PlatformMsg::GetSnapshot(reply) => drop(reply.send(state.snapshot())),
            PlatformMsg::Done(Done(outcome)) => state.done(outcome),
        }
        state.drive();
        Ok(())
    }
}

impl Observable for PlatformMsg {
    type Snapshot = PlatformSnapshot;

    fn get_snapshot(reply: RpcReplyPort<Self::Snapshot>) -> Self {
        Self::GetSnapshot(reply)
    }
}
