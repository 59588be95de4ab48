use stagedoor_platforms::Error;

use super::*;

fn down() -> Error {
    Error::Unavailable { what: "down".into() }
}

#[tokio::test]
async fn a_start_makes_the_broadcasts_and_streams_to_what_they_gave() {
    let world = World::new().await;
    world.start().await;
    world.both_live().await;
    let mut outputs = world.outputs();
    outputs.sort_unstable();
    assert_eq!(outputs, ["rtmps://twitch.example/0".into(), "rtmps://youtube.example/0".into()]);
    // Its chat is read as soon as there is one.
    world.connected(&Platform::YouTube).await;
    let resumed = world.youtube.said().resumed[0].clone();
    assert_eq!(&*resumed.broadcast.unwrap().id, "0");

    world.stop().await;
    let over = |seen: &StreamStateSnapshot| !seen.status.is_on_air();
    let over = world.stream("it is over", over).await;
    assert!(over.destinations.iter().all(|its| its.status == DestinationStatus::Ended), "{over:?}");
    assert_eq!(world.youtube.live_broadcasts(), 0);
    assert!(world.outputs().is_empty());
    let idle = |seen: &PlatformSnapshot| seen.link == LinkState::Standby;
    world.manager(&Platform::YouTube, "nothing is read any more", idle).await;
}

#[tokio::test]
async fn one_platform_that_refuses_fails_alone_and_says_why() {
    let world = World::new().await;
    let refused = Error::Refused { code: "no".into(), reason: "streaming is not enabled".into() };
    world.youtube.said().start_fails.push_back(refused);
    world.start().await;
    world.destination("twitch", |status| *status == DestinationStatus::Live).await;
    let failed = |status: &DestinationStatus| matches!(status, DestinationStatus::Failed { .. });
    let DestinationStatus::Failed { reason } = world.destination("youtube", failed).await else {
        unreachable!()
    };
    assert_eq!(&*reason, "youtube: the platform refused: streaming is not enabled (no)");
    assert_eq!(world.youtube.said().starts.len(), 1, "what is refused is not asked again");
}

#[tokio::test]
async fn a_platform_that_is_late_fails_at_the_deadline_and_is_live_when_it_is_back() {
    let start_deadline = Duration::from_millis(300);
    let world = World::with(StreamSettings { start_deadline, ..settings() }).await;
    world.youtube.said().start_fails.extend((0..10_000).map(|_| down()));
    world.start().await;
    let failed = |status: &DestinationStatus| matches!(status, DestinationStatus::Failed { .. });
    let DestinationStatus::Failed { reason } = world.destination("youtube", failed).await else {
        unreachable!()
    };
    assert!(reason.contains("youtube: the platform is unavailable: down"), "{reason}");
    world.destination("twitch", |status| *status == DestinationStatus::Live).await;
    world.youtube.said().start_fails.clear();
    world.both_live().await;
    assert_eq!(world.youtube.said().broadcasts.len(), 1);
}

#[tokio::test]
async fn what_cannot_be_ended_is_told_and_ended_later() {
    let end_deadline = Duration::from_millis(300);
    let world = World::with(StreamSettings { end_deadline, ..settings() }).await;
    world.start().await;
    world.both_live().await;
    world.youtube.said().end_fails.extend((0..10_000).map(|_| down()));
    world.stop().await;
    let over = world.stream("it is over", |seen| !seen.status.is_on_air()).await;
    let youtube = over.destinations.iter().find(|its| its.id.as_str() == "youtube").unwrap();
    let DestinationStatus::Failed { reason } = &youtube.status else { panic!("{youtube:?}") };
    assert!(reason.starts_with("could not be ended: youtube: "), "{reason}");
    assert!(world.outputs().is_empty(), "nothing is sent there all the same");
    world.youtube.said().end_fails.clear();
    let live = || async { world.youtube.live_broadcasts() };
    until("it is ended", live, |live| *live == 0).await;
}

#[tokio::test]
async fn an_answer_that_got_lost_makes_no_second_broadcast() {
    let world = World::new().await;
    world.youtube.said().start_is_lost = true;
    world.start().await;
    world.both_live().await;
    let said = world.youtube.said();
    assert_eq!(said.broadcasts.len(), 1);
    assert_eq!(said.starts.iter().map(|plan| plan.again).collect::<Vec<_>>(), [false, true]);
}

#[tokio::test]
async fn a_manager_that_crashes_in_a_start_makes_no_second_broadcast() {
    let world = World::new().await;
    // It is made, and nobody has written that down.
    world.youtube.said().start_is_lost = true;
    world.start().await;
    let made = || async { world.youtube.said().broadcasts.len() };
    until("it is made", made, |made| *made == 1).await;
    world.crash(&Platform::YouTube).await;
    world.both_live().await;
    assert_eq!(world.youtube.said().broadcasts.len(), 1);
}

#[tokio::test]
async fn a_killed_daemon_goes_on_with_its_broadcasts() {
    let mut world = World::new().await;
    world.start().await;
    world.both_live().await;
    world.restart().await;
    world.both_live().await;
    world.connected(&Platform::YouTube).await;
    assert_eq!(world.youtube.said().broadcasts.len(), 1);
    world.stop().await;
    world.stream("it is over", |seen| !seen.status.is_on_air()).await;
    assert_eq!(world.youtube.live_broadcasts(), 0);
}

#[tokio::test]
async fn a_stop_while_a_platform_is_still_starting_leaves_nothing_behind() {
    let world = World::new().await;
    world.youtube.said().start_fails.extend((0..10_000).map(|_| down()));
    world.start().await;
    world.destination("twitch", |status| *status == DestinationStatus::Live).await;
    world.stop().await;
    world.youtube.said().start_fails.clear();
    world.stream("it is over", |seen| !seen.status.is_on_air()).await;
    let ended = |seen: &PlatformSnapshot| &*seen.broadcast.state == "ended";
    world.manager(&Platform::YouTube, "it is ended", ended).await;
    assert_eq!(world.youtube.live_broadcasts(), 0);
}

#[tokio::test]
async fn one_that_is_refused_its_end_does_not_keep_the_next_from_starting() {
    let end_deadline = Duration::from_millis(300);
    let world = World::with(StreamSettings { end_deadline, ..settings() }).await;
    world.start().await;
    world.both_live().await;
    let refused = || Error::Forbidden { reason: "live streaming is switched off".into() };
    world.youtube.said().end_fails.extend((0..10_000).map(|_| refused()));
    world.stop().await;
    world.stream("it is over", |seen| !seen.status.is_on_air()).await;
    world.start().await;
    world.both_live().await;
    let said = world.youtube.said();
    assert_eq!(said.broadcasts.len(), 2);
    let asked = 10_000 - said.end_fails.len();
    assert!(asked < 5, "what is refused is not asked again and again: {asked} times");
}

#[tokio::test]
async fn a_broadcast_is_found_again_by_what_it_was_to_be_called() {
    let world = World::new().await;
    world.youtube.said().start_is_lost = true;
    world.start().await;
    let made = || async { world.youtube.said().starts.clone() };
    let first = until("it is made", made, |starts| !starts.is_empty()).await.remove(0);
    let metadata = stagedoor_domain::Metadata { title: "another".into(), ..Default::default() };
    let change = |reply| StreamStateMsg::SetMetadata(metadata, reply);
    world.cx.stream_state().call(change, PATIENCE).await.unwrap().unwrap();
    world.both_live().await;
    assert!(world.youtube.said().starts.iter().all(|plan| plan.metadata == first.metadata));
}
