//! The wire, as a client that is not ours sees it.

use jiff::Timestamp;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tonic::{Code, Request, Status, Streaming, transport::Endpoint};

use super::{
    proto::{
        LiveChatMessageListRequest, LiveChatMessageListResponse,
        v3_data_live_chat_message_service_client::V3DataLiveChatMessageServiceClient,
    },
    *,
};
use crate::Effect;

struct World {
    fake: FakeYouTube,
    token: String,
}

impl World {
    async fn new(config: FakeConfig) -> Self {
        let fake = FakeYouTube::start(config).await.unwrap();
        fake.add_channel("UCada", "Ada");
        let token = fake.grant("UCada").access;
        Self { fake, token }
    }

    async fn ask(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}/youtube/v3/{path}", self.fake.base_url());
        let client = Client::builder().no_proxy().build().unwrap();
        let request = client.request(method, url).bearer_auth(&self.token);
        let answer = request.json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
    }

    async fn stream(
        &self,
        chat: &str,
        page: Option<&str>,
    ) -> Result<Streaming<LiveChatMessageListResponse>, Status> {
        let channel = Endpoint::from_shared(self.fake.stream_url()).unwrap().connect_lazy();
        let mut request = Request::new(LiveChatMessageListRequest {
            live_chat_id: Some(chat.into()),
            page_token: page.map(Into::into),
            part: vec!["snippet".into()],
        });
        let bearer = format!("Bearer {}", self.token).parse().unwrap();
        request.metadata_mut().insert("authorization", bearer);
        let mut client = V3DataLiveChatMessageServiceClient::new(channel);
        Ok(client.stream_list(request).await?.into_inner())
    }
}

fn said(fake: &FakeYouTube, chat: &str, text: &str) -> String {
    fake.say(chat, Author::viewer("Ines"), Said::Text(text.into()))
}

fn ids(response: &LiveChatMessageListResponse) -> Vec<&str> {
    response.items.iter().map(proto::LiveChatMessage::id).collect()
}

#[tokio::test]
async fn a_call_streams_history_and_news_and_the_next_one_goes_on_from_its_token() {
    let config = FakeConfig { history: 1, call_brings: Some(2), ..FakeConfig::default() };
    let world = World::new(config).await;
    let chat = world.fake.add_broadcast("UCada", "tea").chat;
    let (_, second) = (said(&world.fake, &chat, "one"), said(&world.fake, &chat, "two"));
    let mut stream = world.stream(&chat, None).await.unwrap();
    let history = stream.message().await.unwrap().unwrap();
    assert_eq!(ids(&history), [second]);
    let third = said(&world.fake, &chat, "three");
    let news = stream.message().await.unwrap().unwrap();
    assert_eq!(ids(&news), [third]);
    assert!(stream.message().await.unwrap().is_none(), "it has brought two, and ends");
    let fourth = said(&world.fake, &chat, "four");
    let mut stream = world.stream(&chat, news.next_page_token.as_deref()).await.unwrap();
    assert_eq!(ids(&stream.message().await.unwrap().unwrap()), [fourth]);
    let wrong = world.stream(&chat, Some("what~1")).await.unwrap_err();
    assert_eq!(wrong.code(), Code::InvalidArgument);
    assert_eq!(world.fake.quota_used(), 15);
}

#[tokio::test]
async fn calls_break_come_twice_and_are_refused_as_planned() {
    let mut world = World::new(FakeConfig::default()).await;
    let chat = world.fake.add_broadcast("UCada", "tea").chat;
    world.fake.set_duplicates(2);
    let mut stream = world.stream(&chat, None).await.unwrap();
    let first = stream.message().await.unwrap();
    assert_eq!(stream.message().await.unwrap(), first);
    world.fake.break_streams();
    assert_eq!(stream.message().await.unwrap_err().code(), Code::Unavailable);
    world.fake.fail(Call::StreamList, Effect::status(501), 1);
    assert_eq!(world.stream(&chat, None).await.unwrap_err().code(), Code::Unimplemented);
    world.fake.fail(Call::StreamList, Effect::refuse(403, "liveChatDisabled", "no"), 1);
    assert_eq!(world.stream(&chat, None).await.unwrap_err().message(), "liveChatDisabled");
    let mut cut = world.stream(&chat, None).await.unwrap();
    cut.message().await.unwrap();
    cut.message().await.unwrap();
    world.fake.cut_connections();
    assert!(cut.message().await.is_err());
    world.fake.set_quota(world.fake.quota_used());
    let refused = world.stream(&chat, None).await.unwrap_err();
    assert_eq!((refused.code(), refused.message()), (Code::ResourceExhausted, "quotaExceeded"));
    world.fake.set_quota(u64::MAX);
    world.token = "another".into();
    assert_eq!(world.stream(&chat, None).await.unwrap_err().code(), Code::Unauthenticated);
}

#[tokio::test]
async fn rest_says_the_same_page_by_page() {
    let world = World::new(FakeConfig::default()).await;
    let chat = world.fake.add_broadcast("UCada", "tea").chat;
    let first = said(&world.fake, &chat, "one");
    let path = format!("liveChat/messages?liveChatId={chat}");
    let (_, page) = world.ask(Method::GET, &path, Value::Null).await;
    assert_eq!(page["items"][0]["id"], *first);
    assert_eq!(page["items"][0]["snippet"]["textMessageDetails"]["messageText"], "one");
    assert!(page["pollingIntervalMillis"].is_u64());
    let next = format!("{path}&pageToken={}", page["nextPageToken"].as_str().unwrap());
    let (_, empty) = world.ask(Method::GET, &next, Value::Null).await;
    assert_eq!(empty["items"], json!([]));
    said(&world.fake, &chat, "two");
    let (_, news) = world.ask(Method::GET, &next, Value::Null).await;
    assert_eq!(news["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn broadcasts_are_completed_once_and_only_from_on_air() {
    let world = World::new(FakeConfig::default()).await;
    let soon = (Timestamp::now() + Duration::from_mins(1)).to_string();
    let mut body = json!({
        "snippet": { "title": "tea", "scheduledStartTime": soon },
        "status": { "privacyStatus": "public" },
        "contentDetails": { "enableAutoStart": true },
    });
    let (status, made) = world.ask(Method::POST, "liveBroadcasts", body.clone()).await;
    assert_eq!((status, &made["status"]["lifeCycleStatus"]), (200, &json!("ready")));
    let id = made["id"].as_str().unwrap();
    let complete = format!("liveBroadcasts/transition?id={id}&broadcastStatus=complete");
    let reason = |answer: &Value| answer["error"]["errors"][0]["reason"].clone();
    let (_, early) = world.ask(Method::POST, &complete, Value::Null).await;
    assert_eq!(reason(&early), "invalidTransition");
    let stream = json!({
        "snippet": { "title": "tea" },
        "cdn": { "ingestionType": "rtmp", "resolution": "variable", "frameRate": "variable" },
    });
    let (_, stream) = world.ask(Method::POST, "liveStreams", stream).await;
    let stream = stream["id"].as_str().unwrap();
    assert!(!world.fake.go_live(id), "it is bound to nothing");
    let bind = format!("liveBroadcasts/bind?id={id}&streamId={stream}");
    assert_eq!(world.ask(Method::POST, &bind, Value::Null).await.0, 200);
    assert!(world.fake.go_live(id));
    assert_eq!(world.ask(Method::POST, &complete, Value::Null).await.0, 200);
    let (_, late) = world.ask(Method::POST, &complete, Value::Null).await;
    assert_eq!(reason(&late), "redundantTransition");
    body["snippet"]["scheduledStartTime"] = "2020-01-01T00:00:00Z".into();
    let (_, past) = world.ask(Method::POST, "liveBroadcasts", body).await;
    assert_eq!(reason(&past), "invalidScheduledStartTime");
}

#[tokio::test]
async fn life_in_a_chat_has_all_that_people_do() {
    let world = World::new(FakeConfig::default()).await;
    let broadcast = world.fake.add_broadcast("UCada", "tea");
    world.fake.enliven("UCada", Duration::from_micros(100));
    let kinds = || {
        let messages = world.fake.messages(&broadcast.chat);
        let has = |is: fn(&Said) -> bool| messages.iter().any(|message| is(&message.said));
        [
            has(|said| matches!(said, Said::Text(_))),
            has(|said| matches!(said, Said::SuperChat { .. })),
            has(|said| matches!(said, Said::SuperSticker { .. })),
            has(|said| matches!(said, Said::Member { .. })),
            has(|said| matches!(said, Said::Milestone { .. })),
            has(|said| matches!(said, Said::MembershipReceived { .. })),
            has(|said| matches!(said, Said::Gift { combo: 3, .. })),
        ]
    };
    let begun = tokio::time::Instant::now();
    while kinds().contains(&false) {
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", kinds());
        tokio::task::yield_now().await;
    }
    assert!(world.fake.broadcasts()[0].viewers > Some(1));
}
