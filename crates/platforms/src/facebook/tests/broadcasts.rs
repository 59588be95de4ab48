use secrecy::ExposeSecret;
use stagedoor_fakes::{
    Effect,
    facebook::{Call, Stage},
};

use super::*;

#[tokio::test]
async fn a_live_video_is_made_and_tells_where_to_stream_to() {
    let house = House::start().await;
    let mut plan = plan("Bread", false);
    plan.metadata.description = "With seeds.".into();
    let (broadcast, ingest) =
        house.facebook.start_broadcast(&house.account(), &plan).await.unwrap();
    let made = house.fake.broadcast_of(PAGE).unwrap();
    assert_eq!((&broadcast.id, broadcast.chat_id.as_ref()), (&made.id, Some(&made.video)));
    assert_eq!(made.title.as_deref(), Some("Bread"));
    assert_eq!(made.description.as_deref(), Some("With seeds."));
    assert!(made.at_once);
    assert_eq!(&*ingest.url, "rtmps://live-api-s.facebook.com:443/rtmp/");
    assert_eq!(ingest.stream_key.expose_secret(), &*made.stream_key);
    let watch_url = format!("https://www.facebook.com/{PAGE}/videos/{}/", made.video);
    assert_eq!(broadcast.watch_url.as_deref(), Some(&*watch_url));
    let told = format!("{broadcast:?} {ingest:?}");
    assert!(!told.contains(&*made.stream_key), "{told}");
}

#[tokio::test]
async fn what_the_answer_leaves_out_is_asked_for() {
    let house = House::start().await;
    house.fake.set_few_fields(true);
    let account = house.account();
    for (failures, known) in [(0, true), (1, false)] {
        house.fake.fail(Call::GetLiveVideo, Effect::status(503), failures);
        let plan = plan("Bread", false);
        let (broadcast, _) = house.facebook.start_broadcast(&account, &plan).await.unwrap();
        assert_eq!(broadcast.chat_id.is_some(), known);
        assert_eq!(broadcast.watch_url.is_some(), known);
    }
}

#[tokio::test]
async fn one_that_is_to_be_published_by_hand_is() {
    let house = House::with(|config| config.go_live = GoLive::ByHand).await;
    let plan = plan("Bread", false);
    house.facebook.start_broadcast(&house.account(), &plan).await.unwrap();
    assert!(!house.fake.broadcast_of(PAGE).unwrap().at_once);
}

#[tokio::test]
async fn one_whose_making_was_cut_off_is_found_again() {
    let house = House::start().await;
    let (account, mut plan) = (house.account(), plan("Bread", false));
    assert_eq!(house.facebook.find_broadcast(&account, &plan).await, Ok(None));
    let other = house.fake.create_by_hand(PAGE, "Bread");
    house.fake.end_by_hand(&other);
    let _ = house.fake.create_by_hand(PAGE, "Cake");
    for effect in [Effect::CloseAfterWork, Effect::StatusAfterWork(500), Effect::CutAfterWork] {
        house.fake.fail(Call::CreateLiveVideo, effect, 1);
        plan.again = true;
        match house.facebook.start_broadcast(&account, &plan).await {
            Ok(_) => {}
            Err(error) => assert!(error.may_have_been_done(), "{error:?}"),
        }
    }
    let (broadcast, _) = house.facebook.start_broadcast(&account, &plan).await.unwrap();
    assert_eq!(house.fake.broadcasts_created(), 1);
    let found = house.facebook.find_broadcast(&account, &plan).await.unwrap();
    assert_eq!(found, Some(broadcast));
}

#[tokio::test]
async fn one_of_an_earlier_plan_is_left_alone() {
    let house = House::start().await;
    let _ = house.fake.create_by_hand(PAGE, "Bread");
    let mut plan = plan("Bread", true);
    plan.planned_at += Duration::from_mins(5);
    let error = house.facebook.start_broadcast(&house.account(), &plan).await;
    assert!(error.is_ok());
    assert_eq!(house.fake.broadcasts_created(), 1);
}

#[tokio::test]
async fn a_plan_without_a_title_leaves_alone_what_was_made_by_hand_meanwhile() {
    let house = House::start().await;
    let by_hand = house.fake.create_by_hand(PAGE, "");
    let other = house.fake.create_by_hand(PAGE, "Mine");
    let (account, plan) = (house.account(), plan("", true));
    let (broadcast, _) = house.facebook.start_broadcast(&account, &plan).await.unwrap();
    assert!(![by_hand, other].contains(&broadcast.id), "{broadcast:?}");
    let found = house.facebook.find_broadcast(&account, &plan).await.unwrap();
    assert_eq!(found, Some(broadcast));
}

#[tokio::test]
async fn a_live_video_ends_and_its_recording_stays() {
    let house = House::start().await;
    let (account, broadcast) = (house.account(), house.on_air());
    for _ in 0..2 {
        house.facebook.end_broadcast(&account, &broadcast).await.unwrap();
    }
    assert_eq!(house.fake.broadcast_of(PAGE).unwrap().stage, Stage::Ended);
    house.fake.delete_by_hand(&broadcast.id);
    house.facebook.end_broadcast(&account, &broadcast).await.unwrap();
    let other = house.on_air();
    house.fake.fail(Call::GetLiveVideo, Effect::status(503), 1);
    house.facebook.end_broadcast(&account, &other).await.unwrap();
    assert_eq!(house.fake.broadcast_of(PAGE).unwrap().stage, Stage::Ended);
}

#[tokio::test]
async fn one_that_was_never_on_air_leaves_nothing() {
    let house = House::start().await;
    let account = house.account();
    let (broadcast, _) =
        house.facebook.start_broadcast(&account, &plan("Bread", false)).await.unwrap();
    house.facebook.end_broadcast(&account, &broadcast).await.unwrap();
    assert_eq!(house.fake.broadcasts(), []);
    assert_eq!(house.fake.recordings_deleted(), 0);
}

#[tokio::test]
async fn an_end_that_is_refused_for_another_reason_says_so() {
    let house = House::start().await;
    let (account, broadcast) = (house.account(), house.on_air());
    house.fake.fail(Call::UpdateLiveVideo, Effect::refuse(400, "368", "not now"), 1);
    let error = house.facebook.end_broadcast(&account, &broadcast).await.unwrap_err();
    assert!(matches!(&error, Error::Refused { code, .. } if &**code == "368"), "{error:?}");
}

#[tokio::test]
async fn title_and_description_change_and_the_rest_is_skipped() {
    let house = House::start().await;
    let (account, broadcast) = (house.account(), house.on_air());
    let place = Place { account: &account, broadcast: Some(&broadcast) };
    let metadata = Metadata {
        title: "x".repeat(300).into(),
        description: "All of it".into(),
        tags: vec!["bread".into()],
        category: "Cooking".into(),
        thumbnail_url: None,
    };
    let applied = house.facebook.update_metadata(place, &metadata).await.unwrap();
    let skipped: Vec<_> = applied.skipped.iter().map(|skipped| &*skipped.field).collect();
    assert_eq!(skipped, ["title", "category", "tags"]);
    let made = house.fake.broadcast_of(PAGE).unwrap();
    assert_eq!(made.title.map(|title| title.len()), Some(255));
    assert_eq!(made.description.as_deref(), Some("All of it"));
    let only_a_title = Metadata { title: "Bread".into(), ..Metadata::default() };
    house.facebook.update_metadata(place, &only_a_title).await.unwrap();
    let made = house.fake.broadcast_of(PAGE).unwrap();
    assert_eq!(made.description.as_deref(), Some("All of it"), "what is empty stays");
    let nowhere = Place { account: &account, broadcast: None };
    let error = house.facebook.update_metadata(nowhere, &metadata).await;
    assert_eq!(error, Err(Error::NoBroadcast));
}

#[tokio::test]
async fn a_page_that_may_not_stream_hears_why() {
    let house = House::start().await;
    let words = "Your Page needs at least 100 followers.";
    house.fake.fail(Call::CreateLiveVideo, Effect::refuse(403, "200/1363120", words), 1);
    let error =
        house.facebook.start_broadcast(&house.account(), &plan("Bread", false)).await.unwrap_err();
    assert_eq!(error, Error::Forbidden { reason: words.into() });
}
