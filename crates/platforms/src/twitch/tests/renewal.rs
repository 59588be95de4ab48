//! Tokens that do not hold any more.

use stagedoor_fakes::{Effect, twitch::Call};

use super::*;
use crate::{ChatMessage, Error, Place};

#[tokio::test]
async fn a_token_that_has_expired_is_renewed_once_for_all_subscriptions() {
    let world = World::new().await;
    world.fake.oauth().expire(ADA);
    let _connection = world.connected().await;
    assert_eq!(world.tokens.renewals(), 1);
    assert_eq!(world.fake.oauth().counts().refreshed, 1);
}

#[tokio::test]
async fn fifty_calls_with_an_expired_token_renew_it_once() {
    let world = World::new().await;
    world.fake.oauth().expire(ADA);
    let place = Place { account: &world.ada, broadcast: None };
    let message = ChatMessage { text: "hi".into(), reply_to: None };
    let calls = (0..50).map(|_| world.twitch.send_chat(place, &message));
    let answers = futures_util::future::join_all(calls).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(world.tokens.renewals(), 1);
    assert_eq!(world.fake.messages(ADA).len(), 50);
}

#[tokio::test]
async fn a_platform_that_refuses_every_token_is_not_asked_for_ever() {
    let world = World::new().await;
    world.fake.fail(Call::SendChat, Effect::status(401), 9);
    let place = Place { account: &world.ada, broadcast: None };
    let message = ChatMessage { text: "hi".into(), reply_to: None };
    let answer = world.twitch.send_chat(place, &message).await;
    assert!(matches!(answer, Err(Error::Forbidden { .. })), "{answer:?}");
    assert_eq!((world.tokens.renewals(), world.fake.count(Call::SendChat)), (1, 2));
}

#[tokio::test]
async fn a_grant_that_is_gone_needs_the_user() {
    let world = World::new().await;
    world.fake.oauth().revoke(ADA);
    let answer = world.twitch.validate(&world.ada).await;
    assert!(matches!(answer, Err(Error::NeedsReauth { .. })), "{answer:?}");
}

#[tokio::test]
async fn a_validation_renews_what_has_expired() {
    let world = World::new().await;
    world.twitch.validate(&world.ada).await.unwrap();
    assert_eq!(world.tokens.renewals(), 0);
    world.fake.oauth().expire(ADA);
    world.twitch.validate(&world.ada).await.unwrap();
    assert_eq!(world.tokens.renewals(), 1);
    assert_eq!(world.twitch.capabilities().validate_every, Some(Duration::from_hours(1)));
}

#[tokio::test]
async fn a_token_tells_whose_it_is() {
    let world = World::new().await;
    let token = world.fake.grant(ADA).access.into();
    let identity = world.twitch.identify(&token).await.unwrap();
    assert_eq!((&*identity.external_id, &*identity.name), (ADA, "Ada"));
    assert!(identity.scopes.contains(&"user:read:chat".into()));
    assert!(identity.expires_at.is_some());
    let unknown = world.twitch.identify(&"guessed".to_owned().into()).await;
    assert!(matches!(unknown, Err(Error::NeedsReauth { .. })), "{unknown:?}");
}
