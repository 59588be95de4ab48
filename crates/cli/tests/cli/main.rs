//! The real binary against a live inspector, over a real socket.

#![expect(clippy::unwrap_used, reason = "a test that is surprised fails")]

mod streams;

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    pin::Pin,
    process::{Output, Stdio},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use secrecy::SecretString;
use serde_json::{Value, json};
use stagedoor_domain::{Page, SessionId, StreamEvent, StreamStatus, UserId};
use stagedoor_inspect::{
    AlertsOverview, Asked, Budget, ConnectionCounters, EventQuery, InspectMsg, Inspector,
    InspectorArgs, Listener, PendingTimer, PlatformsOverview, PresenceCount, PresentSession,
    ProcessFacts, ServeConfig, Sources, StreamAction, StreamOverview, serve,
};
use stagedoor_supervision::{
    Address, AddressError, ChildSpec, DynamicSupervisorRef, DynamicSupervisorSpec, Lifecycle,
    Observable, Root, Strategy, SupervisorHandle, SupervisorRef, SupervisorSpec, Worker,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use streams::Streams;

const LIMIT: Duration = Duration::from_secs(20);
const TOKEN: &str = "a token of the tests";

struct State;
struct StateMsg(RpcReplyPort<Value>);

impl Observable for StateMsg {
    type Snapshot = Value;

    fn get_snapshot(reply: RpcReplyPort<Value>) -> Self {
        Self(reply)
    }
}

impl Actor for State {
    type Msg = StateMsg;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<StateMsg>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        _: ActorRef<StateMsg>,
        StateMsg(reply): StateMsg,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        drop(reply.send(json!({ "status": "live" })));
        Ok(())
    }
}

struct Desk(Arc<Streams>);

impl Sources for Desk {
    fn process(&self) -> ProcessFacts {
        ProcessFacts {
            version: "0.1.0".into(),
            mode: "development".into(),
            pid: 1,
            started_at: Timestamp::UNIX_EPOCH,
            uptime_ms: 1_000,
            rss_bytes: None,
        }
    }

    fn presence_count(&self) -> PresenceCount {
        PresenceCount { users: 1, sessions: 1 }
    }

    fn present_users(&self) -> Vec<UserId> {
        vec![UserId::new("ada").unwrap()]
    }

    fn sessions(&self, _: &UserId) -> Vec<PresentSession> {
        vec![PresentSession {
            session_id: SessionId::new("tab-1").unwrap(),
            page: Page::new("home").unwrap(),
            joined_at: Timestamp::UNIX_EPOCH,
            phx_ref: "ref".into(),
        }]
    }

    fn timers(
        &self,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<PendingTimer>, AddressError>> + Send + '_>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn held(&self, user: &UserId) -> Option<&'static str> {
        (user.as_str() == "ada").then_some("live")
    }

    fn budgets(&self) -> Vec<Budget> {
        vec![streams::budget()]
    }

    fn stream<'a>(&'a self, user: &'a UserId) -> Asked<'a, StreamOverview> {
        streams::of(user, || Ok(streams::overview()))
    }

    fn act_on_stream<'a>(
        &'a self,
        user: &'a UserId,
        action: &'a StreamAction,
    ) -> Asked<'a, StreamStatus> {
        streams::of(user, || streams::act(action))
    }

    fn events<'a>(&'a self, query: &'a EventQuery, limit: usize) -> Asked<'a, Vec<StreamEvent>> {
        streams::of(&query.user, || Ok(self.0.events(query, limit)))
    }

    fn alerts<'a>(&'a self, user: &'a UserId, _: usize) -> Asked<'a, AlertsOverview> {
        streams::of(user, || Ok(streams::alerts()))
    }

    fn platforms<'a>(&'a self, user: &'a UserId) -> Asked<'a, PlatformsOverview> {
        streams::of(user, || Ok(streams::platforms()))
    }
}

/// A tree with an inspector behind a socket: all of a daemon that the client sees.
struct Daemon {
    users: DynamicSupervisorRef,
    streams: Arc<Streams>,
    inspector: Address<InspectMsg>,
    shutdown: CancellationToken,
    directory: TempDir,
}

impl Daemon {
    async fn with(users: &[&str]) -> Self {
        let dynamic = DynamicSupervisorRef::new(DynamicSupervisorSpec::new());
        let child = dynamic.clone();
        let root = SupervisorRef::new(move || {
            SupervisorSpec::new(Strategy::RestForOne)
                .child(ChildSpec::dynamic_supervisor("users", &child))
        });
        let root = Root::start(root, Lifecycle::new()).await.unwrap();
        let streams = Arc::<Streams>::default();
        let args = InspectorArgs {
            root: SupervisorHandle::Static(root.supervisor().clone()),
            lifecycle: root.lifecycle().clone(),
            sources: Arc::new(Desk(Arc::clone(&streams))),
            users: "users",
            metrics: "metrics",
            connections: ConnectionCounters::default(),
        };
        let inspector = Address::new();
        let make = move || (Inspector, args.clone());
        let worker = ChildSpec::worker("inspector", Worker::new(&inspector, make));
        root.supervisor().start_child(worker).await.unwrap();
        let daemon = Self {
            users: dynamic,
            streams,
            inspector,
            shutdown: CancellationToken::new(),
            directory: tempfile::tempdir().unwrap(),
        };
        let socket = Listener::unix(daemon.socket()).await.unwrap();
        daemon.serve(socket);
        for user in users {
            daemon.start(user).await;
        }
        daemon
    }

    fn serve(&self, listener: Listener) {
        let (inspector, shutdown) = (self.inspector.clone(), self.shutdown.clone());
        tokio::spawn(serve(listener, inspector, ServeConfig::default(), shutdown));
    }

    async fn start(&self, user: &str) {
        let tree = SupervisorRef::new(|| {
            SupervisorSpec::new(Strategy::OneForOne)
                .intensity(3, Duration::from_secs(5))
                .child(ChildSpec::worker("state", Worker::new(&Address::new(), || (State, ()))))
        });
        self.users.start_child(ChildSpec::supervisor(user.to_owned(), &tree)).await.unwrap();
    }

    fn socket(&self) -> PathBuf {
        self.directory.path().join("inspect.sock")
    }

    /// Runs `stagedoor` to its end.
    async fn run(&self, arguments: &[&str]) -> Ran {
        let socket = self.socket();
        let arguments = arguments.iter().map(OsStr::new);
        run(arguments.chain([OsStr::new("--socket"), socket.as_os_str()])).await
    }

    /// Starts a `stagedoor` that goes on until it is killed, and reads its lines.
    fn follow(&self, arguments: &[&str]) -> (Child, Lines<BufReader<ChildStdout>>) {
        let mut stagedoor = stagedoor();
        stagedoor.args(arguments).arg("--socket").arg(self.socket());
        let mut child = stagedoor.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        (child, lines)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

fn stagedoor() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stagedoor"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    for name in ["STAGEDOOR_SOCKET", "STAGEDOOR_TOKEN", "NO_COLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command
}

async fn run<'a>(arguments: impl IntoIterator<Item = &'a OsStr>) -> Ran {
    finish(stagedoor().args(arguments)).await
}

async fn finish(command: &mut Command) -> Ran {
    let output = timeout(LIMIT, command.output()).await.expect("it ends by itself").unwrap();
    output.into()
}

/// What a run has left.
#[derive(Debug)]
struct Ran {
    code: i32,
    out: String,
    error: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            error: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{self:?}");
        serde_json::from_str(&self.out).unwrap()
    }

    fn lines(&self) -> Vec<&str> {
        assert_eq!(self.code, 0, "{self:?}");
        self.out.lines().collect()
    }
}

#[tokio::test]
async fn users_as_json_are_an_array_of_ids() {
    let daemon = Daemon::with(&["grace", "ada"]).await;
    let users = daemon.run(&["users", "--json"]).await;
    assert_eq!((users.code, users.out.as_str()), (0, "[\"ada\",\"grace\"]\n"));
}

#[tokio::test]
async fn every_question_has_a_text_and_a_json_form() {
    let daemon = Daemon::with(&["ada"]).await;
    for question in [
        &["debug"][..],
        &["presence"],
        &["users"],
        &["metrics"],
        &["metrics", "--summary"],
        &["tree"],
        &["tree", "ada"],
        &["tree", "--path", "inspector", "--depth", "1"],
        &["children", "users/ada"],
        &["count"],
        &["count", "users"],
        &["show", "users/ada/state"],
        &["history", "users"],
        &["stream", "ada"],
        &["events", "ada"],
        &["alerts", "ada"],
        &["platforms", "ada"],
        &["budget"],
    ] {
        let text = daemon.run(question).await;
        assert_eq!((text.code, text.error.as_str()), (0, ""), "{question:?}");
        assert!(!text.out.contains('\u{1b}'), "{question:?} has no colours in a pipe");
        let json = daemon.run(&[question, &["--json"]].concat()).await.json();
        assert!(json.is_array() || json.is_object(), "{question:?}: {json}");
    }
}

#[tokio::test]
async fn a_tree_in_a_pipe_is_a_path_a_line() {
    let daemon = Daemon::with(&["ada"]).await;
    let tree = daemon.run(&["tree"]).await;
    let paths: Vec<_> = tree.lines().iter().map(|line| line.split('\t').next().unwrap()).collect();
    assert_eq!(paths, ["users", "users/ada", "users/ada/state", "inspector"]);
    let show = daemon.run(&["show", "users/ada/state", "--json"]).await.json();
    assert_eq!(show["state"], json!({ "status": "live" }));
}

#[tokio::test]
async fn what_is_not_there_is_said_with_what_is_and_exits_with_1() {
    let daemon = Daemon::with(&["ada"]).await;
    let ran = daemon.run(&["show", "users/bob/state"]).await;
    assert_eq!(ran.code, 1);
    let expected =
        "stagedoor: nothing is at \"users/bob/state\"; the nearest that exists is \"users\"\n";
    assert_eq!(ran.error, expected);
    let ran = daemon.run(&["count", "user"]).await;
    assert!(ran.error.ends_with("the nearest that exists is the root\n"), "{}", ran.error);
}

#[tokio::test]
async fn a_daemon_that_is_not_there_is_said_with_how_to_start_it() {
    let ran = run(["users", "--socket", "/nonexistent/inspect.sock"].map(OsStr::new)).await;
    assert_eq!(ran.code, 69);
    insta::assert_snapshot!(ran.error);
}

#[tokio::test]
async fn wrong_usage_exits_with_2_and_suggests() {
    let ran = run(["tre"].map(OsStr::new)).await;
    assert_eq!(ran.code, 2);
    assert!(ran.error.contains("similar subcommands exist: 'stream', 'tree'"), "{}", ran.error);
    let ran = run(["users", "--connect", "127.0.0.1:1"].map(OsStr::new)).await;
    assert_eq!(ran.code, 2);
    assert!(ran.error.contains("STAGEDOOR_TOKEN"), "{}", ran.error);
}

#[tokio::test]
async fn an_act_needs_a_yes_and_is_done_when_it_returns() {
    let daemon = Daemon::with(&["ada"]).await;
    let unasked = daemon.run(&["stop", "users/ada"]).await;
    assert_eq!(unasked.code, 2);
    assert!(unasked.error.contains("--yes"), "{}", unasked.error);
    assert_eq!(daemon.users.count_children().active, 1, "nothing was done");
    let restarted = daemon.run(&["restart", "users/ada/state", "--yes"]).await;
    assert!(restarted.out.starts_with("restarted users/ada/state: now running"), "{restarted:?}");
    let stopped = daemon.run(&["stop", "users/ada", "--yes", "--json"]).await.json();
    assert_eq!(stopped, json!({ "action": "stop", "path": "users/ada" }));
    assert_eq!(daemon.users.count_children().specs, 0);
    let again = daemon.run(&["crash", "users/ada", "-y"]).await;
    assert_eq!(again.code, 1);
}

#[tokio::test]
async fn who_is_held_is_said_with_the_reason() {
    let daemon = Daemon::with(&["ada", "grace"]).await;
    let users = daemon.run(&["users"]).await;
    assert!(users.lines()[0].ends_with("(held: live)"), "{users:?}");
    assert!(!users.lines()[1].contains("held"), "{users:?}");
    let overview = daemon.run(&["debug", "--json"]).await.json();
    assert_eq!(overview["managed_users"]["first"][0]["held"], "live");
}

#[tokio::test]
async fn a_stream_is_acted_on_with_a_yes_and_refusals_exit_with_1() {
    let daemon = Daemon::with(&["ada"]).await;
    let unasked = daemon.run(&["stream", "ada", "start", "twitch"]).await;
    assert_eq!(unasked.code, 2);
    let expected = "will not start the stream of ada on twitch unasked";
    assert!(unasked.error.contains(expected) && unasked.error.contains("--yes"), "{unasked:?}");
    let stopped = daemon.run(&["stream", "ada", "stop", "--yes"]).await;
    assert_eq!(stopped.lines(), ["stopped the stream of ada: now ending"]);
    let stopped = daemon.run(&["stream", "ada", "stop", "--yes", "--json"]).await.json();
    assert_eq!(stopped, json!({ "user": "ada", "action": "stop", "status": "ending" }));
    let refused = daemon.run(&["stream", "ada", "start", "-y"]).await;
    assert_eq!(
        (refused.code, refused.error.as_str()),
        (1, "stagedoor: the stream is live already\n")
    );
    let nobody = daemon.run(&["stream", "bob"]).await;
    assert_eq!(nobody.code, 1);
    assert!(nobody.error.contains("nothing is at \"users/bob\""), "{nobody:?}");
    let wrong = daemon.run(&["stream", "a/b"]).await;
    assert_eq!(wrong.code, 2);
}

#[tokio::test]
async fn events_come_newest_first_of_the_kinds_asked_for() {
    let daemon = Daemon::with(&["ada"]).await;
    daemon.streams.add(1_200);
    let events = daemon.run(&["events", "ada", "-n", "1100", "--json"]).await.json();
    let names: Vec<_> =
        events.as_array().unwrap().iter().map(|event| &event["actor"]["name"]).collect();
    assert_eq!(
        (names.len(), names[0], names[1_099]),
        (1_100, &json!("viewer-1200"), &json!("viewer-101"))
    );
    let follows = daemon.run(&["events", "ada", "-n", "2", "--kind", "follow"]).await;
    let who: Vec<_> = follows.lines().iter().map(|line| line.split('\t').nth(3).unwrap()).collect();
    assert_eq!(who, ["viewer-1200", "viewer-1198"]);
    assert!(!follows.out.contains('\u{1b}'), "what viewers write moves no cursor");
    assert!(daemon.run(&["events", "ada", "--kind", "invented.tomorrow"]).await.lines().is_empty());
    assert!(daemon.run(&["events", "ada", "-n", "0"]).await.lines().is_empty());
}

#[tokio::test]
async fn following_prints_the_last_events_and_then_each_that_happens_once() {
    let daemon = Daemon::with(&["ada"]).await;
    daemon.streams.add(5);
    let (mut child, mut lines) = daemon.follow(&["events", "ada", "--follow", "-n", "2", "--json"]);
    let mut next = async || {
        let line = timeout(LIMIT, lines.next_line()).await.unwrap().unwrap().unwrap();
        serde_json::from_str::<Value>(&line).unwrap()["dedupe_key"].as_str().unwrap().to_owned()
    };
    assert_eq!((next().await, next().await), ("4".into(), "5".into()));
    for happened in [1, 3, 700] {
        daemon.streams.add(happened);
    }
    for number in 6..=709 {
        assert_eq!(next().await, number.to_string());
    }
    daemon.shutdown.cancel();
    let status = timeout(LIMIT, child.wait()).await.unwrap().unwrap();
    assert_eq!(status.code(), Some(69), "the daemon is gone");
}

#[tokio::test]
async fn following_begins_where_nothing_has_happened_yet() {
    let daemon = Daemon::with(&["ada"]).await;
    let (_child, mut lines) = daemon.follow(&["events", "ada", "-f", "--kind", "follow"]);
    // Whether it has asked already makes no difference: it asks for all that follow nothing.
    daemon.streams.add(2);
    let line = timeout(LIMIT, lines.next_line()).await.unwrap().unwrap().unwrap();
    assert!(line.contains("follow") && line.contains("viewer-2"), "{line}");
}

#[tokio::test]
async fn watch_prints_events_as_they_happen_until_the_daemon_goes() {
    let daemon = Daemon::with(&[]).await;
    let (mut child, mut lines) = daemon.follow(&["watch", "--json"]);
    // Whoever watches hears of what happens from then on; that it does is seen when it hears something.
    let first = async {
        for user in 0.. {
            daemon.start(&format!("user-{user}")).await;
            if let Ok(line) = timeout(Duration::from_millis(50), lines.next_line()).await {
                return line.unwrap().unwrap();
            }
        }
        unreachable!("there are many users")
    };
    let first: Value = serde_json::from_str(&timeout(LIMIT, first).await.unwrap()).unwrap();
    assert_eq!(first["change"], "started", "{first}");
    assert!(first["path"].as_str().unwrap().starts_with("users/user-"), "{first}");
    daemon.shutdown.cancel();
    let status = timeout(LIMIT, child.wait()).await.unwrap().unwrap();
    assert_eq!(status.code(), Some(69), "the daemon is gone");
}

#[tokio::test]
async fn a_view_is_printed_again_when_something_changes() {
    let daemon = Daemon::with(&["ada"]).await;
    let (_child, mut lines) = daemon.follow(&["users", "--json", "-w"]);
    let mut next = async || timeout(LIMIT, lines.next_line()).await.unwrap().unwrap().unwrap();
    assert_eq!(next().await, r#"["ada"]"#);
    daemon.start("bob").await;
    while next().await != r#"["ada","bob"]"# {}
}

#[tokio::test]
async fn over_tcp_the_token_comes_from_a_file_or_the_environment() {
    let daemon = Daemon::with(&["ada"]).await;
    let address = "127.0.0.1:0".parse().unwrap();
    let listener = Listener::tcp(address, SecretString::from(TOKEN)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    daemon.serve(listener);
    let file = daemon.directory.path().join("token");
    std::fs::write(&file, format!("{TOKEN}\n")).unwrap();
    let over_tcp = || {
        let mut command = stagedoor();
        command.args(["users", "--json", "--connect", &address]);
        command
    };
    let ran = finish(over_tcp().arg("--token-file").arg(&file)).await;
    assert_eq!(ran.json(), json!(["ada"]));
    assert_eq!(finish(over_tcp().env("STAGEDOOR_TOKEN", TOKEN)).await.json(), json!(["ada"]));
    let wrong = finish(over_tcp().env("STAGEDOOR_TOKEN", "guess")).await;
    assert_eq!(wrong.code, 69);
    assert!(wrong.error.contains("the token is missing or wrong"), "{}", wrong.error);
    let missing = finish(over_tcp().arg("--token-file").arg(Path::new("/nonexistent"))).await;
    assert_eq!(missing.code, 2);
}

#[tokio::test]
async fn the_environment_names_the_socket_and_colours_are_asked_for() {
    let daemon = Daemon::with(&["ada"]).await;
    let users = || {
        let mut command = stagedoor();
        command.arg("users").env("STAGEDOOR_SOCKET", daemon.socket());
        command
    };
    assert!(finish(&mut users()).await.lines()[0].starts_with("ada\trunning"));
    let colored = finish(users().args(["--color", "always"])).await;
    assert!(colored.lines()[1].starts_with("ada   \u{1b}[32mrunning"), "{colored:?}");
    let colored = finish(users().env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1")).await;
    assert!(!colored.out.contains('\u{1b}'), "NO_COLOR wins");
}

#[tokio::test]
async fn completions_need_no_daemon() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = run(["completions", shell].map(OsStr::new)).await;
        assert_eq!(ran.code, 0);
        assert!(ran.out.contains("stagedoor") && ran.out.contains("presence"), "{shell}");
    }
}
