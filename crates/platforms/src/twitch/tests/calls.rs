//! Calls of Helix.

use stagedoor_domain::Metadata;
use stagedoor_fakes::{Effect, twitch::Call};

use super::*;
use crate::{BroadcastPlan, ChatMessage, Error, ModerationAct, Place, Standing, Watched};
use secrecy::ExposeSecret;

fn place(world: &World) -> Place<'_> {
    Place { account: &world.ada, broadcast: None }
}

async fn say(world: &World, text: &str) -> Result<crate::Sent, Error> {
    let message = ChatMessage { text: text.into(), reply_to: None };
    world.twitch.send_chat(place(world), &message).await
}

#[tokio::test]
async fn a_message_that_is_sent_comes_back_by_its_id() {
    let world = World::new().await;
    let mut connection = world.connected().await;
    let sent = say(&world, "hello").await.unwrap();
    let report = reports(&mut connection, 1).await.remove(0);
    assert_eq!(*report.dedupe_key, *format!("twitch:chat:{}", sent.message_id));
    assert_eq!(report.message.unwrap().id, Some(sent.message_id));
    assert!(report.actor.unwrap().roles.owner);
}

#[tokio::test]
async fn a_message_that_twitch_drops_is_refused_with_its_reason() {
    let world = World::new().await;
    world.fake.drop_next_message("msg_duplicate", "Your message is identical to the last one.");
    let (code, reason) =
        ("msg_duplicate".into(), "Your message is identical to the last one.".into());
    assert_eq!(say(&world, "again").await, Err(Error::Refused { code, reason }));
    assert!(world.fake.messages(ADA).is_empty());
}

#[tokio::test]
async fn a_message_whose_answer_gets_lost_is_not_sent_again() {
    let world = World::new().await;
    for effect in [Effect::CloseAfterWork, Effect::StatusAfterWork(500), Effect::Garbage] {
        world.fake.fail(Call::SendChat, effect, 1);
        let answer = say(&world, "once").await;
        assert!(matches!(answer, Err(Error::Unclear { .. })), "{answer:?}");
    }
    assert_eq!(world.fake.messages(ADA).len(), 3);
}

#[tokio::test]
async fn five_hundred_characters_go_and_one_more_is_not_sent() {
    let world = World::new().await;
    say(&world, &"ö".repeat(500)).await.unwrap();
    let answer = say(&world, &"ö".repeat(501)).await;
    assert!(matches!(answer, Err(Error::Invalid { .. })), "{answer:?}");
    assert_eq!(world.fake.count(Call::SendChat), 1);
}

#[tokio::test]
async fn too_many_calls_say_for_how_long_to_wait() {
    let world = World::new().await;
    let reset = (jiff::Timestamp::now().as_second() + 30).to_string();
    let storm = Effect::too_many(None)
        .with_header("ratelimit-remaining", "0")
        .with_header("ratelimit-reset", reset);
    world.fake.fail(Call::SendChat, storm, 1);
    let Err(Error::RateLimited { retry_after: Some(wait) }) = say(&world, "hi").await else {
        panic!("it is limited");
    };
    assert!((25..=31).contains(&wait.as_secs()), "{wait:?}");
}

#[tokio::test]
async fn no_act_empties_a_chat() {
    let world = World::new().await;
    let sent = say(&world, "oops").await.unwrap();
    let delete = |id: &str| ModerationAct::DeleteMessage { message_id: id.into() };
    for id in ["", " ", "&", "x y"] {
        let answer = world.twitch.moderate(place(&world), &delete(id)).await;
        assert!(matches!(answer, Err(Error::Invalid { .. })), "{answer:?}");
    }
    assert_eq!(world.fake.count(Call::DeleteChat), 0);
    world.twitch.moderate(place(&world), &delete(&sent.message_id)).await.unwrap();
    assert!(world.fake.messages(ADA)[0].deleted);
    assert_eq!(world.fake.chat_clears(ADA), 0);
}

#[tokio::test]
async fn bans_and_timeouts_begin_and_end() {
    let world = World::new().await;
    let viewer_id: Box<str> = "7".into();
    let act = async |act| world.twitch.moderate(place(&world), &act).await;
    let duration = Duration::from_millis(1_500);
    let timeout = ModerationAct::Timeout { viewer_id: viewer_id.clone(), duration, reason: None };
    let done = act(timeout).await.unwrap();
    assert_eq!(done.duration, Some(Duration::from_secs(2)));
    assert_eq!(world.fake.bans(ADA)[0].seconds, Some(2));
    let reason = Some("x".repeat(600).into());
    act(ModerationAct::Ban { viewer_id: viewer_id.clone(), reason }).await.unwrap();
    let bans = world.fake.bans(ADA);
    assert_eq!((bans[0].seconds, bans[0].reason.len()), (None, 500));
    act(ModerationAct::Unban { viewer_id: viewer_id.clone(), ban_id: None }).await.unwrap();
    assert!(world.fake.bans(ADA).is_empty());
    let again = act(ModerationAct::Unban { viewer_id, ban_id: None }).await;
    assert!(matches!(again, Err(Error::Refused { .. })), "{again:?}");
}

#[tokio::test]
async fn what_the_stream_is_called_and_about_is_changed_as_far_as_twitch_takes_it() {
    let world = World::new().await;
    let metadata = Metadata {
        title: "Late night tea".into(),
        tags: vec!["late night".into(), "x".repeat(26).into(), "English".into()],
        category: "just chatting".into(),
        ..Metadata::default()
    };
    let update =
        async |metadata| world.twitch.update_metadata(place(&world), metadata).await.unwrap();
    let applied = update(&metadata).await;
    let skipped: Vec<_> = applied.skipped.iter().map(|skipped| &*skipped.field).collect();
    assert_eq!(skipped, ["tags.0", "tags.1"]);
    let channel = world.fake.channel(ADA);
    assert_eq!((&*channel.title, &*channel.game_name), ("Late night tea", "Just Chatting"));
    assert_eq!(channel.tags, ["latenight".into(), "English".into()]);
    let unknown = Metadata { category: "No such thing".into(), ..metadata.clone() };
    let applied = update(&unknown).await;
    assert!(applied.skipped.iter().any(|skipped| &*skipped.field == "category"));
    let searches = world.fake.count(Call::SearchCategories);
    update(&metadata).await;
    assert_eq!(world.fake.count(Call::SearchCategories), searches, "it is remembered");
    let nothing = Metadata::default();
    update(&nothing).await;
    assert_eq!(world.fake.channel(ADA), channel, "who says nothing changes nothing");
}

#[tokio::test]
async fn categories_are_found_by_a_part_of_their_name() {
    let world = World::new().await;
    let found = world.twitch.search_categories(&world.ada, "chat").await.unwrap();
    assert_eq!((&*found[0].id, &*found[0].name), ("509658", "Just Chatting"));
    assert!(world.twitch.search_categories(&world.ada, " ").await.unwrap().is_empty());
}

#[tokio::test]
async fn to_start_is_to_get_the_key_and_to_be_called_something() {
    let world = World::new().await;
    let metadata = Metadata { title: "Tea".into(), ..Metadata::default() };
    let plan = BroadcastPlan {
        livestream: "0192f0c1-7d3a-7c4e-9d1b-1f2e3d4c5b6a".parse().unwrap(),
        planned_at: jiff::Timestamp::now(),
        metadata,
        again: false,
    };
    let (broadcast, ingest) = world.twitch.start_broadcast(&world.ada, &plan).await.unwrap();
    assert_eq!(ingest.stream_key.expose_secret(), world.fake.stream_key(ADA));
    assert!(ingest.url.starts_with("rtmps://") && ingest.url.ends_with("/app/"));
    assert_eq!(broadcast.watch_url.as_deref(), Some("https://www.twitch.tv/ada"));
    assert_eq!(&*world.fake.channel(ADA).title, "Tea");
    assert!(!format!("{ingest:?}").contains("live_"), "no key is shown");
    world.fake.fail(Call::ModifyChannel, Effect::status(500), 1);
    world
        .twitch
        .start_broadcast(&world.ada, &plan)
        .await
        .expect("a stream is worth more than its title");
    world.twitch.end_broadcast(&world.ada, &broadcast).await.unwrap();
}

#[tokio::test]
async fn a_hundred_channels_are_looked_at_with_one_call() {
    let world = World::new().await;
    let watched: Vec<_> = (0..100)
        .map(|number| {
            let id = (2_000 + number).to_string();
            world.fake.add_channel(&id, "somebody");
            if number % 2 == 0 {
                world.fake.online(&id, number);
            }
            let account = AccountAccess { external_id: id.into(), ..world.ada.clone() };
            Watched { account, broadcast: None }
        })
        .collect();
    let standings = world.twitch.standings(&watched).await.unwrap();
    assert_eq!(world.fake.count(Call::GetStreams), 1);
    assert_eq!(standings.len(), 100);
    let standing = standings[4].as_ref().unwrap();
    assert_eq!((standing.live, standing.viewers), (true, Some(4)));
    assert_eq!(standings[5], Some(Standing::default()), "off air, and nothing is said of viewers");
    world.fake.oauth().expire_app();
    world.twitch.standings(&watched[..1]).await.expect("the client's own token is renewed");
}
