//! The client against a Cloudflare on loopback.

use stagedoor_fakes::cloudflare::{Call, Effect, Encoder, FakeCloudflare, FakeConfig, StatusForm};

use super::*;
use crate::{BudgetConfig, ConnectionState, LIMITS, Priority};

const KEY: &str = "live_1234_secret";

struct World {
    fake: FakeCloudflare,
    client: Client,
}

impl World {
    async fn new() -> Self {
        Self::with(FakeConfig::default(), LIMITS).await
    }

    async fn with(fake: FakeConfig, budget: BudgetConfig) -> Self {
        let fake = FakeCloudflare::start(fake).await.unwrap();
        let client = Client::new(config(&fake), Budget::new(budget)).unwrap();
        Self { fake, client }
    }

    async fn input(&self) -> Box<str> {
        self.client.create_live_input(&ada(), Priority::Start).await.unwrap().uid
    }
}

fn config(fake: &FakeCloudflare) -> ClientConfig {
    ClientConfig {
        base_url: fake.base_url(),
        lifecycle_base_url: Some(fake.lifecycle_base_url()),
        timeout: Duration::from_millis(300),
        ..ClientConfig::new(fake.config().account_id.clone(), fake.config().token.clone().into())
    }
}

fn ada() -> UserId {
    UserId::new("ada").unwrap()
}

fn key() -> SecretString {
    KEY.into()
}

#[tokio::test]
async fn a_live_input_is_created_found_and_read() {
    let World { fake, client } = World::new().await;
    assert!(client.find_live_inputs(&ada(), Priority::Start).await.unwrap().is_empty());
    let created = client.create_live_input(&ada(), Priority::Start).await.unwrap();
    client.create_live_input(&UserId::new("bob").unwrap(), Priority::Start).await.unwrap();
    let found = client.find_live_inputs(&ada(), Priority::Start).await.unwrap();
    assert_eq!(found.iter().map(|entry| &entry.uid).collect::<Vec<_>>(), [&created.uid]);
    let read = client.live_input(&created.uid, Priority::Poll).await.unwrap();
    assert_eq!(read.rtmps.stream_key.expose_secret(), created.rtmps.stream_key.expose_secret());
    assert_eq!(read.name(), Some("stagedoor:ada"));
    assert_eq!(&*fake.input_of("ada").unwrap().uid, &*created.uid);
}

#[tokio::test]
async fn an_output_is_created_disabled_enabled_and_deleted() {
    let world = World::new().await;
    let (client, input) = (&world.client, world.input().await);
    let url = "rtmp://live.example/app";
    let created = client.create_output(&input, url, &key(), Priority::Start).await.unwrap();
    assert!(created.enabled && created.leads_to(url, &key()));
    client.set_output_enabled(&input, &created.uid, false, Priority::Stop).await.unwrap();
    let listed = client.outputs(&input, Priority::Poll).await.unwrap();
    assert!(!listed[0].enabled && listed[0].leads_to(url, &key()));
    client.delete_output(&input, &created.uid, Priority::Stop).await.unwrap();
    let again = client.delete_output(&input, &created.uid, Priority::Stop).await;
    assert!(matches!(again, Err(Error::NotFound)));
    assert!(client.outputs(&input, Priority::Poll).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_encoder_is_seen_in_whichever_form_the_status_comes() {
    for (form, connected) in
        [(StatusForm::Text, Some(true)), (StatusForm::Object, Some(true)), (StatusForm::Null, None)]
    {
        let config = FakeConfig { status_form: form, ..FakeConfig::default() };
        let world = World::with(config, LIMITS).await;
        let input = world.input().await;
        let status = async || world.client.live_input(&input, Priority::Poll).await.unwrap().status;
        assert_eq!(status().await.is_connected(), None);
        assert!(!world.client.lifecycle(&input).await.unwrap().live);
        assert!(world.fake.encoder(&input, Encoder::Connected));
        assert_eq!(status().await.is_connected(), connected, "{form:?}");
        assert!(world.client.lifecycle(&input).await.unwrap().live);
        assert!(world.fake.encoder(&input, Encoder::Disconnected));
        assert_eq!(status().await.is_connected(), connected.map(|_| false), "{form:?}");
        if form == StatusForm::Object {
            assert_eq!(status().await.state, Some(ConnectionState::Disconnected));
            assert!(status().await.since.is_some());
        }
    }
}

#[tokio::test]
async fn a_wrong_token_is_refused_for_good() {
    let World { fake, .. } = World::new().await;
    let config = ClientConfig { token: "another".into(), ..config(&fake) };
    let client = Client::new(config, Budget::new(LIMITS)).unwrap();
    let error = client.live_input("x", Priority::Poll).await.unwrap_err();
    assert!(matches!(error, Error::Refused { status: 401, code: 10_000, .. }), "{error:?}");
    assert!(error.is_permanent());
}

#[tokio::test]
async fn an_error_says_whether_the_work_may_have_been_done() {
    for (effect, unclear, done) in [
        (Effect::status(503), true, 0),
        (Effect::Close, true, 0),
        (Effect::Hang, true, 0),
        (Effect::StatusAfterWork(502), true, 1),
        (Effect::CloseAfterWork, true, 1),
        (Effect::HangAfterWork, true, 1),
        (Effect::Garbage, true, 1),
        (Effect::status(400), false, 0),
        (Effect::status(404), false, 0),
        (Effect::status(409), false, 0),
        (Effect::status(429), false, 0),
    ] {
        let World { fake, client } = World::new().await;
        fake.fail(Call::CreateInput, effect.clone(), 1);
        let error = client.create_live_input(&ada(), Priority::Start).await.unwrap_err();
        assert_eq!(error.may_have_been_done(), unclear, "{effect:?}: {error:?}");
        assert_eq!(fake.inputs_created(), done, "{effect:?}");
        assert_eq!(fake.count(Call::CreateInput), 1, "nothing is repeated: {effect:?}");
    }
}

#[tokio::test]
async fn a_question_without_an_answer_can_be_asked_again() {
    let world = World::new().await;
    let input = world.input().await;
    for effect in [Effect::status(500), Effect::Close, Effect::Hang, Effect::Garbage] {
        world.fake.fail(Call::GetInput, effect.clone(), 1);
        let error = world.client.live_input(&input, Priority::Poll).await.unwrap_err();
        assert!(matches!(error, Error::Unavailable { .. }), "{effect:?}: {error:?}");
        assert!(!error.is_permanent());
        world.client.live_input(&input, Priority::Poll).await.unwrap();
    }
}

#[tokio::test]
async fn where_nobody_listens_nothing_was_done() {
    let World { fake, client } = World::new().await;
    drop(fake);
    let error = client.create_live_input(&ada(), Priority::Start).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
}

#[tokio::test]
async fn the_client_never_calls_more_often_than_cloudflare_allows() {
    let window = Duration::from_millis(600);
    let fake = FakeConfig { limit: 20, window, ..FakeConfig::default() };
    let budget = BudgetConfig { limit: 20, window, ..LIMITS };
    let world = World::with(fake, budget).await;
    let input = world.input().await;
    let calls = (0..60).map(|_| world.client.live_input(&input, Priority::Stop));
    for answer in futures_util::future::join_all(calls).await {
        answer.unwrap();
    }
    assert_eq!(world.fake.refused(), 0);
    assert!(world.fake.most_calls_in_a_window() <= 20);
}

#[tokio::test]
async fn after_one_call_too_many_the_whole_account_waits() {
    let fake = FakeConfig {
        limit: 1,
        window: Duration::from_secs(1),
        block: Duration::from_secs(1),
        ..FakeConfig::default()
    };
    let world = World::with(fake, LIMITS).await;
    world.fake.fail(Call::ListInputs, Effect::status(429), 1);
    let error = world.client.find_live_inputs(&ada(), Priority::Stop).await.unwrap_err();
    assert!(matches!(error, Error::RateLimited { .. }), "{error:?}");
    assert!(!error.is_permanent());
    let snapshot = world.client.budget().snapshot();
    assert!(snapshot.blocked_for.is_some(), "{snapshot:?}");
    assert_eq!(snapshot.blocks, 1);
    world.client.find_live_inputs(&ada(), Priority::Stop).await.unwrap();
    assert_eq!(world.fake.refused(), 0, "nobody called until it was over");
}

#[tokio::test]
async fn no_secret_is_shown() {
    let world = World::new().await;
    let input = world.client.create_live_input(&ada(), Priority::Start).await.unwrap();
    // The fake repeats the key in its refusal.
    let refused = world.client.create_output(&input.uid, "http://x", &key(), Priority::Start).await;
    let refused = refused.unwrap_err();
    assert!(refused.to_string().contains("[REDACTED]"), "{refused}");
    let config = config(&world.fake);
    let output =
        world.client.create_output(&input.uid, "rtmp://x/y", &key(), Priority::Start).await;
    let shown = format!("{:?} {config:?} {input:?} {output:?} {refused:?}", world.client);
    let (stream_key, token) = (input.rtmps.stream_key.expose_secret(), &world.fake.config().token);
    for secret in [KEY, stream_key, token] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn what_is_no_address_is_refused_before_anything_is_sent() {
    for url in ["", "api.cloudflare.com", "ftp://x", "https://x/?a=b", "data:x"] {
        let config = ClientConfig {
            base_url: url.into(),
            ..ClientConfig::new("account", "token".to_owned().into())
        };
        let refused = Client::new(config, Budget::new(LIMITS));
        assert!(matches!(refused, Err(BuildError::BaseUrl { .. })), "{url}");
    }
    let config = ClientConfig::new("account", "to\nken".to_owned().into());
    let refused = Client::new(config, Budget::new(LIMITS));
    assert!(matches!(refused, Err(BuildError::Token)));
}

#[test]
fn what_an_id_contains_stays_in_its_place() {
    let base = base("https://api.example/v4/").unwrap();
    assert_eq!(
        below(&base, &["a/../b", "c?d#e"]).as_str(),
        "https://api.example/v4/a%2F..%2Fb/c%3Fd%23e"
    );
}
