//! The end: clients are told, trees stop in good order, and it takes no longer than allowed.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use stagedoor_domain::UserId;
use stagedoor_gateway::Role;
use stagedoor_stream::UserContext;
use stagedoor_supervision::ChildSpec;
use stagedoor_testkit::{ChannelClient, ClientError, Harness, HarnessBuilder, Signal, wait_until};
use stagedoord::RunError;
use tokio::{sync::Semaphore, time::Instant};

use crate::support::{Prop, stagedoord};

/// What stopped, in order.
#[derive(Clone, Default)]
struct Stops(Arc<Mutex<Vec<String>>>);

impl Stops {
    fn note(&self, id: &'static str) -> impl Fn(&UserContext) -> ChildSpec + use<> {
        let stops = self.clone();
        let note = move |user: UserId| {
            stops.0.lock().unwrap().push(format!("{user}/{id}"));
            async {}
        };
        Prop::new(id).on_stop(note).component()
    }

    /// Those of one user.
    fn of(&self, user: &str) -> Vec<String> {
        let stops = self.0.lock().unwrap();
        stops.iter().filter(|stop| stop.starts_with(user)).cloned().collect()
    }
}

/// A daemon whose trees do not stop before the gate is opened.
fn gated(gate: &Arc<Semaphore>) -> HarnessBuilder {
    let gate = Arc::clone(gate);
    let slow = Prop::new("slow").on_stop(move |_| {
        let gate = Arc::clone(&gate);
        async move { drop(gate.acquire().await) }
    });
    Harness::builder().component(slow.component())
}

#[tokio::test]
async fn clients_are_told_to_come_back_and_every_tree_stops_from_right_to_left() {
    let stops = Stops::default();
    let daemon = Harness::builder().component(stops.note("first")).component(stops.note("second"));
    let daemon = daemon.start().await;
    let mut tabs = Vec::new();
    for user in ["ada", "bob", "cyd"] {
        tabs.push(daemon.open_dashboard(user, "home").await);
        daemon.runs(&format!("users/{user}"), 0).await;
    }
    let (stopped, ()) = tokio::join!(daemon.shutdown(), async {
        for tab in &mut tabs {
            assert_eq!(tab.closed().await.unwrap(), Some(1012), "service restart");
        }
    });
    stopped.expect("it stops in time");
    for user in ["ada", "bob", "cyd"] {
        assert_eq!(stops.of(user), [format!("{user}/second"), format!("{user}/first")]);
    }
}

#[tokio::test]
async fn while_it_stops_it_is_not_ready_and_takes_nobody_in() {
    let gate = Arc::new(Semaphore::new(0));
    let daemon = gated(&gate).start().await;
    let mut tab = daemon.open_dashboard("ada", "home").await;
    daemon.runs("users/ada", 0).await;
    assert_eq!(daemon.admin("/ready").await.status, 200);
    let (daemon, reach) = daemon.split();
    let shutdown = tokio::spawn(daemon.shutdown(Duration::from_secs(4)));
    assert_eq!(tab.closed().await.unwrap(), Some(1012));

    let ready = reach.admin("/ready").await;
    assert_eq!((ready.status, &ready.body["draining"]), (503, &true.into()));
    assert_eq!(reach.admin("/live").await.status, 200, "a stop is not a failure");
    let refused = reach.connect("bob", Role::User).connect().await.unwrap_err();
    assert!(matches!(refused, ClientError::Refused { status: 503, .. }), "{refused}");
    let refused = reach.put_lease("bob", "laptop", "home", "30s").await;
    assert_eq!((refused.status, &refused.body["error"]["code"]), (503, &"draining".into()));

    gate.add_permits(100);
    shutdown.await.unwrap().expect("it stops in time");
}

#[tokio::test]
async fn a_tree_that_hangs_is_killed_when_the_time_is_over() {
    let gate = Arc::new(Semaphore::new(0));
    let daemon = gated(&gate).start().await;
    let mut tab = daemon.open_dashboard("ada", "home").await;
    daemon.runs("users/ada", 0).await;
    let (daemon, _reach) = daemon.split();
    let (limit, begin) = (Duration::from_millis(300), Instant::now());
    let (stopped, _) = tokio::join!(daemon.shutdown(limit), tab.closed());
    assert_eq!(stopped, Err(RunError::TooSlow(limit)));
    // The component alone would be given 5 s.
    assert!((limit..Duration::from_secs(4)).contains(&begin.elapsed()), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn after_a_restart_clients_come_back_to_trees_of_their_own() {
    let daemon = Harness::start().await;
    let mut tabs = Vec::new();
    for user in ["ada", "bob"] {
        tabs.push(daemon.open_dashboard(user, "home").await);
        daemon.runs(&format!("users/{user}"), 0).await;
    }
    let token = daemon.token("ada", Role::User);
    let (address, socket) = (daemon.addresses().public, daemon.addresses().inspect_socket.clone());
    let (daemon, ()) = tokio::join!(daemon.restart(), async {
        for tab in &mut tabs {
            assert_eq!(tab.closed().await.unwrap(), Some(1012));
        }
    });
    assert_eq!((daemon.addresses().public, &daemon.addresses().inspect_socket), (address, &socket));
    assert_eq!(daemon.supervisor("users").count_children().specs, 0, "a fresh start");
    let mut tab = ChannelClient::to(address).auth_token(&token).connect().await.unwrap();
    tab.enter("dashboard:home").await.expect("the token is still good");
    daemon.runs("users/ada", 0).await;
}

#[tokio::test]
async fn a_signal_stops_the_process_with_trees_running_and_the_exit_code_is_0() {
    let daemon = stagedoord().start().await;
    let mut tabs = Vec::new();
    for n in 0..20 {
        tabs.push(daemon.open_dashboard(&format!("user-{n}"), "home").await);
    }
    wait_until(
        "20 trees",
        async || daemon.ask(async |client| client.count("users").await).await.unwrap().active,
        |running| *running == 20,
    )
    .await;
    daemon.signal(Signal::TERM);
    for tab in &mut tabs {
        assert_eq!(tab.closed().await.unwrap(), Some(1012));
    }
    let (code, log) = daemon.ended().await;
    assert_eq!(code, Some(0), "{log:#?}");
    let stopping = log.iter().filter(|line| line.contains("Stopping for user user-")).count();
    assert_eq!(stopping, 20, "each was stopped, none was killed: {log:#?}");
    assert!(log.last().unwrap().ends_with("stopped"), "{log:#?}");
}

#[tokio::test]
async fn what_does_not_stop_in_time_is_told_by_exit_code_1() {
    let daemon = stagedoord().config("shutdown.timeout = '200ms'").start().await;
    // It never answers the close.
    let _mute = daemon.open_dashboard("ada", "home").await;
    daemon.signal(Signal::TERM);
    let (code, log) = daemon.ended().await;
    assert_eq!(code, Some(1), "{log:#?}");
    assert!(log.last().unwrap().contains("did not stop within 200ms"), "{log:#?}");
}

#[tokio::test]
async fn a_second_signal_ends_the_process_at_once() {
    let daemon = stagedoord().config("shutdown.timeout = '30s'").start().await;
    let _mute = daemon.open_dashboard("ada", "home").await;
    daemon.signal(Signal::TERM);
    daemon.said(" stopping").await;
    daemon.signal(Signal::INT);
    let (code, log) = daemon.ended().await;
    assert_eq!(code, Some(1), "{log:#?}");
    assert!(log.last().unwrap().contains("second signal"), "{log:#?}");
}
