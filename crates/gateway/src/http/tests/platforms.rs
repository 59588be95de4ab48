//! Chat, moderation and metadata, on real platforms.

use super::{
    stage::{ADA, Stage},
    *,
};

#[tokio::test]
async fn a_message_goes_to_all_and_each_answers_for_itself() {
    let stage = Stage::connected().await;
    stage.connect_facebook().await;
    stage.link_is("facebook", "standby").await;
    let (status, sent) = stage.post("chat", json!({ "text": "Hello" })).await;
    assert_eq!(status, 200, "{sent}");
    let message_id = sent["platforms"]["kick"]["ok"]["message_id"].as_str().unwrap();
    assert_eq!(sent["platforms"]["facebook"]["error"]["code"], "no_broadcast", "{sent}");
    let messages = stage.kick.messages(ADA);
    assert_eq!((&*messages[0].id, &*messages[0].content), (message_id, "Hello"));

    let body = json!({ "text": "again", "platforms": ["kick", "kick", "twitch"] });
    let (_, sent) = stage.post("chat", body).await;
    assert!(sent["platforms"]["kick"]["ok"].is_object(), "{sent}");
    assert_eq!(sent["platforms"]["twitch"]["error"]["code"], "not_connected");
    assert_eq!(stage.kick.messages(ADA).len(), 2, "named twice, sent once");

    let reply_to = json!({ "platform": "kick", "message_id": message_id });
    let (_, sent) = stage.post("chat", json!({ "text": "you", "reply_to": reply_to })).await;
    assert_eq!(sent["platforms"].as_object().unwrap().len(), 1, "an answer goes where it belongs");
    assert_eq!(stage.kick.messages(ADA)[2].reply_to.as_deref(), Some(message_id));

    let (status, sent) = stage.post("chat", json!({ "text": "x".repeat(501) })).await;
    assert_eq!((status, &sent["platforms"]["kick"]["error"]["code"]), (200, &json!("invalid")));
}

#[tokio::test]
async fn a_message_that_can_go_nowhere_is_refused() {
    let stage = Stage::new().await;
    let hello = json!({ "text": "Hello" });
    let (status, refused) = stage.post("chat", hello.clone()).await;
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("tree_not_running")));
    stage.running.house.start_tree("ada").await;
    let (status, refused) = stage.post("chat", hello).await;
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("nothing_connected")));
    let reply_to = json!({ "platform": "kick", "message_id": "1" });
    for (body, field) in [
        (json!({ "text": "" }), "text"),
        (json!({ "text": "a\nb" }), "text"),
        (json!({ "text": "x".repeat(8_001) }), "text"),
        (json!({ "text": "x", "platforms": [] }), "platforms"),
        (json!({ "text": "x", "platforms": ["A B"] }), "platform"),
        (
            json!({ "text": "x", "platforms": ["twitch"], "reply_to": reply_to }),
            "reply_to.platform",
        ),
    ] {
        let (status, refused) = stage.post("chat", body).await;
        assert_eq!((status, &refused["error"]["field"]), (400, &json!(field)), "{refused}");
    }
}

#[tokio::test]
async fn a_moderator_acts_on_one_platform() {
    let stage = Stage::connected().await;
    let viewer = |more: Value| {
        let mut body = json!({ "platform": "kick", "viewer_id": "7" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let timeout = viewer(json!({ "duration_s": 61, "reason": "spam" }));
    let (status, done) = stage.post("moderation/timeout", timeout).await;
    assert_eq!((status, &done["duration_s"]), (200, &json!(120)), "Kick counts minutes: {done}");
    assert_eq!(stage.kick.bans(ADA)[0].minutes, Some(2));
    assert_eq!(stage.post("moderation/unban", viewer(json!({}))).await, (200, json!({})));
    assert_eq!(stage.post("moderation/ban", viewer(json!({}))).await.0, 200);
    assert_eq!(stage.kick.bans(ADA)[0].minutes, None);

    let (_, sent) = stage.post("chat", json!({ "text": "Hello" })).await;
    let message_id = &sent["platforms"]["kick"]["ok"]["message_id"];
    let body = json!({ "platform": "kick", "message_id": message_id });
    assert_eq!(stage.post("chat/delete", body).await.0, 200);
    assert!(stage.kick.messages(ADA)[0].deleted);
    let unknown =
        json!({ "platform": "kick", "message_id": "00000000-0000-0000-0000-000000000000" });
    let (status, refused) = stage.post("chat/delete", unknown).await;
    assert_eq!((status, &refused["error"]["code"]), (404, &json!("not_found")), "{refused}");
    let body = json!({ "platform": "twitch", "viewer_id": "7" });
    let (status, refused) = stage.post("moderation/ban", body).await;
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("not_connected")));
}

#[tokio::test]
async fn what_a_platform_lacks_is_said_and_not_tried() {
    let stage = Stage::connected().await;
    stage.connect_facebook().await;
    stage.link_is("facebook", "standby").await;
    let body = json!({ "platform": "facebook", "viewer_id": "7", "duration_s": 60 });
    let (status, refused) = stage.post("moderation/timeout", body).await;
    assert_eq!((status, &refused["error"]["code"]), (422, &json!("unsupported")), "{refused}");
    let find = "/api/v1/users/ada/platforms/facebook/categories?name=chess";
    let (status, refused) = answer(stage.running.ask(Method::GET, find)).await;
    assert_eq!((status, &refused["error"]["code"]), (422, &json!("unsupported")), "{refused}");
    let find = "/api/v1/users/ada/platforms/kick/categories?name=Just";
    let (status, found) = answer(stage.running.ask(Method::GET, find)).await;
    assert_eq!(status, 200, "{found}");
    assert!(found["categories"][0]["name"].as_str().unwrap().contains("Just"), "{found}");

    let (_, list) = answer(stage.running.ask(Method::GET, "/api/v1/users/ada/platforms")).await;
    let kick = &list["platforms"][0];
    assert_eq!(
        (&kick["platform"], &kick["capabilities"]["chat"]),
        (&json!("kick"), &json!("webhook"))
    );
    assert_eq!(kick["connect_url"], format!("http://{}/connect/kick", stage.running.public));
    assert_eq!(list["platforms"][1]["capabilities"]["timeout"], Value::Null);
}

#[tokio::test]
async fn a_new_title_is_saved_and_told_to_the_platforms() {
    let stage = Stage::connected().await;
    stage.connect_facebook().await;
    stage.link_is("facebook", "standby").await;
    let url = "/api/v1/users/ada/stream/metadata";
    let patch = stage.running.ask(Method::PATCH, url).json(&json!({ "title": "More tea" }));
    let (status, saved) = answer(patch).await;
    assert_eq!((status, &saved["title"]), (200, &json!("More tea")), "{saved}");
    assert!(saved["platforms"]["kick"]["ok"].is_object(), "{saved}");
    assert_eq!(saved["platforms"]["facebook"]["error"]["code"], "no_broadcast");
    assert_eq!(&*stage.kick.channel(ADA).unwrap().title, "More tea");

    stage.kick.fail(
        stagedoor_fakes::kick::Call::UpdateChannel,
        stagedoor_fakes::Effect::status(503),
        1,
    );
    let patch = stage.running.ask(Method::PATCH, url).json(&json!({ "title": "No more tea" }));
    let (status, saved) = answer(patch).await;
    assert_eq!((status, &saved["title"]), (200, &json!("No more tea")));
    assert!(saved["platforms"]["kick"]["error"]["code"].is_string(), "{saved}");
    assert_eq!(answer(stage.running.ask(Method::GET, url)).await.1["title"], "No more tea");
}

#[tokio::test]
async fn a_page_is_told_of_the_links_and_speaks_to_the_platforms() {
    let stage = Stage::connected().await;
    let mut page = stage.running.open_page("ada").await;
    let link = page.hears("link", |_| true).await;
    assert_eq!((&link["platform"], &link["state"]), (&json!("kick"), &json!("connected")));
    assert!(link["since"].is_string());
    let sent = page.push("chat:send", &json!({ "text": "Hello" })).await;
    assert_eq!(sent["status"], "ok", "{sent}");
    assert!(sent["response"]["platforms"]["kick"]["ok"]["message_id"].is_string(), "{sent}");
    let event = page.hears("event", |event| event["kind"] == "chat.message").await;
    assert_eq!(event["message"]["text"], "Hello");
    let ban = json!({ "platform": "kick", "viewer_id": "7" });
    assert_eq!(page.push("moderation:ban", &ban).await["status"], "ok");
    let kick = json!({ "platform": "kick" });
    assert_eq!(page.push("link:reconnect", &kick).await["status"], "ok");
    let refused = page.push("link:reconnect", &json!({ "platform": "twitch" })).await;
    assert_eq!(refused["response"]["code"], "not_connected");
    assert_eq!(page.push("accounts:disconnect", &kick).await["status"], "ok");
    let refused = loop {
        let reply = page.push("chat:send", &json!({ "text": "Hello" })).await;
        if reply["status"] == "error" {
            break reply;
        }
    };
    assert_eq!(refused["response"]["code"], "nothing_connected", "its manager has stopped");
}
