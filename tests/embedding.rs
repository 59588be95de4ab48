//! A program that embeds the daemon and has a component of its own: nothing of stagedoor is touched for it.

use std::time::Duration;

use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use serde::Serialize;
use serde_json::Value;
use stagedoor_domain::Metadata;
use stagedoor_inspect::{Action, InspectClient};
use stagedoor_stream::{StreamCommandError, StreamStateMsg, UserContext};
use stagedoor_supervision::{Address, AddressError, ChildSpec, ChildType, Observable, Worker};
use stagedoor_testkit::{Harness, wait_until};

use crate::support::{Addresses, what_happened};

/// How long the stream's state may take to answer.
const LIMIT: Duration = Duration::from_secs(5);

/// Titles the stream of its user, and counts how often it did.
struct Titler;

#[derive(Debug)]
enum TitlerMsg {
    /// Sets the title. (cast)
    Title(String),
    /// The stream's state has answered. (fact)
    Answered(Result<Result<(), StreamCommandError>, AddressError>),
    /// Answers what it has done. (call)
    GetSnapshot(RpcReplyPort<TitlerSnapshot>),
}

#[derive(Clone, Debug, Default, Serialize)]
struct TitlerSnapshot {
    titled: u32,
    refusal: Option<String>,
}

struct State {
    stream: Address<StreamStateMsg>,
    seen: TitlerSnapshot,
}

impl Actor for Titler {
    type Msg = TitlerMsg;
    type State = State;
    type Arguments = Address<StreamStateMsg>;

    async fn pre_start(
        &self,
        _myself: ActorRef<TitlerMsg>,
        stream: Self::Arguments,
    ) -> Result<State, ActorProcessingErr> {
        Ok(State { stream, seen: TitlerSnapshot::default() })
    }

    async fn handle(
        &self,
        myself: ActorRef<TitlerMsg>,
        message: TitlerMsg,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            TitlerMsg::Title(title) => {
                let stream = state.stream.clone();
                tokio::spawn(async move {
                    let metadata = Metadata { title: title.into(), ..Metadata::default() };
                    let set = |reply| StreamStateMsg::SetMetadata(metadata, reply);
                    let answer = stream.call(set, LIMIT).await;
                    let _ = myself.cast(TitlerMsg::Answered(answer));
                });
            }
            TitlerMsg::Answered(Ok(Ok(()))) => state.seen.titled += 1,
            TitlerMsg::Answered(Ok(Err(refused))) => {
                state.seen.refusal = Some(refused.to_string());
            }
            TitlerMsg::Answered(Err(lost)) => return Err(lost.into()),
            TitlerMsg::GetSnapshot(reply) => reply.send(state.seen.clone())?,
        }
        Ok(())
    }
}

impl Observable for TitlerMsg {
    type Snapshot = TitlerSnapshot;

    fn get_snapshot(reply: RpcReplyPort<Self::Snapshot>) -> Self {
        Self::GetSnapshot(reply)
    }
}

/// The component's entry; the program keeps the address to talk to it.
fn titler(cx: &UserContext, address: &Address<TitlerMsg>) -> ChildSpec {
    let stream = cx.stream_state().clone();
    ChildSpec::worker("titler", Worker::new(address, move || (Titler, stream.clone())))
}

#[tokio::test]
async fn a_component_of_an_embedding_program_is_a_component_like_any_other() {
    let titlers = Addresses::default();
    let daemon = Harness::builder().component(titlers.with(titler)).start().await;
    let _tabs =
        [daemon.open_dashboard("ada", "home").await, daemon.open_dashboard("bob", "home").await];
    let child = daemon.runs("users/ada/titler", 0).await;
    assert_eq!(child.child_type, ChildType::Worker);
    daemon.runs("users/bob/titler", 0).await;

    // It works with stagedoor's own components.
    let state = async |path: &str| {
        daemon.ask(async |client| client.snapshot(path).await).await.unwrap().state
    };
    titlers.get("ada").cast(TitlerMsg::Title("Chess, and nothing else".into())).unwrap();
    wait_until("titled", async || state("users/ada/titler").await, |seen| seen["titled"] == 1)
        .await;
    assert_eq!(
        state("users/ada/stream_state").await["metadata"]["title"],
        "Chess, and nothing else"
    );
    assert_eq!(state("users/bob/stream_state").await["metadata"]["title"], "");
    titlers.get("ada").cast(TitlerMsg::Title("x".repeat(501))).unwrap();
    let refused =
        |seen: &Value| seen["refusal"].as_str().is_some_and(|text| text.contains("title"));
    wait_until("refused", async || state("users/ada/titler").await, refused).await;

    // It is supervised: its address outlives a crash, and the debug client acts on it.
    let watch = daemon.watch().await;
    daemon.crash("users/ada/titler").await;
    daemon.runs("users/ada/titler", 1).await;
    assert_eq!(state("users/ada/titler").await["titled"], 0, "a new life");
    titlers.get("ada").cast(TitlerMsg::Title("Chess".into())).unwrap();
    wait_until("titled", async || state("users/ada/titler").await, |seen| seen["titled"] == 1)
        .await;
    let story = what_happened(&daemon, watch).await;
    assert_eq!(story, ["users/ada/titler exited: killed", "users/ada/titler restarted: 1"]);
    let restart =
        async |client: &InspectClient| client.act(Action::Restart, "users/ada/titler").await;
    daemon.ask(restart).await.expect("it is restarted when an operator asks");
    assert!(daemon.running("users/ada/titler").is_some());
}

#[tokio::test]
async fn an_embedding_program_tracks_sessions_of_its_own() {
    let daemon = Harness::start().await;
    let (user, session, page) =
        ("ada".parse().unwrap(), "kiosk".parse().unwrap(), "home".parse().unwrap());
    let guard = daemon.daemon().tracker().track(&user, session, page).unwrap();
    daemon.runs("users/ada", 0).await;
    drop(guard);
    daemon.gone("users/ada").await;
}
