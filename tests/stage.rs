//! What the stories of streams share: a daemon at a Cloudflare, and what a streamer and their helpers do.

use std::time::Duration;

use serde_json::{Value, json};
use stagedoor_fakes::cloudflare::{Encoder, FakeCloudflare, FakeConfig, OutputView};
use stagedoor_testkit::{Answer, ChannelClient, Harness, HarnessBuilder, Reach, wait_until};

/// Longer than any test: whatever happens does not happen because of a poll.
const NEVER: Duration = Duration::from_hours(24);

/// Three places to stream to.
pub(crate) const PLATFORMS: [&str; 3] = ["kick", "twitch", "youtube"];

pub(crate) async fn cloudflare() -> FakeCloudflare {
    cloudflare_with(FakeConfig::default()).await
}

pub(crate) async fn cloudflare_with(config: FakeConfig) -> FakeCloudflare {
    FakeCloudflare::start(config).await.expect("there is a free port")
}

/// A daemon at this Cloudflare, which asks it nothing of its own accord.
pub(crate) fn daemon_at(fake: &FakeCloudflare) -> HarnessBuilder {
    Harness::builder().cloudflare(fake).configure(|config| {
        config.stream.poll_interval = NEVER;
        // The lifecycle is asked by a clock of its own.
        config.cloudflare.lifecycle_url = None;
    })
}

/// A daemon at this Cloudflare, which tells it of encoders.
pub(crate) async fn daemon_hearing(fake: &FakeCloudflare) -> Harness {
    let daemon = daemon_at(fake).start().await;
    fake.set_webhook(Some(daemon.webhook()));
    daemon
}

/// The user has destinations of these names.
pub(crate) async fn destinations(daemon: &Reach, user: &str, names: &[&str]) {
    for name in names {
        let destination = json!({
            "platform": name,
            "url": format!("rtmps://{name}.example/app"),
            "stream_key": format!("key-of-{user}-at-{name}"),
        });
        let put = daemon.user(user).put(&format!("/destinations/{name}"), &destination).await;
        assert_eq!(put.status, 201, "{put:?}");
    }
}

/// The user's live input, once the daemon has it.
pub(crate) async fn live_input(daemon: &Reach, fake: &FakeCloudflare, user: &str) -> Box<str> {
    let known = async || daemon.user(user).get("/live_input").await;
    wait_until("there is a live input", known, |answer| answer.status == 200).await;
    fake.input_of(user).expect("it was made there").uid
}

/// The user's stream: what the API says of it.
pub(crate) async fn stream(daemon: &Reach, user: &str) -> Value {
    daemon.user(user).get("/stream").await.body
}

/// Waits until the user's stream stands there; all that the API says of it then.
pub(crate) async fn becomes(daemon: &Reach, user: &str, status: &str) -> Value {
    let what = format!("the stream of {user} is {status}");
    let is = |stream: &Value| stream["status"] == status && stream["running"] == true;
    wait_until(&what, async || stream(daemon, user).await, is).await
}

/// Waits until the user is live on all these, and the encoder is known to be there: what is merely stored says nothing
/// of it.
pub(crate) async fn live_on(daemon: &Reach, user: &str, names: &[&str]) -> Value {
    let what = format!("{user} is live on {names:?}");
    let is = |stream: &Value| {
        stream["status"] == "live"
            && stream["encoder"]["connected"] == true
            && names.iter().all(|name| destination(stream, name)["status"] == "live")
    };
    wait_until(&what, async || stream(daemon, user).await, is).await
}

/// What is said of one destination of a stream.
pub(crate) fn destination<'a>(stream: &'a Value, id: &str) -> &'a Value {
    let destinations = stream["destinations"].as_array();
    let found = destinations.and_then(|all| all.iter().find(|one| one["id"] == id));
    found.unwrap_or(&Value::Null)
}

/// The user opens the dashboard and connects an encoder.
pub(crate) async fn ready(daemon: &Reach, fake: &FakeCloudflare, user: &str) -> ChannelClient {
    let tab = daemon.open_dashboard(user, "stream").await;
    let input = live_input(daemon, fake, user).await;
    assert!(fake.encoder(&input, Encoder::Connected));
    becomes(daemon, user, "ready").await;
    tab
}

/// The user is live on these, which they had not had before.
pub(crate) async fn live(
    daemon: &Reach,
    fake: &FakeCloudflare,
    user: &str,
    names: &[&str],
) -> ChannelClient {
    destinations(daemon, user, names).await;
    let tab = ready(daemon, fake, user).await;
    start(daemon, user).await;
    live_on(daemon, user, names).await;
    tab
}

/// `start` or `stop`, on all destinations. A state that is still being read is asked again, as it wants to be.
pub(crate) async fn command(daemon: &Reach, user: &str, command: &str) -> Answer {
    let path = format!("/stream/{command}");
    let ask = async || daemon.user(user).post(&path, &json!({})).await;
    wait_until("the state is read", ask, |answer| answer.code() != Some("loading")).await
}

/// Starts the stream on all destinations; that it begins.
pub(crate) async fn start(daemon: &Reach, user: &str) {
    let started = command(daemon, user, "start").await;
    assert_eq!(started.status, 202, "{started:?}");
}

pub(crate) async fn stop(daemon: &Reach, user: &str) {
    let stopped = command(daemon, user, "stop").await;
    assert_eq!(stopped.status, 202, "{stopped:?}");
}

/// The user's encoder goes away, and the deadline to come back by is saved.
pub(crate) async fn lose_encoder(daemon: &Harness, fake: &FakeCloudflare, user: &str) -> Value {
    assert!(fake.encoder(&live_input(daemon, fake, user).await, Encoder::Disconnected));
    let lost = becomes(daemon, user, "interrupted").await;
    assert!(lost["auto_stop_at"].is_string(), "{lost}");
    let (store, id) = (&daemon.daemon().services().store, user.parse().unwrap());
    let saved = async || store.open_livestream(&id).await.unwrap()?.auto_stop_at;
    wait_until("the deadline is saved", saved, Option::is_some).await;
    lost
}

/// The outputs of the user's live input: where to, and whether it is sent there.
pub(crate) fn outputs(fake: &FakeCloudflare, user: &str) -> Vec<(String, bool)> {
    let outputs = fake.input_of(user).map(|input| input.outputs).unwrap_or_default();
    let name = |output: &OutputView| {
        let name = output.url.trim_start_matches("rtmps://").split('.').next();
        name.unwrap_or_default().to_owned()
    };
    let mut outputs: Vec<_> = outputs.iter().map(|output| (name(output), output.enabled)).collect();
    outputs.sort();
    outputs
}

/// All these, sent to or not.
pub(crate) fn all(names: &[&str], enabled: bool) -> Vec<(String, bool)> {
    names.iter().map(|name| ((*name).to_owned(), enabled)).collect()
}

/// Somebody gives five euros, which is reported under this id.
pub(crate) async fn donate(daemon: &Reach, user: &str, id: &str) -> Answer {
    daemon.user(user).post("/donations", &donation(id)).await
}

pub(crate) fn donation(id: &str) -> Value {
    json!({ "id": id, "name": "Grace", "amount": "5", "currency": "EUR" })
}

/// The keys of all the user's donations that are stored, the oldest first.
pub(crate) async fn donations(daemon: &Reach, user: &str) -> Vec<String> {
    let mut keys = Vec::new();
    let mut page = "/events?kinds=donation&limit=200".to_owned();
    loop {
        let Value::Object(answer) = daemon.user(user).get(&page).await.body else {
            panic!("a page of events is an object")
        };
        let key = |event: &Value| event["dedupe_key"].as_str().unwrap_or_default().to_owned();
        keys.extend(answer["events"].as_array().expect("events").iter().map(key));
        let Some(next) = answer["next"].as_str() else { break };
        page = format!("/events?kinds=donation&limit=200&before={next}");
    }
    keys.reverse();
    keys
}

/// The events that the user's alerts, whatever became of them, were raised by.
pub(crate) async fn alerts(daemon: &Reach, user: &str) -> Vec<String> {
    let alerts = daemon.user(user).get("/alerts?limit=200").await.body;
    let mut all: Vec<_> = ["waiting", "recent"]
        .into_iter()
        .flat_map(|part| alerts[part].as_array().cloned().unwrap_or_default())
        .collect();
    all.extend(alerts["showing"]["alert"].is_object().then(|| alerts["showing"]["alert"].clone()));
    let mut events: Vec<_> =
        all.iter().map(|alert| alert["event"].as_str().unwrap_or_default().to_owned()).collect();
    events.sort();
    events
}
