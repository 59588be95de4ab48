use stagedoor_fakes::{Effect, facebook::Call};

use super::*;

fn message(text: &str, reply_to: Option<&str>) -> ChatMessage {
    ChatMessage { text: text.into(), reply_to: reply_to.map(Into::into) }
}

#[tokio::test]
async fn what_the_page_writes_comes_back_by_its_id() {
    let house = House::start().await;
    let (account, mut broadcast) = (house.account(), house.on_air());
    let mut connection = house.connect(&broadcast, None);
    let place = Place { account: &account, broadcast: Some(&broadcast) };
    let sent = house.facebook.send_chat(place, &message("Hello!", None)).await.unwrap();
    let echo = read_until(&mut connection, |batch| {
        batch.reports.iter().any(|report| report.kind == EventKind::ChatMessage)
    });
    let echo = echo.await.reports.into_iter().find(|report| report.message.is_some()).unwrap();
    let wrote = echo.message.unwrap();
    assert_eq!((wrote.id, &*wrote.text), (Some(sent.message_id), "Hello!"));
    assert!(echo.actor.unwrap().roles.owner);
    // Which video it shows is found out where it was not kept.
    broadcast.chat_id = None;
    let place = Place { account: &account, broadcast: Some(&broadcast) };
    house.facebook.send_chat(place, &message("Once more", None)).await.unwrap();
    assert_eq!(texts(&mut connection, 1).await, ["Once more".into()]);
}

#[tokio::test]
async fn an_answer_goes_to_what_it_answers() {
    let house = House::start().await;
    let (account, broadcast) = (house.account(), house.on_air());
    let question = house.fake.comment(&broadcast.id, BOB, "Why?").unwrap();
    let place = Place { account: &account, broadcast: Some(&broadcast) };
    house.facebook.send_chat(place, &message("Because.", Some(&question))).await.unwrap();
    let mut connection = house.connect(&broadcast, None);
    let mut reports = Vec::new();
    while reports.len() < 2 {
        reports.extend(next(&mut connection).await.unwrap().reports);
    }
    let answer = reports.iter().filter_map(|report| report.message.as_ref()).nth(1).unwrap();
    let reply = answer.reply_to.as_ref().unwrap();
    assert_eq!((&reply.message_id, reply.text.as_deref()), (&question, Some("Why?")));
}

#[tokio::test]
async fn what_cannot_be_sent_is_not_sent() {
    let house = House::start().await;
    let (account, broadcast) = (house.account(), house.on_air());
    let place = Place { account: &account, broadcast: Some(&broadcast) };
    let nowhere = Place { account: &account, broadcast: None };
    let long = "x".repeat(SEND_CHARS + 1);
    for (place, message, code) in [
        (place, message(&long, None), "invalid"),
        (place, message(" ", None), "invalid"),
        (place, message("to a page", Some(PAGE)), "invalid"),
        (nowhere, message("to nobody", None), "no_broadcast"),
    ] {
        let error = house.facebook.send_chat(place, &message).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
    }
    assert_eq!(house.fake.count(Call::CreateComment), 0);
    house.fake.fail(Call::CreateComment, Effect::CloseAfterWork, 1);
    let error = house.facebook.send_chat(place, &message("Hello!", None)).await.unwrap_err();
    assert!(error.may_have_been_done(), "{error}");
    assert_eq!(house.fake.messages(&broadcast.id).len(), 1, "it is not sent again");
}

#[tokio::test]
async fn comments_are_deleted_and_people_blocked() {
    let house = House::start().await;
    let (account, broadcast) = (house.account(), house.on_air());
    let place = Place { account: &account, broadcast: Some(&broadcast) };
    let comment = house.fake.comment(&broadcast.id, BOB, "Buy now!").unwrap();
    let act = ModerationAct::DeleteMessage { message_id: comment };
    house.facebook.moderate(place, &act).await.unwrap();
    assert_eq!(house.fake.messages(&broadcast.id), []);
    assert_eq!(house.facebook.moderate(place, &act).await, Err(Error::NotFound));
    let ban = ModerationAct::Ban { viewer_id: BOB.0.into(), reason: None };
    house.facebook.moderate(place, &ban).await.unwrap();
    assert_eq!(house.fake.bans(PAGE), [BOB.0.into()]);
    assert_eq!(house.fake.comment(&broadcast.id, BOB, "Buy!"), None);
    let unban = ModerationAct::Unban { viewer_id: BOB.0.into(), ban_id: None };
    house.facebook.moderate(place, &unban).await.unwrap();
    assert!(house.fake.bans(PAGE).is_empty());
    let duration = Duration::from_mins(1);
    let timeout = ModerationAct::Timeout { viewer_id: BOB.0.into(), duration, reason: None };
    let error = house.facebook.moderate(place, &timeout).await.unwrap_err();
    assert_eq!(error.code(), "unsupported");
}

#[tokio::test]
async fn nothing_but_comments_can_be_deleted() {
    let house = House::start().await;
    let (account, broadcast) = (house.account(), house.on_air());
    let place = Place { account: &account, broadcast: Some(&broadcast) };
    let post = format!("{PAGE}_17").into();
    for message_id in [broadcast.id.clone(), broadcast.chat_id.clone().unwrap(), post, "me".into()]
    {
        let act = ModerationAct::DeleteMessage { message_id };
        assert_eq!(house.facebook.moderate(place, &act).await.unwrap_err().code(), "invalid");
    }
    assert_eq!(house.fake.count(Call::Delete), 0);
}
