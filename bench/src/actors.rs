//! Four actors as small as the peer's, and the tree of them: what is compared is supervision, not what actors do.

use std::{
    marker::PhantomData,
    sync::{Arc, OnceLock},
    time::Duration,
};

use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use stagedoor_domain::UserId;
use stagedoor_supervision::{
    Address, Backoff, ChildSpec, Observable, Strategy, SupervisorChange, SupervisorRef,
    SupervisorSpec, Worker,
};

use crate::{stamps::Stamps, users::index_of};

/// Where a user's [`StreamState`] is reached.
pub(crate) type Target = Address<StreamStateMsg>;

/// What the trees of a run have in common.
pub(crate) struct Board {
    pub(crate) up: Stamps,
    targets: Vec<OnceLock<Target>>,
    backoff: Arc<Backoff>,
}

impl Board {
    /// For users 0 to `n`. All its memory is touched before anything is measured.
    pub(crate) fn new(n: usize) -> Arc<Self> {
        Arc::new(Self {
            up: Stamps::new(n),
            targets: (0..n).map(|_| OnceLock::new()).collect(),
            backoff: Arc::default(),
        })
    }

    /// Where the `StreamState` of user `index` is. The tree must have been started once.
    pub(crate) fn target(&self, index: usize) -> &Target {
        self.targets[index].get().expect("the tree has been specified")
    }

    /// The tree of `user`: a supervisor and four children.
    pub(crate) fn tree(self: &Arc<Self>, user: &UserId) -> ChildSpec {
        let index = index_of(user);
        let stream_state = self.targets[index].get_or_init(Address::new).clone();
        let (id, user, board) = (user.shared(), user.clone(), Arc::clone(self));
        let supervisor = SupervisorRef::new(move || {
            let board = Arc::clone(&board);
            let quiet = || user.clone();
            let (logger, state, metrics, cloudflare) = (quiet(), quiet(), quiet(), quiet());
            let logger = Worker::new(&Address::new(), move || {
                (Quiet::<ConsoleLogger>::new(), logger.clone())
            });
            let state = Worker::new(&stream_state, move || (StreamStateActor, state.clone()));
            let metrics =
                Worker::new(&Address::new(), move || (Quiet::<Metrics>::new(), metrics.clone()));
            let cloudflare = Worker::new(&Address::new(), move || {
                (Quiet::<Cloudflare>::new(), cloudflare.clone())
            });
            SupervisorSpec::new(Strategy::OneForOne)
                .intensity(3, Duration::from_secs(5))
                .on_change(move |change| {
                    if change == SupervisorChange::Started {
                        board.up.mark(index);
                    }
                })
                .child(ChildSpec::worker("console_logger", logger))
                .child(ChildSpec::worker("stream_state", state))
                .child(ChildSpec::worker("metrics", metrics))
                .child(ChildSpec::worker("cloudflare", cloudflare))
        });
        ChildSpec::supervisor(id, &supervisor).backoff(Arc::clone(&self.backoff))
    }
}

/// An actor that answers and otherwise only has its state.
struct Quiet<S>(PhantomData<fn() -> S>);

impl<S> Quiet<S> {
    fn new() -> Self {
        Self(PhantomData)
    }
}

/// The message of [`Quiet`].
enum QuietMsg {
    Ping(RpcReplyPort<()>),
}

impl Observable for QuietMsg {
    type Snapshot = ();

    fn get_snapshot(reply: RpcReplyPort<()>) -> Self {
        Self::Ping(reply)
    }
}

impl<S: From<UserId> + Send + 'static> Actor for Quiet<S> {
    type Msg = QuietMsg;
    type State = S;
    type Arguments = UserId;

    async fn pre_start(
        &self,
        _: ActorRef<QuietMsg>,
        user: UserId,
    ) -> Result<S, ActorProcessingErr> {
        Ok(user.into())
    }

    async fn handle(
        &self,
        _: ActorRef<QuietMsg>,
        QuietMsg::Ping(reply): QuietMsg,
        _: &mut S,
    ) -> Result<(), ActorProcessingErr> {
        Ok(reply.send(())?)
    }
}

macro_rules! states {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        #[expect(dead_code, reason = "they are there to be as big as the peer's")]
        struct $name {
            user: UserId,
            $($field: $type,)*
        }

        impl From<UserId> for $name {
            fn from(user: UserId) -> Self {
                Self { user, $($field: Default::default(),)* }
            }
        }
    )*};
}

states! {
    /// The peer's, without its timer.
    ConsoleLogger { count: u64 }
    Metrics { since: u64, users: u64, events: u64, uptime: u64, connections: Vec<u64> }
    Cloudflare {
        account: Option<Box<str>>,
        token: Option<Box<str>>,
        input: Option<Box<str>>,
        outputs: Vec<Box<str>>,
        status: u8,
        input_status: u8,
        last_seen: Option<u64>,
        poll_ms: u64,
    }
    StreamState {
        status: u8,
        title: Option<Box<str>>,
        thumbnail: Option<Box<str>>,
        started_at: Option<u64>,
        ended_at: Option<u64>,
        platforms: Vec<Box<str>>,
        viewers: u64,
        chat: u64,
        donations: u64,
        follows: u64,
        input: Option<Box<str>>,
        last: u64,
    }
}

/// The child that is called, told and killed.
struct StreamStateActor;

/// Messages of [`StreamStateActor`].
pub(crate) enum StreamStateMsg {
    /// Somebody wrote in the chat. (cast)
    Chat(ChatMessage),
    /// Answers how many have. (call)
    ChatCount(RpcReplyPort<u64>),
    /// Answers. (call)
    Ping(RpcReplyPort<()>),
}

/// An event as the peer's: texts that are shared, and a number of its own.
#[derive(Clone)]
pub(crate) struct ChatMessage {
    #[expect(dead_code, reason = "carried, as the peer's is")]
    pub(crate) author: Arc<str>,
    #[expect(dead_code, reason = "carried, as the peer's is")]
    pub(crate) text: Arc<str>,
    pub(crate) at: u64,
}

impl Observable for StreamStateMsg {
    type Snapshot = ();

    fn get_snapshot(reply: RpcReplyPort<()>) -> Self {
        Self::Ping(reply)
    }
}

impl Actor for StreamStateActor {
    type Msg = StreamStateMsg;
    type State = StreamState;
    type Arguments = UserId;

    async fn pre_start(
        &self,
        _: ActorRef<StreamStateMsg>,
        user: UserId,
    ) -> Result<StreamState, ActorProcessingErr> {
        Ok(user.into())
    }

    async fn handle(
        &self,
        _: ActorRef<StreamStateMsg>,
        message: StreamStateMsg,
        state: &mut StreamState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            StreamStateMsg::Chat(message) => {
                state.chat += 1;
                state.last = message.at;
            }
            StreamStateMsg::ChatCount(reply) => reply.send(state.chat)?,
            StreamStateMsg::Ping(reply) => reply.send(())?,
        }
        Ok(())
    }
}
