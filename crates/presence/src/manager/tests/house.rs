//! A house to test in: users and their manager under a root, with trees that write a log.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use stagedoor_domain::{Page, SessionId, UserId};
use stagedoor_supervision::{
    Address, ChildSpec, ChildStatus, DynamicSupervisorRef, DynamicSupervisorSpec, Lifecycle,
    Observable, Root, Shutdown, Strategy, SupervisorRef, SupervisorSpec, Worker,
};

use crate::{
    CleanupTimeout, Holds, PresenceCounters, PresenceManager, PresenceManagerArgs,
    PresenceManagerMsg, PresenceManagerSnapshot, SessionGuard, Tracker, TrackerLimits,
};

pub(super) const GRACE: Duration = Duration::from_secs(5);

const LIMIT: Duration = Duration::from_secs(1);

pub(super) struct House {
    pub(super) users: DynamicSupervisorRef,
    pub(super) timeout: CleanupTimeout,
    tracker: Tracker,
    held: Held,
    manager: Address<PresenceManagerMsg>,
    root: Root,
    stage: Arc<Stage>,
}

/// Whose trees are held, and why.
type Held = Arc<Mutex<HashMap<UserId, &'static str>>>;

/// How the trees behave, and what they did.
#[derive(Default)]
struct Stage {
    log: Mutex<Vec<String>>,
    start_takes: Mutex<Duration>,
    stop_takes: Mutex<Duration>,
}

impl House {
    pub(super) async fn new() -> Self {
        let tracker = Tracker::new(TrackerLimits { sessions_per_user: 16, users: 10_000 });
        let users = DynamicSupervisorRef::new(DynamicSupervisorSpec::new());
        let (manager, stage) = (Address::new(), Arc::<Stage>::default());
        let timeout = CleanupTimeout::new(GRACE);
        let tree = {
            let stage = Arc::clone(&stage);
            Arc::new(move |user: &UserId| tree(user, &stage))
        };
        let held = Held::default();
        let holds = {
            let (held, users) = (Arc::clone(&held), Arc::clone(&held));
            Holds::new(
                move |user| held.lock().unwrap().get(user).copied(),
                move || users.lock().unwrap().keys().cloned().collect(),
            )
        };
        let args = PresenceManagerArgs {
            tracker: tracker.clone(),
            users: users.clone(),
            tree,
            holds,
            cleanup_timeout: timeout.clone(),
            counters: Arc::new(PresenceCounters::default()),
        };
        let supervisor = {
            let (users, manager) = (users.clone(), manager.clone());
            SupervisorRef::new(move || {
                let args = args.clone();
                let presence = Worker::new(&manager, move || (PresenceManager, args.clone()));
                SupervisorSpec::new(Strategy::RestForOne)
                    .intensity(10, Duration::from_secs(1))
                    .child(ChildSpec::dynamic_supervisor("users", &users))
                    .child(ChildSpec::worker("presence", presence))
            })
        };
        let root = Root::start(supervisor, Lifecycle::new()).await.unwrap();
        Self { users, timeout, tracker, held, manager, root, stage }
    }

    pub(super) fn join(&self, user: &str) -> SessionGuard {
        let session = SessionId::new("tab").unwrap();
        self.tracker
            .track(&UserId::new(user).unwrap(), session, Page::new("home").unwrap())
            .unwrap()
    }

    /// Joins, lets the manager see it, and leaves.
    pub(super) async fn visit(&self, user: &str) {
        let session = self.join(user);
        self.settled().await;
        drop(session);
        self.settled().await;
    }

    /// Something holds the user's tree from now on, or holds it for another reason.
    pub(super) fn hold(&self, user: &str, why: &'static str) {
        let user = UserId::new(user).unwrap();
        self.held.lock().unwrap().insert(user.clone(), why);
        self.say_hold_changed(user);
    }

    /// Nothing holds the user's tree any more.
    pub(super) fn release(&self, user: &str) {
        let user = UserId::new(user).unwrap();
        self.held.lock().unwrap().remove(&user);
        self.say_hold_changed(user);
    }

    fn say_hold_changed(&self, user: UserId) {
        // A manager that is gone is followed by one that reconciles.
        let _ = self.manager.cast(PresenceManagerMsg::HoldChanged(user));
    }

    pub(super) async fn snapshot(&self) -> PresenceManagerSnapshot {
        self.manager.call(PresenceManagerMsg::GetSnapshot, LIMIT).await.unwrap()
    }

    /// Lets everything happen that needs no time to pass.
    pub(super) async fn settled(&self) {
        for _ in 0..2_000 {
            tokio::task::yield_now().await;
        }
    }

    pub(super) fn log(&self) -> Vec<String> {
        self.stage.log.lock().unwrap().clone()
    }

    pub(super) fn runs(&self, user: &str) -> bool {
        matches!(self.users.status(user), Some(ChildStatus::Running { .. }))
    }

    pub(super) fn knows(&self, user: &str) -> bool {
        self.users.status(user).is_some()
    }

    pub(super) async fn pending_timers(&self) -> usize {
        self.manager.call(PresenceManagerMsg::GetPendingTimers, LIMIT).await.unwrap().len()
    }

    pub(super) fn slow_start(&self, time: Duration) {
        *self.stage.start_takes.lock().unwrap() = time;
    }

    pub(super) fn slow_stop(&self, time: Duration) {
        *self.stage.stop_takes.lock().unwrap() = time;
    }

    pub(super) async fn crash_manager(&self) {
        self.crash("presence").await;
    }

    pub(super) async fn crash_users(&self) {
        self.crash("users").await;
    }

    async fn crash(&self, id: &str) {
        let child = || self.root.supervisor().child(id).unwrap();
        let restarts = child().info().restarts;
        assert!(child().kill());
        while child().info().restarts == restarts
            || !matches!(child().info().status, ChildStatus::Running { .. })
        {
            tokio::task::yield_now().await;
        }
    }

    pub(super) async fn stop_manager(&self) {
        self.root.supervisor().terminate_child("presence").await.unwrap();
    }

    pub(super) async fn restart_manager(&self) {
        self.root.supervisor().restart_child("presence").await.unwrap();
    }
}

fn tree(user: &UserId, stage: &Arc<Stage>) -> ChildSpec {
    let (address, user, stage) = (Address::new(), user.clone(), Arc::clone(stage));
    let id = user.shared();
    let supervisor = SupervisorRef::new(move || {
        let (user, stage) = (user.clone(), Arc::clone(&stage));
        let actor = Worker::new(&address, move || (Player, (user.clone(), Arc::clone(&stage))));
        SupervisorSpec::new(Strategy::OneForOne).child(
            ChildSpec::worker("player", actor)
                .shutdown(Shutdown::Infinity)
                .start_timeout(GRACE * 10),
        )
    });
    ChildSpec::supervisor(id, &supervisor).start_timeout(GRACE * 10)
}

struct Player;

enum PlayerMsg {
    GetSnapshot(RpcReplyPort<()>),
}

impl Observable for PlayerMsg {
    type Snapshot = ();

    fn get_snapshot(reply: RpcReplyPort<()>) -> Self {
        Self::GetSnapshot(reply)
    }
}

impl Actor for Player {
    type Msg = PlayerMsg;
    type State = (UserId, Arc<Stage>);
    type Arguments = (UserId, Arc<Stage>);

    async fn pre_start(
        &self,
        _: ActorRef<PlayerMsg>,
        (user, stage): Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        let time = *stage.start_takes.lock().unwrap();
        tokio::time::sleep(time).await;
        stage.log.lock().unwrap().push(format!("start {user}"));
        Ok((user, stage))
    }

    async fn handle(
        &self,
        _: ActorRef<PlayerMsg>,
        PlayerMsg::GetSnapshot(reply): PlayerMsg,
        _: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        Ok(reply.send(())?)
    }

    async fn post_stop(
        &self,
        _: ActorRef<PlayerMsg>,
        (user, stage): &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        let time = *stage.stop_takes.lock().unwrap();
        tokio::time::sleep(time).await;
        stage.log.lock().unwrap().push(format!("stop {user}"));
        Ok(())
    }
}
