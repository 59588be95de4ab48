//! A user's tree under the supervisor of all users, in paused time.

use std::{sync::Arc, time::Duration};

use stagedoor_domain::{StreamStatus, UserId};
use stagedoor_supervision::{
    AddressError, Backoff, ChildHandle, ChildSpec, ChildStatus, DynamicSupervisorRef,
    DynamicSupervisorSpec, ExitClass, Lifecycle, Root, Strategy, SupervisorRef, SupervisorSpec,
};

use crate::{
    Components, Engagement, MetricsMsg, StreamChange, StreamCommandError, StreamStateMsg,
    StreamStateSnapshot, UserContext, user_stream_manager,
};

const LIMIT: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);

struct Users {
    users: DynamicSupervisorRef,
    root: Root,
}

impl Users {
    async fn new() -> Self {
        let users = DynamicSupervisorRef::new(DynamicSupervisorSpec::new());
        let supervisor = {
            let users = users.clone();
            SupervisorRef::new(move || {
                SupervisorSpec::new(Strategy::RestForOne)
                    .child(ChildSpec::dynamic_supervisor("users", &users))
            })
        };
        let root = Root::start(supervisor, Lifecycle::new()).await.unwrap();
        Self { users, root }
    }

    /// Starts a tree and hands out its context.
    async fn start(&self, user: &str) -> UserContext {
        let cx = UserContext::new(UserId::new(user).unwrap());
        let components = Arc::new(Components::standard().with_console_logger());
        let tree = user_stream_manager(cx.clone(), &components, &Arc::new(Backoff::default()));
        self.users.start_child(tree).await.unwrap();
        cx
    }

    fn child(&self, user: &str, id: &str) -> ChildHandle {
        self.users.child(user).unwrap().supervisor().unwrap().child(id).unwrap()
    }

    /// Kills a component and waits until its supervisor has noticed.
    async fn crash(&self, user: &str, id: &str) {
        let exits = self.root.lifecycle().counters().exited(ExitClass::Killed);
        assert!(self.child(user, id).kill());
        while self.root.lifecycle().counters().exited(ExitClass::Killed) == exits {
            tokio::task::yield_now().await;
        }
        settle().await;
    }
}

/// Lets everything happen that needs no time to pass.
async fn settle() {
    for _ in 0..500 {
        tokio::task::yield_now().await;
    }
}

async fn snapshot(cx: &UserContext) -> StreamStateSnapshot {
    cx.stream_state().call(StreamStateMsg::GetSnapshot, LIMIT).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn commands_change_the_state_and_are_answered() {
    let users = Users::new().await;
    let cx = users.start("ada").await;
    let stream = cx.stream_state();
    stream
        .call(|reply| StreamStateMsg::SetTitle("Hello".into(), reply), LIMIT)
        .await
        .unwrap()
        .unwrap();
    stream.call(StreamStateMsg::GoLive, LIMIT).await.unwrap().unwrap();
    let again = stream.call(StreamStateMsg::GoLive, LIMIT).await.unwrap();
    assert_eq!(again, Err(StreamCommandError::AlreadyLive));
    stream.cast(StreamStateMsg::SetViewers(12)).unwrap();
    stream.cast(StreamStateMsg::CountEngagement(Engagement::Follow)).unwrap();
    let state = snapshot(&cx).await;
    assert_eq!((state.status, &*state.title), (StreamStatus::Live, "Hello"));
    assert_eq!((state.statistics.peak_viewers, state.statistics.follows), (12, 1));
}

#[tokio::test(start_paused = true)]
async fn the_collector_is_started_by_the_first_change_and_misses_nothing() {
    let users = Users::new().await;
    let cx = users.start("ada").await;
    let question = cx.metrics().call(MetricsMsg::GetSnapshot, LIMIT).await;
    assert_eq!(question, Err(AddressError::NotStarted), "asking starts nobody");
    assert_eq!(users.child("ada", "metrics").info().status, ChildStatus::NotStarted);
    for _ in 0..3 {
        cx.stream_state().cast(StreamStateMsg::CountEngagement(Engagement::ChatMessage)).unwrap();
    }
    settle().await;
    let metrics = cx.metrics().call(MetricsMsg::GetSnapshot, LIMIT).await.unwrap();
    assert_eq!((metrics.chat_messages.minute, metrics.chat_messages.total), (3, 3));
    tokio::time::sleep(Duration::from_mins(2)).await;
    let metrics = cx.metrics().call(MetricsMsg::GetSnapshot, LIMIT).await.unwrap();
    assert_eq!((metrics.chat_messages.minute, metrics.chat_messages.five_minutes), (0, 3));
}

#[tokio::test(start_paused = true)]
async fn watchers_get_the_changes_in_order_and_learn_of_the_servers_end() {
    let users = Users::new().await;
    let cx = users.start("ada").await;
    let mut changes = cx.stream_state().call(StreamStateMsg::Watch, LIMIT).await.unwrap();
    cx.stream_state().call(StreamStateMsg::GoLive, LIMIT).await.unwrap().unwrap();
    cx.stream_state().cast(StreamStateMsg::SetViewers(3)).unwrap();
    assert_eq!(changes.recv().await, Ok(StreamChange::Status { status: StreamStatus::Live }));
    assert_eq!(changes.recv().await, Ok(StreamChange::Viewers { viewers: 3 }));
    users.crash("ada", "stream_state").await;
    assert!(changes.recv().await.is_err());
    let mut changes = cx.stream_state().call(StreamStateMsg::Watch, LIMIT).await.unwrap();
    cx.stream_state().cast(StreamStateMsg::CountEngagement(Engagement::Raid)).unwrap();
    assert_eq!(changes.recv().await, Ok(StreamChange::Engaged { engagement: Engagement::Raid }));
}

#[tokio::test(start_paused = true)]
async fn the_console_logger_writes_a_line_a_second() {
    let users = Users::new().await;
    users.start("ada").await;
    tokio::time::sleep(Duration::from_secs(3) + MS).await;
    let snapshot = users.child("ada", "console_logger").snapshot(LIMIT).await.unwrap();
    assert_eq!(snapshot, serde_json::json!({ "lines": 3 }));
}

#[tokio::test(start_paused = true)]
async fn a_crashed_component_is_restarted_alone() {
    let users = Users::new().await;
    let cx = users.start("ada").await;
    users.crash("ada", "console_logger").await;
    assert_eq!(users.child("ada", "console_logger").info().restarts, 1);
    assert_eq!(users.child("ada", "stream_state").info().restarts, 0);
    assert_eq!(snapshot(&cx).await.status, StreamStatus::Offline);
}

#[tokio::test(start_paused = true)]
async fn a_crash_loop_backs_off_alone_and_is_over_after_a_minute_of_health() {
    let users = Users::new().await;
    users.start("ada").await;
    users.start("bob").await;
    for (round, seconds) in [1u64, 2, 4].into_iter().enumerate() {
        for _ in 0..4 {
            users.crash("ada", "stream_state").await;
        }
        let ChildStatus::BackingOff { remaining_ms, reason } = users.users.status("ada").unwrap()
        else {
            panic!("round {round}: {:?}", users.users.status("ada"))
        };
        assert_eq!(remaining_ms, seconds * 1000, "round {round}");
        assert!(reason.contains("stream_state: killed"), "the reason is shown: {reason}");
        assert!(matches!(users.users.status("bob"), Some(ChildStatus::Running { .. })));
        tokio::time::sleep(Duration::from_secs(seconds) + MS).await;
        assert!(
            matches!(users.users.status("ada"), Some(ChildStatus::Running { .. })),
            "round {round}"
        );
    }
    tokio::time::sleep(Duration::from_mins(1)).await;
    for _ in 0..4 {
        users.crash("ada", "stream_state").await;
    }
    let status = users.users.status("ada");
    assert!(
        matches!(status, Some(ChildStatus::BackingOff { remaining_ms: 1000, .. })),
        "{status:?}"
    );
    assert_eq!(users.users.child("bob").unwrap().info().restarts, 0);
    assert_eq!(users.root.supervisor().child("users").unwrap().info().restarts, 0);
}
