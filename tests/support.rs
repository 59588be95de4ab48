//! What the stories share: what happened to the tree meanwhile, and a component that does as it is told.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Arc, Mutex},
};

use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use serde_json::Value;
use stagedoor_domain::UserId;
use stagedoor_inspect::{Watch, Watched};
use stagedoor_stream::UserContext;
use stagedoor_supervision::{Address, Change, ChildSpec, LifecycleEvent, Observable, Worker};
use stagedoor_testkit::{Harness, PATIENCE, ProcessBuilder};
use tokio::time::timeout;

/// Who comes when a test wants to know what happened so far: their tree's start is the end of the story.
const WITNESS: &str = "witness";

/// The binaries.
pub(crate) const STAGEDOORD: &str = env!("CARGO_BIN_EXE_scenarios-stagedoord");
pub(crate) const STAGEDOOR: &str = env!("CARGO_BIN_EXE_scenarios-stagedoor");

/// The daemon as a process.
pub(crate) fn stagedoord() -> ProcessBuilder {
    ProcessBuilder::of(STAGEDOORD)
}

/// The next change in the life of the actor at `path` or below.
pub(crate) async fn next_change(watch: &mut Watch, path: &str) -> LifecycleEvent {
    loop {
        let event = next(watch).await;
        if is_below(&event, path) {
            return event;
        }
    }
}

/// Everything that happened since `watch` began, in words: `users/ada/stream_state exited: killed`.
pub(crate) async fn what_happened(daemon: &Harness, mut watch: Watch) -> Vec<String> {
    let _tab = daemon.open_dashboard(WITNESS, "home").await;
    let witness = format!("users/{WITNESS}");
    let mut story = Vec::new();
    loop {
        let event = next(&mut watch).await;
        if event.path == witness && event.change == Change::Started {
            return story;
        }
        if !is_below(&event, &witness) {
            story.push(in_words(&event));
        }
    }
}

/// An event as a line of a story.
pub(crate) fn in_words(LifecycleEvent { path, change, .. }: &LifecycleEvent) -> String {
    match change {
        Change::Started => format!("{path} started"),
        Change::Restarted { restarts } => format!("{path} restarted: {restarts}"),
        Change::Exited { class, .. } => format!("{path} exited: {}", class.as_str()),
        Change::BackingOff { delay_ms, .. } => format!("{path} backs off: {delay_ms} ms"),
        Change::GaveUp { .. } => format!("{path} gave up"),
        other => format!("{path} {other:?}"),
    }
}

async fn next(watch: &mut Watch) -> LifecycleEvent {
    match timeout(PATIENCE, watch.next()).await.expect("something happens").unwrap() {
        Watched::Event(event) => event,
        Watched::Missed(missed) => panic!("{missed} events are lost"),
    }
}

fn is_below(event: &LifecycleEvent, path: &str) -> bool {
    event.path.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

type Hook = Arc<dyn Fn(UserId) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// A component that does what the test says when it starts and when it stops.
#[derive(Clone)]
pub(crate) struct Prop {
    id: &'static str,
    on_start: Hook,
    on_stop: Hook,
    fails: Arc<dyn Fn(&UserId) -> bool + Send + Sync>,
}

impl Prop {
    /// Does nothing.
    pub(crate) fn new(id: &'static str) -> Self {
        let nothing: Hook = Arc::new(|_| Box::pin(async {}));
        Self { id, on_start: Arc::clone(&nothing), on_stop: nothing, fails: Arc::new(|_| false) }
    }

    /// Its start takes as long as this.
    pub(crate) fn on_start<F>(mut self, hook: impl Fn(UserId) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.on_start = Arc::new(move |user| Box::pin(hook(user)));
        self
    }

    /// Its graceful stop takes as long as this.
    pub(crate) fn on_stop<F>(mut self, hook: impl Fn(UserId) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.on_stop = Arc::new(move |user| Box::pin(hook(user)));
        self
    }

    /// Fails as soon as it runs, in the trees of these users.
    pub(crate) fn fails(mut self, of: impl Fn(&UserId) -> bool + Send + Sync + 'static) -> Self {
        self.fails = Arc::new(of);
        self
    }

    /// As a component of a user's tree.
    pub(crate) fn component(self) -> impl Fn(&UserContext) -> ChildSpec + Send + Sync + 'static {
        move |cx| {
            let (prop, user) = (self.clone(), cx.user().clone());
            let worker = Worker::new(&Address::new(), move || (prop.clone(), user.clone()));
            ChildSpec::worker(self.id, worker)
        }
    }
}

/// Messages of [`Prop`].
#[derive(Debug)]
pub(crate) enum PropMsg {
    Fail,
    GetSnapshot(RpcReplyPort<Value>),
}

impl Actor for Prop {
    type Msg = PropMsg;
    type State = UserId;
    type Arguments = UserId;

    async fn pre_start(
        &self,
        myself: ActorRef<PropMsg>,
        user: UserId,
    ) -> Result<UserId, ActorProcessingErr> {
        (self.on_start)(user.clone()).await;
        if (self.fails)(&user) {
            myself.cast(PropMsg::Fail)?;
        }
        Ok(user)
    }

    async fn handle(
        &self,
        _myself: ActorRef<PropMsg>,
        message: PropMsg,
        _user: &mut UserId,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            PropMsg::Fail => Err("the prop fails, as it was told".into()),
            PropMsg::GetSnapshot(reply) => Ok(reply.send(Value::Null)?),
        }
    }

    async fn post_stop(
        &self,
        _myself: ActorRef<PropMsg>,
        user: &mut UserId,
    ) -> Result<(), ActorProcessingErr> {
        (self.on_stop)(user.clone()).await;
        Ok(())
    }
}

impl Observable for PropMsg {
    type Snapshot = Value;

    fn get_snapshot(reply: RpcReplyPort<Value>) -> Self {
        Self::GetSnapshot(reply)
    }
}

/// Addresses of parts of the users' trees, which the tree itself gives to nobody outside.
pub(crate) struct Addresses<M>(Arc<Mutex<HashMap<UserId, Address<M>>>>);

impl<M: Send + 'static> Addresses<M> {
    /// A component at an address of its own in each tree.
    pub(crate) fn with<F>(
        &self,
        component: F,
    ) -> impl Fn(&UserContext) -> ChildSpec + Send + Sync + use<M, F>
    where
        F: Fn(&UserContext, &Address<M>) -> ChildSpec + Send + Sync + 'static,
    {
        let addresses = Arc::clone(&self.0);
        move |cx| {
            let mut addresses = addresses.lock().unwrap();
            component(cx, addresses.entry(cx.user().clone()).or_default())
        }
    }

    /// The address in the tree of `user`, which runs.
    pub(crate) fn get(&self, user: &str) -> Address<M> {
        self.0.lock().unwrap()[&UserId::new(user).unwrap()].clone()
    }
}

impl<M> Default for Addresses<M> {
    fn default() -> Self {
        Self(Arc::default())
    }
}
