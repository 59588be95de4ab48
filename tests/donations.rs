//! What is reported is stored once, counted once, and shown once, whatever happens meanwhile.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use stagedoor_testkit::{Answer, Frame, Harness, wait_until};
use tokio::{sync::Semaphore, task::JoinSet, time::Instant};

use crate::{
    stage::{alerts, donate, donation, donations},
    support::stagedoord,
};

fn receipt(answer: &Answer) -> (u16, bool, String) {
    let duplicate = answer.body["duplicate"].as_bool();
    let id = answer.body["id"].as_str();
    let (Some(duplicate), Some(id)) = (duplicate, id) else { panic!("a refusal: {answer:?}") };
    (answer.status, duplicate, id.to_owned())
}

#[tokio::test]
async fn a_donation_that_is_sent_twice_is_one_event_and_one_alert() {
    let daemon = Harness::start().await;
    let mut tab = daemon.open_dashboard("ada", "home").await;
    let (status, duplicate, first) = receipt(&donate(&daemon, "ada", "tip-1").await);
    assert_eq!((status, duplicate), (201, false));
    let (status, duplicate, second) = receipt(&donate(&daemon, "ada", "tip-1").await);
    assert_eq!((status, duplicate), (200, true));
    assert_eq!(first, second);
    assert_eq!(donations(&daemon, "ada").await, ["donation:tip-1"]);
    assert_eq!(alerts(&daemon, "ada").await, [first.as_str()]);
    let of_grace =
        |frame: &Frame| frame.event == "alert" && frame.payload["alert"]["event"] == first.as_str();
    tab.expect_that("an alert", of_grace).await.unwrap();
}

#[tokio::test]
async fn a_donation_that_is_sent_twenty_times_at_once_is_one_event_and_one_alert() {
    let daemon = Harness::start().await;
    let _tab = daemon.open_dashboard("ada", "home").await;
    let mut sent = JoinSet::new();
    for _ in 0..20 {
        let ada = daemon.user("ada");
        sent.spawn(async move { ada.post("/donations", &donation("tip-1")).await });
    }
    let receipts: Vec<_> = sent.join_all().await.iter().map(receipt).collect();
    assert_eq!(receipts.iter().filter(|(status, ..)| *status == 201).count(), 1, "{receipts:?}");
    let ids: BTreeSet<_> = receipts.into_iter().map(|(_, _, id)| id).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(donations(&daemon, "ada").await.len(), 1);
    let raised = async || alerts(&daemon, "ada").await;
    wait_until("one alert", raised, |raised| raised.iter().eq(&ids)).await;
}

#[tokio::test]
async fn a_donation_that_is_sent_again_after_a_crash_of_the_daemon_is_the_same() {
    let daemon = stagedoord().start().await;
    let (_, _, first) = receipt(&donate(&daemon, "ada", "tip-1").await);
    let daemon = daemon.kill().await.start().await;
    let (status, duplicate, second) = receipt(&donate(&daemon, "ada", "tip-1").await);
    assert_eq!((status, duplicate, &second), (200, true, &first));
    assert_eq!(donations(&daemon, "ada").await, ["donation:tip-1"]);
    assert_eq!(alerts(&daemon, "ada").await, [first]);
}

#[tokio::test]
async fn a_donation_for_somebody_who_is_not_there_waits_for_them() {
    let daemon = Harness::start().await;
    let (status, duplicate, id) = receipt(&donate(&daemon, "ada", "tip-1").await);
    assert_eq!((status, duplicate), (201, false));
    assert_eq!(daemon.find("users/ada"), None, "no tree is started for it");
    assert_eq!(donations(&daemon, "ada").await, ["donation:tip-1"]);
    let mut tab = daemon.open_dashboard("ada", "home").await;
    let show = |frame: &Frame| {
        frame.event == "alert"
            && frame.payload["change"] == "show"
            && frame.payload["alert"]["event"] == id.as_str()
    };
    tab.expect_that("the alert", show).await.unwrap();
}

/// Kills EventProcessor whenever it is seen, until told to stop; how often.
async fn kill_again_and_again(daemon: &Harness, enough: &Semaphore) -> u32 {
    let mut kills = 0;
    while enough.available_permits() == 0 {
        let tree = daemon.daemon().tree().child("users").and_then(|users| users.supervisor());
        let tree = tree.and_then(|users| users.child("ada")).and_then(|ada| ada.supervisor());
        let events = tree.and_then(|ada| ada.child("events"));
        if events.is_some_and(|events| events.kill()) {
            kills += 1;
        }
        tokio::time::sleep(Duration::from_millis(15)).await;
    }
    kills
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_donation_is_lost_or_doubled_while_event_processor_is_killed_again_and_again() {
    const DONATIONS: usize = 150;
    let daemon = Harness::start().await;
    let _tab = daemon.open_dashboard("ada", "home").await;
    daemon.runs("users/ada", 0).await;
    let (at_once, enough) = (Arc::new(Semaphore::new(4)), Semaphore::new(0));
    let mut sent = JoinSet::new();
    for n in 0..DONATIONS {
        let (ada, at_once) = (daemon.user("ada"), Arc::clone(&at_once));
        sent.spawn(async move {
            let _turn = at_once.acquire().await.unwrap();
            let deadline = Instant::now() + stagedoor_testkit::PATIENCE;
            // Whoever is told to come later does.
            loop {
                let answer = ada.post("/donations", &donation(&format!("tip-{n}"))).await;
                if answer.status != 503 || Instant::now() > deadline {
                    break answer;
                }
            }
        });
    }
    let all_sent = async {
        let answers = sent.join_all().await;
        enough.add_permits(1);
        answers
    };
    let (answers, kills) = tokio::join!(all_sent, kill_again_and_again(&daemon, &enough));
    assert!(kills >= 3, "only {kills}");
    let ids: BTreeSet<_> = answers.iter().map(|answer| receipt(answer).2).collect();
    assert_eq!(ids.len(), DONATIONS);
    let mut stored = donations(&daemon, "ada").await;
    stored.sort();
    let mut expected: Vec<_> = (0..DONATIONS).map(|n| format!("donation:tip-{n}")).collect();
    expected.sort();
    assert_eq!(stored, expected, "each once");
    let user = "ada".parse().unwrap();
    let raised = daemon.daemon().services().store.alerts(&user, 1_000).await.unwrap();
    let raised: Vec<_> = raised.iter().filter_map(|alert| alert.event).collect();
    assert_eq!(raised.len(), DONATIONS, "an alert each");
    assert_eq!(raised.iter().map(ToString::to_string).collect::<BTreeSet<_>>(), ids);
}
