//! Sockets that open, move, fall silent and break.

use stagedoor_domain::{EventKind, ModerationAction};
use stagedoor_fakes::{
    Effect,
    twitch::{Call, Delivery, Viewer},
};

use super::*;
use crate::twitch::eventsub::TYPES;

#[tokio::test]
async fn everything_is_subscribed_and_what_happens_comes() {
    let world = World::new().await;
    let mut connection = world.connected().await;
    assert_eq!(world.fake.subscriptions(ADA).len(), TYPES.len());
    assert_eq!(world.fake.count(Call::Subscribe), TYPES.len());
    world.fake.chat(ADA, "Grace", "hello Kappa");
    world.fake.follow(ADA, "Linus");
    world.fake.subscribe(ADA, "Linus");
    world.fake.gift(ADA, "Grace", &[Viewer::from("Ken"), Viewer::from("Radia")]);
    world.fake.resubscribe(ADA, "Ken", 13, "tea");
    world.fake.cheer(ADA, "Grace", 100, "Cheer100");
    world.fake.raid(ADA, "Dennis", 42);
    world.fake.redeem(ADA, "Radia", ("Hydrate!", 100), "now");
    world.fake.online(ADA, 7);
    world.fake.offline(ADA);
    let reports = reports(&mut connection, 12).await;
    let kinds: Vec<_> = reports.iter().map(|report| report.kind.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "chat.message",
            "follow",
            "subscription.new",
            "subscription.gift_batch",
            "subscription.gift_received",
            "subscription.gift_received",
            "subscription.renewed",
            "cheer",
            "raid",
            "reward.redeemed",
            "stream.online",
            "stream.offline",
        ]
    );
    assert_eq!(keys(&reports).len(), 12);
    assert_eq!(reports[0].message.as_ref().unwrap().fragments.len(), 2);
    assert!(reports.iter().all(|report| !report.replayed));
    assert_eq!(world.fake.client_frames(), 0);
}

#[tokio::test]
async fn nothing_is_sent_before_the_first_next() {
    let world = World::new().await;
    let connection = world.twitch.connect(&world.ada, Resume::default());
    world.connected().await;
    assert_eq!(world.fake.sockets_opened(), 1);
    drop(connection);
}

#[tokio::test]
async fn a_session_moves_without_loss_while_events_come() {
    let world = World::new().await;
    let mut connection = world.connected().await;
    let subscribed = world.fake.count(Call::Subscribe);
    let mut expected = BTreeSet::new();
    let mut received = Vec::new();
    for round in 0..20 {
        for number in 0..25 {
            let (id, sent) = world.fake.chat(ADA, "Grace", &format!("{round}/{number}"));
            assert_eq!(sent, 1);
            expected.insert(format!("twitch:chat:{id}").into());
            if number == 10 && round % 4 == 0 {
                assert_eq!(world.fake.reconnect(Some(ADA)), 1);
            }
            if number % 5 == 0 {
                received.extend(next(&mut connection).await.unwrap().reports);
            }
        }
    }
    received.extend(reports(&mut connection, expected.len() - received.len()).await);
    assert_eq!(received.len(), expected.len(), "each once");
    assert_eq!(keys(&received), expected);
    assert!(world.fake.sockets_opened() > 1);
    assert_eq!(world.fake.count(Call::Subscribe), subscribed, "subscriptions move by themselves");
    assert_eq!(world.fake.client_frames(), 0);
    until("only the last socket is left", || world.fake.sockets(None) == 1).await;
}

#[tokio::test]
async fn what_comes_twice_late_or_in_another_order_is_taken_once() {
    let world = World::new().await;
    let mut connection = world.connected().await;
    let delay = Duration::from_millis(1);
    world.fake.set_delivery(Delivery { delay, duplicate_every: 2, reorder: true });
    let mut expected = BTreeSet::new();
    for number in 0..40 {
        let (id, _) = world.fake.chat(ADA, "Grace", &number.to_string());
        expected.insert(format!("twitch:chat:{id}").into());
    }
    let received = reports(&mut connection, 40).await;
    assert_eq!((received.len(), keys(&received)), (40, expected));
}

#[tokio::test]
async fn a_socket_that_falls_silent_is_lost() {
    let keepalive = Some(Duration::from_secs(1));
    let world = World::with(FakeConfig { keepalive, ..FakeConfig::default() }).await;
    let mut connection = world.connected().await;
    // It stands for longer than it may be silent, because it is told that nothing happens.
    let silence = Duration::from_millis(2_500);
    let stands = timeout(silence, async { while next(&mut connection).await.is_ok() {} }).await;
    assert!(stands.is_err(), "the keepalives hold it");
    assert_eq!(world.fake.freeze_sockets(Some(ADA)), 1);
    let reason = "the keepalives have stopped".into();
    assert_eq!(end(&mut connection).await, Disconnect::Lost { reason, retry_after: None });
    assert!(connection.next().await.is_err(), "it stays over");
}

#[tokio::test]
async fn a_socket_that_breaks_gives_out_what_it_had_first() {
    let world = World::new().await;
    let mut connection = world.connected().await;
    for number in 0..300 {
        world.fake.chat(ADA, "Grace", &number.to_string());
    }
    world.fake.drop_sockets(Some(ADA));
    assert_eq!(reports(&mut connection, 300).await.len(), 300);
    assert!(matches!(end(&mut connection).await, Disconnect::Lost { .. }));
}

#[tokio::test]
async fn twitchs_reason_for_a_close_is_told() {
    let world = World::new().await;
    let mut connection = world.connected().await;
    world.fake.close_sockets(Some(ADA), 4000);
    let reason = "Twitch closed the socket: internal server error (4000)".into();
    assert_eq!(end(&mut connection).await, Disconnect::Lost { reason, retry_after: None });
}

#[tokio::test]
async fn pings_are_answered_and_nothing_else_is_ever_sent() {
    let world = World::new().await;
    let mut connection = world.connected().await;
    for _ in 0..3 {
        world.fake.ping_sockets(Some(ADA));
        world.fake.chat(ADA, "Grace", "ping");
        reports(&mut connection, 1).await;
    }
    let read = async { while next(&mut connection).await.is_ok() {} };
    let answered = until("pongs come", || world.fake.pongs() == 3);
    tokio::select! {
        () = read => panic!("it stands"),
        () = answered => {}
    }
    assert_eq!(world.fake.client_frames(), 0);
}

#[tokio::test]
async fn an_authorisation_that_is_taken_back_ends_it() {
    let world = World::new().await;
    let mut connection = world.connected().await;
    world.fake.revoke_authorization(ADA);
    assert!(matches!(end(&mut connection).await, Disconnect::NeedsReauth { .. }));
    let mut again = world.twitch.connect(&world.ada, Resume::default());
    assert!(matches!(end(&mut again).await, Disconnect::NeedsReauth { .. }));
}

#[tokio::test]
async fn a_subscription_that_ends_degrades_it() {
    let world = World::new().await;
    let mut connection = world.connected().await;
    world.fake.revoke(ADA, "channel.follow", "version_removed");
    let reason = "Twitch ended the subscription to channel.follow: version_removed".into();
    assert_eq!(link(&mut connection).await, Link::Degraded { reason });
    world.fake.chat(ADA, "Grace", "still here");
    assert_eq!(reports(&mut connection, 1).await.len(), 1);
}

#[tokio::test]
async fn what_was_not_granted_is_named_and_the_rest_works() {
    let scopes = ["user:read:chat", "channel:read:subscriptions"].map(String::from).into();
    let world = World::with(FakeConfig { scopes, ..FakeConfig::default() }).await;
    let mut connection = world.twitch.connect(&world.ada, Resume::default());
    let Link::Degraded { reason } = link(&mut connection).await else { panic!("it is degraded") };
    assert_eq!(
        &*reason,
        "not granted: bits:read, channel:moderate, channel:read:ads, channel:read:hype_train, \
         channel:read:redemptions, moderator:read:followers"
    );
    world.fake.chat(ADA, "Grace", "hi");
    assert_eq!(reports(&mut connection, 1).await[0].kind, EventKind::ChatMessage);
}

#[tokio::test]
async fn subscriptions_that_fail_for_now_are_made_again() {
    let world = World::new().await;
    world.fake.fail(Call::Subscribe, Effect::status(503), 2);
    world.fake.fail(Call::Subscribe, Effect::StatusAfterWork(500), 2);
    world.fake.fail(Call::Subscribe, Effect::CloseAfterWork, 1);
    let _connection = world.connected().await;
    assert_eq!(world.fake.subscriptions(ADA).len(), TYPES.len());
    assert_eq!(world.fake.count(Call::Subscribe), TYPES.len() + 5);
}

#[tokio::test]
async fn an_outage_is_a_loss_and_not_the_users_fault() {
    let world = World::new().await;
    world.fake.set_outage(Some(Effect::status(503)));
    let mut connection = world.twitch.connect(&world.ada, Resume::default());
    let why = end(&mut connection).await;
    let reason = "Twitch refused the socket: HTTP 503".into();
    assert_eq!(why, Disconnect::Lost { reason, retry_after: None });
    world.fake.set_outage(None);
    world.connected().await;
}

#[tokio::test]
async fn follows_of_a_gap_are_listed_as_history() {
    let world = World::new().await;
    let mut connection = world.twitch.connect(&world.ada, Resume::default());
    let standing = loop {
        let batch = next(&mut connection).await.unwrap();
        if batch.link.is_some() {
            break batch;
        }
    };
    let cursor = standing.cursor.expect("from here on it knows what came");
    world.fake.follow(ADA, "Before");
    let before = reports(&mut connection, 1).await;
    drop(connection);
    until("the socket is gone", || world.fake.sockets(None) == 0).await;
    for number in 0..150 {
        assert_eq!(world.fake.follow(ADA, &*format!("Gap{number}")), 0);
    }
    let resume = Resume { cursor: Some(cursor), ..Resume::default() };
    let mut connection = world.twitch.connect(&world.ada, resume);
    let listed = reports(&mut connection, 151).await;
    assert!(listed.iter().all(|report| report.replayed && report.kind == EventKind::Follow));
    assert_eq!(listed[0].dedupe_key, before[0].dedupe_key, "the oldest is first, and the same one");
}

#[tokio::test]
async fn what_a_moderator_does_comes_back() {
    let world = World::new().await;
    let mut connection = world.connected().await;
    let place = crate::Place { account: &world.ada, broadcast: None };
    let act = crate::ModerationAct::Timeout {
        viewer_id: "7".into(),
        duration: Duration::from_mins(1),
        reason: Some("spoilers".into()),
    };
    world.twitch.moderate(place, &act).await.unwrap();
    let report = reports(&mut connection, 1).await.remove(0);
    let moderation = report.moderation.unwrap();
    assert_eq!(moderation.action, ModerationAction::Timeout);
    assert_eq!(moderation.duration_s, Some(60));
    assert_eq!(report.reason.as_deref(), Some("spoilers"));
}
