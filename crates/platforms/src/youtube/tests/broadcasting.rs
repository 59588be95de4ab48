use secrecy::ExposeSecret as _;
use stagedoor_fakes::{Effect, youtube::Call};

use super::*;

#[tokio::test]
async fn a_broadcast_is_made_goes_on_air_and_is_ended() {
    let world = World::new().await;
    let plan = plan("Late <night> tea");
    let (broadcast, ingest) = world.youtube.start_broadcast(&world.ada, &plan).await.unwrap();
    let view = world.fake.broadcast_of(ADA).unwrap();
    assert_eq!((&*broadcast.id, broadcast.chat_id.as_deref()), (&*view.id, Some(&*view.chat)));
    assert_eq!((&*view.title, &*view.privacy, view.auto_start), ("Late night tea", "public", true));
    assert_eq!(*ingest.url, *world.fake.config().ingest_url);
    let key = world.fake.stream_key(&view.id).unwrap();
    assert_eq!(ingest.stream_key.expose_secret(), key);
    assert!(!format!("{ingest:?}{broadcast:?}").contains(&key));
    let watch_url = format!("https://www.youtube.com/watch?v={}", view.id);
    assert_eq!(broadcast.watch_url.as_deref(), Some(&*watch_url));

    assert!(world.fake.go_live(&view.id));
    world.youtube.end_broadcast(&world.ada, &broadcast).await.unwrap();
    assert_eq!(world.fake.broadcast_of(ADA).unwrap().status, "complete");
    world.youtube.end_broadcast(&world.ada, &broadcast).await.unwrap();
    assert_eq!(world.fake.recordings_lost(), 0);
}

#[tokio::test]
async fn one_that_never_was_on_air_is_not_announced_for_ever() {
    let world = World::new().await;
    let (broadcast, _) = world.youtube.start_broadcast(&world.ada, &plan("tea")).await.unwrap();
    world.youtube.end_broadcast(&world.ada, &broadcast).await.unwrap();
    assert!(world.fake.broadcasts().is_empty());
    world.youtube.end_broadcast(&world.ada, &broadcast).await.unwrap();
    assert_eq!(world.fake.recordings_lost(), 0);
}

#[tokio::test]
async fn wherever_an_attempt_is_cut_off_there_is_one_broadcast_in_the_end() {
    let steps = [Call::InsertBroadcast, Call::InsertStream, Call::BindBroadcast];
    for step in steps {
        for effect in [Effect::Close, Effect::CloseAfterWork, Effect::StatusAfterWork(500)] {
            let world = World::new().await;
            let first = plan("tea");
            world.fake.fail(step, effect.clone(), 1);
            let failed = world.youtube.start_broadcast(&world.ada, &first).await.unwrap_err();
            assert!(failed.is_transient(), "{step:?}, {effect:?}: {failed:?}");
            let found = world.youtube.find_broadcast(&world.ada, &first).await.unwrap();
            assert_eq!(found.is_some(), !world.fake.broadcasts().is_empty());
            let again = BroadcastPlan { again: true, ..first };
            let (broadcast, ingest) =
                world.youtube.start_broadcast(&world.ada, &again).await.unwrap();
            let (once_more, same) =
                world.youtube.start_broadcast(&world.ada, &again).await.unwrap();
            assert_eq!(broadcast, once_more);
            assert_eq!(ingest.stream_key.expose_secret(), same.stream_key.expose_secret());
            assert_eq!(world.fake.broadcasts_made(), 1, "{step:?}, {effect:?}");
            assert!(world.fake.go_live(&broadcast.id));
        }
    }
}

#[tokio::test]
async fn the_broadcast_of_another_day_is_another_one() {
    let world = World::new().await;
    let yesterday =
        BroadcastPlan { planned_at: Timestamp::now() - Duration::from_hours(24), ..plan("tea") };
    let (old, _) = world.youtube.start_broadcast(&world.ada, &yesterday).await.unwrap();
    world.fake.complete(&old.id);
    // Exactly a day later, with the same title.
    let planned_at = yesterday.planned_at + Duration::from_hours(24);
    let today = BroadcastPlan { planned_at, again: true, ..yesterday };
    let (new, _) = world.youtube.start_broadcast(&world.ada, &today).await.unwrap();
    assert_ne!(old.id, new.id);
}

#[tokio::test]
async fn a_plan_of_an_hour_ago_is_carried_out_and_found_again() {
    let world = World::new().await;
    let planned_at = Timestamp::now() - Duration::from_mins(61);
    let old = BroadcastPlan { planned_at, again: true, ..plan("tea") };
    let (broadcast, _) = world.youtube.start_broadcast(&world.ada, &old).await.unwrap();
    let found = world.youtube.find_broadcast(&world.ada, &old).await.unwrap();
    assert_eq!(found, Some(broadcast));
    let other = BroadcastPlan { planned_at: planned_at + Duration::from_secs(7), ..old };
    assert_eq!(world.youtube.find_broadcast(&world.ada, &other).await, Ok(None));
}

#[tokio::test]
async fn a_broadcast_is_found_among_many() {
    let world = World::new().await;
    for _ in 0..120 {
        world.on_air();
    }
    let plan = plan("tea");
    let (broadcast, _) = world.youtube.start_broadcast(&world.ada, &plan).await.unwrap();
    let found = world.youtube.find_broadcast(&world.ada, &plan).await.unwrap();
    assert_eq!(found, Some(broadcast));
    assert_eq!(world.fake.count(Call::ListBroadcasts), 3);
}

#[tokio::test]
async fn a_change_leaves_the_rest_as_it_is() {
    let world = World::new().await;
    let (broadcast, _) = world.youtube.start_broadcast(&world.ada, &plan("tea")).await.unwrap();
    let before = world.fake.broadcast_of(ADA).unwrap();
    let place = Place { account: &world.ada, broadcast: Some(&broadcast) };
    let metadata = Metadata {
        title: "x".repeat(120).into(),
        description: "all about <tea>".into(),
        category: "Just Chatting".into(),
        ..Metadata::default()
    };
    let applied = world.youtube.update_metadata(place, &metadata).await.unwrap();
    let fields: Vec<_> = applied.skipped.iter().map(|skipped| &*skipped.field).collect();
    assert_eq!(fields, ["title", "description", "category"]);
    let after = world.fake.broadcast_of(ADA).unwrap();
    assert_eq!((after.title.len(), &*after.description), (100, "all about tea"));
    assert_eq!(after.scheduled.as_second(), before.scheduled.as_second());
    let only_a_title = Metadata { title: "tea again".into(), ..Metadata::default() };
    world.youtube.update_metadata(place, &only_a_title).await.unwrap();
    let after = world.fake.broadcast_of(ADA).unwrap();
    assert_eq!((&*after.title, &*after.description), ("tea again", "all about tea"));
}

#[tokio::test]
async fn who_agreed_is_who_the_channel_says() {
    let world = World::new().await;
    let token = world.fake.grant(ADA).access.into();
    let identity = world.youtube.identify(&token).await.unwrap();
    assert_eq!((&*identity.external_id, &*identity.name), (ADA, "Ada"));
    let wrong = world.youtube.identify(&"no token".to_owned().into()).await.unwrap_err();
    assert!(matches!(wrong, Error::NeedsReauth { .. }), "{wrong:?}");
    world.youtube.validate(&world.ada).await.unwrap();
}

#[tokio::test]
async fn fifty_broadcasts_are_looked_at_by_one_call_in_whoevers_name_it_works() {
    let world = World::new().await;
    world.fake.add_channel("UCbob", "Bob");
    let mut watched = Vec::new();
    for number in 0..49u32 {
        let (view, broadcast) = world.on_air();
        world.fake.set_viewers(&view.id, (number > 0).then(|| u64::from(number)));
        watched.push(Watched { account: world.ada.clone(), broadcast: Some(broadcast.id) });
    }
    let bob = AccountAccess::new("UCbob", Tokens::of(&world.fake, "UCbob"));
    watched.push(Watched { account: bob, broadcast: Some("gone".into()) });
    watched.push(Watched { account: world.ada.clone(), broadcast: None });
    let standings = world.youtube.standings(&watched).await.unwrap();
    assert_eq!(world.fake.count(Call::ListVideos), 1);
    let first = standings[0].clone().unwrap();
    assert!(first.live && first.started_at.is_some());
    assert_eq!(first.viewers, None, "what is hidden is not zero");
    assert_eq!(standings[7].as_ref().unwrap().viewers, Some(7));
    assert_eq!(standings[7].as_ref().unwrap().title.as_deref(), Some("Late night tea"));
    assert_eq!(standings[49..], [None, None]);

    world.fake.fail(Call::ListVideos, Effect::refuse(403, "forbidden", "not you"), 1);
    assert!(world.youtube.standings(&watched).await.is_ok(), "the other account does");
}

#[tokio::test]
async fn googles_reasons_become_errors_that_say_what_may_be_done() {
    let world = World::new().await;
    let refuse = |code: &str| Effect::refuse(403, code, "no");
    let mut errors = Vec::new();
    for effect in [
        refuse("userRequestsExceedRateLimit"),
        refuse("liveStreamingNotEnabled"),
        refuse("insufficientLivePermissions"),
        Effect::status(503),
        Effect::Close,
        refuse("quotaExceeded"),
    ] {
        world.fake.fail(Call::InsertBroadcast, effect, 1);
        let plan = plan("tea");
        errors.push(world.youtube.start_broadcast(&world.ada, &plan).await.unwrap_err());
    }
    let codes: Vec<_> = errors.iter().map(Error::code).collect();
    let expected =
        ["rate_limited", "refused", "forbidden", "unclear", "unclear", "quota_exhausted"];
    assert_eq!(codes, expected, "{errors:?}");
    assert!(errors[0].retry_after().is_some());
    let calls = world.fake.count(Call::InsertBroadcast);
    let refused = world.youtube.start_broadcast(&world.ada, &plan("tea")).await.unwrap_err();
    assert!(matches!(refused, Error::QuotaExhausted { .. }));
    assert_eq!(world.fake.count(Call::InsertBroadcast), calls, "nothing is sent any more");
}
