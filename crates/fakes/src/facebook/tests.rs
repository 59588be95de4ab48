//! The fake, as a client that is not ours sees it.

use serde_json::{Value, json};

use super::*;

struct House {
    facebook: FakeFacebook,
    http: reqwest::Client,
    token: String,
}

impl House {
    async fn start() -> Self {
        let config = FakeConfig { needs_proof: false, ..FakeConfig::default() };
        let facebook = FakeFacebook::start(config).await.unwrap();
        facebook.add_channel("17", "Ada's Kitchen");
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let token = facebook.grant("17").access;
        Self { facebook, http, token }
    }

    async fn ask(&self, method: &str, path: &str) -> (u16, Value) {
        let mark = if path.contains('?') { '&' } else { '?' };
        let url = format!("{}/{path}{mark}access_token={}", self.facebook.graph_url(), self.token);
        let request = self.http.request(method.parse().unwrap(), url);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }
}

#[tokio::test]
async fn a_live_video_goes_live_when_its_stream_arrives_and_ends_once() {
    let house = House::start().await;
    let (status, made) = house.ask("POST", "17/live_videos?status=LIVE_NOW&title=Bread").await;
    assert_eq!(status, 200);
    assert!(made["secure_stream_url"].as_str().unwrap().starts_with("rtmps://"), "{made}");
    let id = made["id"].as_str().unwrap();
    let fields = format!("{id}?fields=status,live_views,title");
    let before = house.ask("GET", &fields).await.1;
    assert_eq!(before, json!({ "id": id, "status": "UNPUBLISHED", "title": "Bread" }));
    assert!(house.facebook.stream_arrives(id));
    assert_eq!(house.ask("GET", &fields).await.1["status"], "LIVE");
    let end = format!("{id}?end_live_video=true");
    assert_eq!(house.ask("POST", &end).await.0, 200);
    assert_eq!(house.ask("POST", &end).await.0, 400, "it has ended");
}

#[tokio::test]
async fn comments_are_listed_by_pages_since_a_moment() {
    let house = House::start().await;
    let id = house.facebook.create_by_hand("17", "Bread");
    for second in 100..110 {
        let at = Timestamp::from_second(second).unwrap();
        house.facebook.comment_at(&id, ("1", "Bob"), &second.to_string(), at).unwrap();
    }
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let path =
            format!("{id}/comments?filter=stream&order=chronological&since=103&limit=3{after}");
        let (_, answer) = house.ask("GET", &path).await;
        let messages = answer["data"].as_array().unwrap().iter();
        seen.extend(messages.map(|comment| comment["message"].as_str().unwrap().to_owned()));
        if answer["paging"].get("next").is_none() {
            break;
        }
        after = format!("&after={}", answer["paging"]["cursors"]["after"].as_str().unwrap());
    }
    assert_eq!(seen, ["103", "104", "105", "106", "107", "108", "109"]);
}

#[tokio::test]
async fn errors_look_as_graph_has_them() {
    let house = House::start().await;
    house.facebook.fail(Call::Me, Effect::refuse(400, "190/463", "expired"), 1);
    let (status, answer) = house.ask("GET", "me").await;
    assert_eq!(status, 400);
    assert_eq!(answer["error"]["code"], 190);
    assert_eq!(answer["error"]["error_subcode"], 463);
    house.facebook.kill_tokens("17");
    assert_eq!(house.ask("GET", "me").await.1["error"]["code"], 190);
}

#[tokio::test]
async fn calls_without_the_apps_proof_are_refused() {
    let facebook = FakeFacebook::start(FakeConfig::default()).await.unwrap();
    facebook.add_channel("17", "Ada's Kitchen");
    let token = facebook.grant("17").access;
    let url = format!("{}/me?access_token={token}", facebook.graph_url());
    let answer: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    assert_eq!(answer["error"]["code"], 100, "{answer}");
}

#[tokio::test]
async fn a_lively_page_is_lively() {
    let house = House::start().await;
    let id = house.facebook.create_by_hand("17", "Bread");
    house.facebook.stream_arrives(&id);
    house.facebook.enliven("17", Duration::from_millis(1));
    let wait = async {
        while house.facebook.messages(&id).len() < 20 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), wait).await.expect("twenty comments");
}
