use stagedoor_platforms::{Error, ModerationAct, Operation};

use super::*;
use crate::PlatformCommandError;

#[tokio::test]
async fn a_message_goes_to_all_and_each_answers_for_itself() {
    let world = World::new().await;
    world.connected(&Platform::Twitch).await;
    let to = [Platform::Twitch, Platform::YouTube, Platform::Kick];
    let mut answers = world.cx.send_chat(&to, "hello").await;
    assert_eq!(&*answers.remove(&Platform::Twitch).unwrap().unwrap().message_id, "m1");
    let unsupported =
        Error::Unsupported { platform: Platform::YouTube, operation: Operation::SendChat };
    assert_eq!(answers[&Platform::YouTube], Err(unsupported.into()));
    let absent = PlatformCommandError::NotConnected { platform: Platform::Kick };
    assert_eq!(answers[&Platform::Kick], Err(absent));

    let too_long = world.cx.send_chat(&[Platform::Twitch], &"x".repeat(21)).await;
    let too_long = too_long[&Platform::Twitch].clone().unwrap_err();
    assert_eq!(too_long.to_string(), "text has 21 characters, more than the 20 allowed");
    assert_eq!(world.twitch.said().sent, ["hello".into()], "nothing that is refused is sent");
}

#[tokio::test]
async fn a_sent_message_is_one_event_marked_as_ours() {
    let world = World::new().await;
    world.connected(&Platform::Twitch).await;
    world.cx.send_chat(&[Platform::Twitch], "hello").await[&Platform::Twitch].clone().unwrap();
    let key = EventReport::chat_key(&Platform::Twitch, "m1");
    let mut echo =
        EventReport::new(Platform::Twitch, EventKind::ChatMessage, Timestamp::now(), key.clone());
    echo.message = Some(stagedoor_domain::Message { text: "hello".into(), ..Default::default() });
    world.twitch.say(echo);
    world.twitch.say(follow("after it"));
    world.keys(EventKind::Follow, 1).await;
    let events = world.events(&[EventKind::ChatMessage]).await;
    assert_eq!(events.len(), 1);
    assert!(events[0].report.sent_by_us);
    assert_eq!(events[0].report.dedupe_key, key);
}

#[tokio::test]
async fn a_platform_that_does_not_answer_is_left_alone_for_a_while() {
    let world = World::new().await;
    world.connected(&Platform::Twitch).await;
    let lost = || Error::Unclear { what: "nothing".into() };
    world.twitch.said().send_fails.extend((0..5).map(|_| lost()));
    for _ in 0..5 {
        let answer = &world.cx.send_chat(&[Platform::Twitch], "hello").await[&Platform::Twitch];
        assert_eq!(*answer, Err(lost().into()), "and it is not sent again by itself");
    }
    let answer = &world.cx.send_chat(&[Platform::Twitch], "hello").await[&Platform::Twitch];
    assert!(matches!(answer, Err(PlatformCommandError::CircuitOpen { .. })), "{answer:?}");
    assert!(world.twitch.said().sent.is_empty());
}

#[tokio::test]
async fn a_ban_is_lifted_by_the_id_that_the_platform_gave_it() {
    let world = World::new().await;
    world.connected(&Platform::Twitch).await;
    let viewer_id: Box<str> = "troll".into();
    let ban = ModerationAct::Ban { viewer_id: viewer_id.clone(), reason: None };
    world.cx.moderate(&Platform::Twitch, ban).await.unwrap();
    let unban = ModerationAct::Unban { viewer_id: viewer_id.clone(), ban_id: None };
    world.cx.moderate(&Platform::Twitch, unban).await.unwrap();
    let ban_id = Some("the ban's own id".into());
    let lifted = ModerationAct::Unban { viewer_id, ban_id };
    assert_eq!(world.twitch.said().acts.last(), Some(&lifted));
}

#[tokio::test]
async fn a_command_that_finds_the_authorisation_gone_ends_the_connection_too() {
    let world = World::new().await;
    world.connected(&Platform::Twitch).await;
    let gone = Error::NeedsReauth { reason: "revoked".into() };
    world.twitch.said().send_fails.push_back(gone.clone());
    let answer = &world.cx.send_chat(&[Platform::Twitch], "hello").await[&Platform::Twitch];
    assert_eq!(*answer, Err(gone.into()));
    let refused = |seen: &PlatformSnapshot| matches!(seen.link, LinkState::NeedsReauth { .. });
    world.manager(&Platform::Twitch, "it says so", refused).await;
}
