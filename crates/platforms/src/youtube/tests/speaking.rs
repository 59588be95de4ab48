use stagedoor_domain::{EventKind, ModerationAction};
use stagedoor_fakes::{Effect, youtube::Call};

use super::*;

#[tokio::test]
async fn a_message_is_sent_and_comes_back_with_its_id() {
    let world = World::new().await;
    let (view, broadcast) = world.on_air();
    let place = Place { account: &world.ada, broadcast: Some(&broadcast) };
    let hello = ChatMessage { text: "hello".into(), reply_to: None };
    let mut reading = world.connect(&broadcast, None);
    let sent = world.youtube.send_chat(place, &hello).await.unwrap();
    reading.until(|its| its.texts().len() == 1).await;
    let report = &reading.reports[0];
    assert_eq!(report.message.as_ref().unwrap().id.as_ref(), Some(&sent.message_id));
    assert_eq!(*report.dedupe_key, format!("youtube:chat:{}", sent.message_id));
    assert!(report.actor.as_ref().unwrap().roles.owner);

    let long = ChatMessage { text: "ö".repeat(201).into(), reply_to: None };
    let refused = world.youtube.send_chat(place, &long).await.unwrap_err();
    assert_eq!(refused.to_string(), "text has 201 characters, more than the 200 allowed");
    let nowhere = Place { broadcast: None, ..place };
    assert_eq!(world.youtube.send_chat(nowhere, &hello).await, Err(Error::NoBroadcast));
    world.fake.complete(&view.id);
    let late = world.youtube.send_chat(place, &hello).await.unwrap_err();
    assert!(matches!(&late, Error::Refused { code, .. } if &**code == "liveChatEnded"), "{late:?}");
}

#[tokio::test]
async fn bans_are_lifted_by_their_own_id() {
    let world = World::new().await;
    let (_, broadcast) = world.on_air();
    let place = Place { account: &world.ada, broadcast: Some(&broadcast) };
    let viewer_id: Box<str> = "UCtroll".into();
    let ban = ModerationAct::Ban { viewer_id: viewer_id.clone(), reason: None };
    let banned = world.youtube.moderate(place, &ban).await.unwrap();
    let duration = Duration::from_millis(90_500);
    let timeout = ModerationAct::Timeout { viewer_id: viewer_id.clone(), duration, reason: None };
    let out = world.youtube.moderate(place, &timeout).await.unwrap();
    assert_eq!(out.duration, Some(Duration::from_secs(91)), "begun seconds count");
    let seconds: Vec<_> = world.fake.bans().iter().map(|ban| ban.seconds).collect();
    assert_eq!(seconds, [None, Some(91)]);

    let unban = ModerationAct::Unban { viewer_id: viewer_id.clone(), ban_id: banned.ban_id };
    world.youtube.moderate(place, &unban).await.unwrap();
    assert_eq!(world.fake.bans().len(), 1);
    assert_eq!(world.youtube.moderate(place, &unban).await, Err(Error::NotFound));
    let blind = ModerationAct::Unban { viewer_id, ban_id: None };
    let refused = world.youtube.moderate(place, &blind).await.unwrap_err();
    assert!(matches!(&refused, Error::Refused { code, .. } if &**code == "banUnknown"));
}

#[tokio::test]
async fn a_message_that_is_deleted_is_so_on_both_wires() {
    for polled in [false, true] {
        let world = World::new().await;
        let (view, broadcast) = world.on_air();
        if polled {
            world.fake.fail(Call::StreamList, Effect::status(501), 1);
        }
        let place = Place { account: &world.ada, broadcast: Some(&broadcast) };
        let message_id: Box<str> = world.fake.say(&view.chat, viewer(), text("oops")).into();
        let act = ModerationAct::DeleteMessage { message_id: message_id.clone() };
        world.youtube.moderate(place, &act).await.unwrap();
        let mut reading = world.connect(&broadcast, None);
        reading.until(|its| its.reports.len() == 2).await;
        let deleted = &reading.reports[1];
        assert_eq!(deleted.kind, EventKind::ChatDeleted);
        assert_eq!(*deleted.dedupe_key, format!("youtube:deleted:{message_id}"));
        let moderation = deleted.moderation.as_ref().unwrap();
        assert_eq!(moderation.action, ModerationAction::Delete);
        assert_eq!(moderation.message_id.as_ref(), Some(&message_id));
    }
}
