//! An actor that does what the test says, and a log of what it did.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, RpcReplyPort};

use crate::{
    Address, ChildSpec, ChildStatus, DynamicSupervisorRef, DynamicSupervisorSpec, Lifecycle,
    Observable, Root, Strategy, SupervisorHandle, SupervisorRef, SupervisorSpec, Worker,
};

pub(super) const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

pub(super) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Lets every actor do what it has to do. Time stands still meanwhile.
pub(super) async fn settle() {
    for _ in 0..256 {
        tokio::task::yield_now().await;
    }
}

/// What the parts of a test have done, in order, and how many of them exist.
#[derive(Clone, Default)]
pub(super) struct Log {
    lines: Arc<Mutex<Vec<String>>>,
    alive: Arc<AtomicUsize>,
}

impl Log {
    fn write(&self, what: &str, id: &str) {
        self.lines.lock().unwrap().push(format!("{what} {id}"));
    }

    /// What was done since the last look.
    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.lines.lock().unwrap())
    }

    /// How many parts exist, starting and stopping ones included.
    pub(super) fn alive(&self) -> usize {
        self.alive.load(SeqCst)
    }

    pub(super) fn part(&self, id: &'static str) -> Part {
        Part { id, log: self.clone(), address: Address::new(), script: Arc::default() }
    }
}

/// How a callback goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Act {
    #[default]
    Fine,
    Fail,
    Panic,
    Hang,
    Take(Duration),
}

impl Act {
    async fn play(self) -> Result<(), ActorProcessingErr> {
        match self {
            Self::Fine => {}
            Self::Fail => return Err("out of cheese".into()),
            Self::Panic => panic!("out of cheese"),
            Self::Hang => std::future::pending().await,
            Self::Take(time) => tokio::time::sleep(time).await,
        }
        Ok(())
    }
}

#[derive(Default)]
struct Script {
    start: Mutex<Act>,
    next_starts: Mutex<VecDeque<Act>>,
    post_start: Mutex<Act>,
    stop: Mutex<Act>,
    when_started: Mutex<Option<Box<dyn Fn() + Send>>>,
    made: AtomicUsize,
}

/// An actor of a test, through all its lives.
#[derive(Clone)]
pub(super) struct Part {
    pub(super) id: &'static str,
    pub(super) address: Address<PartMsg>,
    log: Log,
    script: Arc<Script>,
}

impl Part {
    pub(super) fn spec(&self) -> ChildSpec {
        let part = self.clone();
        let make = move || (PartActor, part.clone());
        ChildSpec::worker(self.id, Worker::new(&self.address, make))
    }

    /// How its starts go from now on.
    pub(super) fn starts(&self, act: Act) -> &Self {
        *self.script.start.lock().unwrap() = act;
        self
    }

    /// How its next starts go.
    pub(super) fn next_starts(&self, acts: impl IntoIterator<Item = Act>) -> &Self {
        self.script.next_starts.lock().unwrap().extend(acts);
        self
    }

    /// How its `post_start` goes from now on.
    pub(super) fn begins(&self, act: Act) -> &Self {
        *self.script.post_start.lock().unwrap() = act;
        self
    }

    /// What it does at the end of each start from now on.
    pub(super) fn when_started(&self, act: impl Fn() + Send + 'static) {
        *self.script.when_started.lock().unwrap() = Some(Box::new(act));
    }

    /// How its `post_stop` goes from now on.
    pub(super) fn stops(&self, act: Act) -> &Self {
        *self.script.stop.lock().unwrap() = act;
        self
    }

    /// How often a start was tried.
    pub(super) fn made(&self) -> usize {
        self.script.made.load(SeqCst)
    }

    /// Has it do something, now.
    pub(super) async fn does(&self, act: Act) {
        self.address.cast(PartMsg::Do(act)).unwrap();
        settle().await;
    }

    pub(super) async fn crashes(&self) {
        self.does(Act::Panic).await;
    }

    /// Has it end by itself.
    pub(super) async fn ends(&self, reason: &'static str) {
        self.address.cast(PartMsg::End(reason)).unwrap();
        settle().await;
    }

    pub(super) async fn is_killed(&self) {
        self.address.current().unwrap().kill();
        settle().await;
    }

    /// What it was sent in this life.
    pub(super) async fn notes(&self) -> Vec<u32> {
        self.address.call(PartMsg::GetSnapshot, secs(1)).await.unwrap()
    }
}

pub(super) enum PartMsg {
    Do(Act),
    End(&'static str),
    Note(u32),
    Run(Box<dyn FnOnce() + Send>),
    GetSnapshot(RpcReplyPort<Vec<u32>>),
}

impl Observable for PartMsg {
    type Snapshot = Vec<u32>;

    fn get_snapshot(reply: RpcReplyPort<Vec<u32>>) -> Self {
        Self::GetSnapshot(reply)
    }
}

struct PartActor;

struct PartState {
    part: Part,
    notes: Vec<u32>,
    _alive: Alive,
}

struct Alive(Arc<AtomicUsize>);

impl Alive {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

impl Actor for PartActor {
    type Msg = PartMsg;
    type State = PartState;
    type Arguments = Part;

    async fn pre_start(
        &self,
        _myself: ActorRef<PartMsg>,
        part: Part,
    ) -> Result<PartState, ActorProcessingErr> {
        let alive = Alive::new(&part.log.alive);
        part.script.made.fetch_add(1, SeqCst);
        let next = part.script.next_starts.lock().unwrap().pop_front();
        let act = next.unwrap_or(*part.script.start.lock().unwrap());
        act.play().await?;
        part.log.write("start", part.id);
        if let Some(act) = &*part.script.when_started.lock().unwrap() {
            act();
        }
        Ok(PartState { part, notes: Vec::new(), _alive: alive })
    }

    async fn post_start(
        &self,
        _myself: ActorRef<PartMsg>,
        state: &mut PartState,
    ) -> Result<(), ActorProcessingErr> {
        let act = *state.part.script.post_start.lock().unwrap();
        act.play().await
    }

    async fn handle(
        &self,
        myself: ActorRef<PartMsg>,
        message: PartMsg,
        state: &mut PartState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            PartMsg::Do(act) => act.play().await?,
            PartMsg::End(reason) => myself.stop(Some(reason.into())),
            PartMsg::Run(act) => act(),
            PartMsg::Note(number) => state.notes.push(number),
            PartMsg::GetSnapshot(reply) => drop(reply.send(state.notes.clone())),
        }
        Ok(())
    }

    async fn post_stop(
        &self,
        _myself: ActorRef<PartMsg>,
        state: &mut PartState,
    ) -> Result<(), ActorProcessingErr> {
        let act = *state.part.script.stop.lock().unwrap();
        act.play().await?;
        state.part.log.write("stop", state.part.id);
        Ok(())
    }
}

/// Starts a supervisor as a root of its own.
pub(super) async fn start(init: impl Fn() -> SupervisorSpec + Send + Sync + 'static) -> Root {
    Root::start(SupervisorRef::new(init), Lifecycle::new()).await.unwrap()
}

/// Starts a supervisor of these children that tolerates 10 restarts in 5 s.
pub(super) async fn start_parts<const N: usize>(strategy: Strategy, parts: [&Part; N]) -> Root {
    let parts = parts.map(Clone::clone);
    start(move || {
        let children = parts.iter().map(Part::spec);
        SupervisorSpec::new(strategy).intensity(10, secs(5)).children(children)
    })
    .await
}

/// Starts a dynamic supervisor under a root that restarts it.
pub(super) async fn start_dynamic(spec: DynamicSupervisorSpec) -> (Root, DynamicSupervisorRef) {
    let users = DynamicSupervisorRef::new(spec);
    let child = users.clone();
    let root = start(move || {
        SupervisorSpec::new(Strategy::OneForOne)
            .intensity(10, secs(5))
            .child(ChildSpec::dynamic_supervisor("users", &child))
    })
    .await;
    (root, users)
}

/// Whether the actor at the root has ended.
pub(super) async fn has_ended(root: &Root) -> bool {
    settle().await;
    let mut ended = std::pin::pin!(root.ended());
    std::future::poll_fn(|cx| std::task::Poll::Ready(ended.as_mut().poll(cx).is_ready())).await
}

/// The status of a child, without its times.
pub(super) fn status(supervisor: &SupervisorHandle, id: &str) -> &'static str {
    match supervisor.child(id).map(|child| child.info().status.clone()) {
        None => "absent",
        Some(ChildStatus::NotStarted) => "not started",
        Some(ChildStatus::Starting) => "starting",
        Some(ChildStatus::Running { .. }) => "running",
        Some(ChildStatus::Restarting { .. }) => "restarting",
        Some(ChildStatus::BackingOff { .. }) => "backing off",
        Some(ChildStatus::Stopping) => "stopping",
        Some(ChildStatus::Terminated) => "terminated",
    }
}

/// The actor of a child of the root.
pub(super) fn cell(root: &Root, id: &str) -> ActorCell {
    top(root).child(id).and_then(|child| child.cell).unwrap()
}

/// The root supervisor, as one walks it.
pub(super) fn top(root: &Root) -> SupervisorHandle {
    SupervisorHandle::Static(root.supervisor().clone())
}
