//! A user connects an account: from the link to the page at the end, with real platforms.

use std::{io, sync::Mutex};

use jiff::Timestamp;
use secrecy::ExposeSecret;
use stagedoor_domain::{DestinationId, Livestream, LivestreamId, Platform, StreamStatus};
use stagedoor_fakes::{Agreement, Effect, OAuthCall, kick::Call};
use stagedoor_store::{BroadcastRecord, BroadcastState};

use super::{
    stage::{ADA, BOB, PAGE, Shown, Stage},
    *,
};

impl Stage {
    /// The user is on air, by their account on Kick.
    async fn go_on_air(&self, user: &str) {
        let livestream = Livestream {
            id: LivestreamId::from_uuid(uuid::Uuid::from_u128(1)),
            user: UserId::new(user).unwrap(),
            status: StreamStatus::Live,
            metadata: stagedoor_domain::Metadata::default(),
            destinations: vec![DestinationId::new("kick").unwrap()],
            started_at: Timestamp::now(),
            ended_at: None,
            auto_stop_at: None,
        };
        self.running.house.services.store.put_livestream(&livestream).await.unwrap();
    }
}

fn is_a_safe_page(shown: &Shown) {
    let header = |name: &str| shown.headers[name].to_str().unwrap().to_owned();
    assert!(header("content-type").starts_with("text/html"), "{}", header("content-type"));
    assert!(header("content-security-policy").starts_with("default-src 'none'"));
    assert_eq!(
        (header("cache-control"), header("referrer-policy")),
        ("no-store".into(), "no-referrer".into())
    );
    assert!(!shown.html.contains("<script") && !shown.html.contains("style"), "{}", shown.html);
}

#[tokio::test]
async fn a_user_connects_an_account_and_gets_a_destination_and_a_manager() {
    let stage = Stage::new().await;
    stage.running.house.start_tree("ada").await;
    let mut page = stage.running.open_page("ada").await;
    let mut browser = stage.browser();

    let begun = browser.begin("ada", "kick").await;
    assert_eq!(begun.status, 200);
    is_a_safe_page(&begun);
    assert!(begun.html.contains("<h1>Connect a Kick account to ada?</h1>"), "{}", begun.html);
    assert!(begun.onward().as_str().starts_with(&stage.kick.id_url()));
    assert_eq!(begun.parameter("code_challenge_method").as_deref(), Some("S256"));
    let back = format!("http://{}/connect/kick/callback", stage.running.public);
    assert_eq!(begun.parameter("redirect_uri"), Some(back));
    let cookie = begun.headers[header::SET_COOKIE].to_str().unwrap();
    for attribute in ["Path=/connect;", "HttpOnly", "SameSite=Lax", "Max-Age=600"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert_eq!(
        (&begun.headers["cache-control"], &begun.headers["referrer-policy"]),
        (&"no-store".parse().unwrap(), &"no-referrer".parse().unwrap())
    );

    let agreed = browser.get(begun.onward().as_str()).await;
    let shown = browser.get(agreed.location().as_str()).await;
    assert_eq!(shown.status, 200, "{}", shown.html);
    assert!(shown.html.contains("Kick is connected") && shown.html.contains("As ada."));
    is_a_safe_page(&shown);
    assert_eq!(stage.kick.oauth().counts().exchanged, 1);

    let accounts = stage.accounts("ada").await;
    let account = &accounts[0];
    assert_eq!(
        (&account["name"], &account["external_id"]),
        (&json!("ada"), &json!(ADA.to_string()))
    );
    assert_eq!(
        (&account["needs_reauth"], &account["capabilities"]["send_chars"]),
        (&json!(false), &json!(500))
    );
    let (_, list) = answer(stage.running.ask(Method::GET, "/api/v1/users/ada/destinations")).await;
    assert_eq!(list["destinations"][0]["id"], "kick");
    assert_eq!(list["destinations"][0]["account"], true);
    page.hears("link", |link| link["platform"] == "kick" && link["state"] == "connected").await;
    stage.link_is("kick", "connected").await;
    assert_eq!(stage.accounts("bob").await, json!([]));
}

#[tokio::test]
async fn a_way_back_is_good_once() {
    let stage = Stage::new().await;
    let mut browser = stage.browser();
    let way_back = browser.way_back("ada", "kick").await;
    assert_eq!(browser.get(&way_back).await.status, 200);
    let again = browser.get(&way_back).await;
    assert_eq!(again.status, 400);
    assert!(again.html.contains("(state_unknown)"), "{}", again.html);
    is_a_safe_page(&again);
    assert_eq!(stage.kick.oauth().counts().exchanged, 1, "the code went out once");
    assert_eq!(stage.accounts("ada").await[0]["name"], "ada");
}

#[tokio::test]
async fn a_way_back_is_for_its_browser_and_platform_and_others_take_nothing_away() {
    let stage = Stage::new().await;
    let mut browser = stage.browser();
    let way_back = browser.way_back("ada", "kick").await;

    // Somebody is led to agree for somebody else, by a link.
    let foreign = stage.browser().get(&way_back).await;
    assert_eq!(foreign.status, 400);
    assert!(foreign.html.contains("(state_of_another_browser)"), "{}", foreign.html);
    let elsewhere = browser.get(&way_back.replace("/kick/", "/facebook/")).await;
    assert!(elsewhere.html.contains("(state_of_another_platform)"), "{}", elsewhere.html);
    for nonsense in ["/connect/kick/callback", "/connect/kick/callback?code=x&state=%3Cscript%3E"] {
        let shown = browser.get(nonsense).await;
        assert_eq!(shown.status, 400);
        is_a_safe_page(&shown);
    }
    assert_eq!(stage.kick.oauth().counts().exchanged, 0);
    assert_eq!(stage.accounts("ada").await, json!([]));
    assert_eq!(browser.get(&way_back).await.status, 200, "it was waiting all the time");
}

#[tokio::test]
async fn who_follows_somebody_elses_link_reads_whose_it_is_before_anything_happens() {
    let stage = Stage::new().await;
    let asked = stage.browser().begin("bob", "kick").await;
    assert!(!asked.headers.contains_key(header::LOCATION), "the browser goes nowhere by itself");
    assert!(asked.html.contains("If you are not bob"), "{}", asked.html);
    is_a_safe_page(&asked);
    // What the page leads to is good only where the page was shown.
    let mut other = stage.browser();
    let agreed = other.get(asked.onward().as_str()).await;
    let shown = other.get(agreed.location().as_str()).await;
    assert!(shown.html.contains("(state_of_another_browser)"), "{}", shown.html);
    assert_eq!(stage.accounts("bob").await, json!([]));
}

#[tokio::test]
async fn who_does_not_agree_has_changed_nothing() {
    let stage = Stage::new().await;
    stage.kick.oauth().set_agreement(Agreement::Denied);
    let shown = stage.browser().connect("ada", "kick").await;
    assert_eq!(shown.status, 200);
    assert!(shown.html.contains("Kick is not connected"), "{}", shown.html);
    is_a_safe_page(&shown);
    assert_eq!(stage.accounts("ada").await, json!([]));
}

#[tokio::test]
async fn an_account_of_another_user_stays_theirs() {
    let stage = Stage::new().await;
    assert_eq!(stage.browser().connect("ada", "kick").await.status, 200);
    let shown = stage.browser().connect("bob", "kick").await;
    assert_eq!(shown.status, 409);
    assert!(shown.html.contains("(account_taken)"), "{}", shown.html);
    assert_eq!(stage.accounts("bob").await, json!([]));
    assert_eq!(stage.accounts("ada").await[0]["name"], "ada");
    // Their grant is not taken back: on the platform it is the same.
    assert_eq!(stage.kick.oauth().counts().revoked, 0);

    let body = json!({ "external_id": ADA.to_string(), "name": "ada", "access_token": "x" });
    let path = "/api/v1/users/bob/accounts/kick";
    let (status, refused) = answer(stage.running.ask(Method::PUT, path).json(&body)).await;
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("account_taken")));
}

#[tokio::test]
async fn a_platform_that_does_not_answer_is_told_and_can_be_tried_again() {
    let stage = Stage::new().await;
    stage.kick.fail(Call::OAuth(OAuthCall::Token), Effect::Close, 1);
    let shown = stage.browser().connect("ada", "kick").await;
    assert_eq!(shown.status, 502);
    assert!(shown.html.contains("(platform_unavailable)"), "{}", shown.html);
    stage.kick.fail(Call::Users, Effect::status(500), 1);
    let shown = stage.browser().connect("ada", "kick").await;
    assert!(shown.html.contains("(unavailable)"), "{} {}", shown.status, shown.html);
    assert_eq!(stage.accounts("ada").await, json!([]));
    assert_eq!(stage.browser().connect("ada", "kick").await.status, 200);
}

#[tokio::test]
async fn the_dashboard_is_told_how_it_ended() {
    let connected_url = Some(WebUrl::new("https://dash.example.com/accounts?tab=1").unwrap());
    let stage = Stage::with(GatewayConfig { connected_url, ..GatewayConfig::default() }).await;
    let told = async |user: &str| {
        let shown = stage.browser().connect(user, "kick").await;
        assert_eq!(
            (shown.status, &shown.headers["referrer-policy"]),
            (303, &"no-referrer".parse().unwrap())
        );
        shown.location().to_string()
    };
    let url = "https://dash.example.com/accounts?tab=1&platform=kick&result=";
    assert_eq!(told("ada").await, format!("{url}connected"));
    assert_eq!(told("bob").await, format!("{url}failed&reason=account_taken"));
    stage.kick.oauth().set_agreement(Agreement::Denied);
    assert_eq!(told("ada").await, format!("{url}denied"));
}

#[tokio::test]
async fn only_a_user_can_begin_and_only_where_a_platform_is_configured() {
    let stage = Stage::new().await;
    let mut browser = stage.browser();
    let shown = browser.get("/connect/kick").await;
    assert_eq!(shown.status, 401);
    assert!(shown.html.contains("(token_missing)"), "{}", shown.html);
    is_a_safe_page(&shown);
    assert_eq!(browser.begin("ada", "twitch").await.status, 404);
    let shown = browser.begin("ada", "%3Cscript%3E").await;
    assert_eq!(shown.status, 404);
    is_a_safe_page(&shown);
    let service = token_for("backend", Role::Service);
    assert_eq!(browser.get(&format!("/connect/kick?token={service}")).await.status, 403);
    let header = stage.running.call(Method::GET, "/connect/kick", "ada", Role::User);
    let client = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    let response = client.build().unwrap().execute(header.build().unwrap()).await.unwrap();
    assert_eq!(response.status(), 200, "a header will do too");
}

#[tokio::test]
async fn a_page_is_connected_with_the_token_of_the_page() {
    let stage = Stage::new().await;
    let shown = stage.browser().connect("ada", "facebook").await;
    assert_eq!(shown.status, 200, "{}", shown.html);
    assert!(shown.html.contains("As Ada&#39;s page."), "{}", shown.html);
    let ada = UserId::new("ada").unwrap();
    let store = &stage.running.house.services.store;
    let (account, tokens) = store.account(&ada, &Platform::Facebook).await.unwrap().unwrap();
    assert_eq!(&*account.external_id, PAGE);
    let whose = stage.facebook.oauth().whose(tokens.access.expose_secret()).unwrap();
    assert_eq!(whose.account.as_deref(), Some(PAGE), "not its owner's");
    assert!(tokens.refresh.is_none());
}

#[tokio::test]
async fn an_account_that_is_disconnected_is_ended_forgotten_and_given_back() {
    let stage = Stage::connected().await;
    let path = "/api/v1/users/ada/accounts/kick";
    assert_eq!(status(stage.running.ask(Method::DELETE, path)).await, 204);
    assert_eq!(stage.accounts("ada").await, json!([]));
    let (_, list) = answer(stage.running.ask(Method::GET, "/api/v1/users/ada/destinations")).await;
    assert_eq!(list["destinations"], json!([]));
    wait_until("the grant is given back", || stage.kick.oauth().counts().revoked >= 1).await;
    let tree = stage.running.house.backstage().trees.get(&UserId::new("ada").unwrap()).unwrap();
    wait_until("its manager has stopped", || tree.connected_platforms().is_empty()).await;
    assert_eq!(status(stage.running.ask(Method::DELETE, path)).await, 404);
    // It is free for others.
    assert_eq!(stage.browser().connect("bob", "kick").await.status, 200);
}

#[tokio::test]
async fn a_broadcast_that_is_left_open_with_its_account_is_warned_of() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
    let _written = tracing::subscriber::set_default(subscriber);
    let stage = Stage::new().await;
    stage.connect_kick().await;
    let record = BroadcastRecord {
        platform: Platform::Kick,
        livestream: LivestreamId::from_uuid(uuid::Uuid::from_u128(1)),
        planned_at: Timestamp::now(),
        state: BroadcastState::Open,
        broadcast: None,
        ingest: None,
        watch_url: None,
    };
    let store = &stage.running.house.services.store;
    store.put_broadcast(&UserId::new("ada").unwrap(), &record).await.unwrap();
    let delete = stage.running.ask(Method::DELETE, "/api/v1/users/ada/accounts/kick");
    assert_eq!(status(delete).await, 204);
    let written = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(written.contains("broadcast left open with its account"), "{written}");
}

#[tokio::test]
async fn an_account_stays_while_the_stream_is_sent_by_it() {
    let stage = Stage::new().await;
    stage.connect_kick().await;
    stage.go_on_air("ada").await;
    let path = "/api/v1/users/ada/accounts/kick";
    let (status, refused) = answer(stage.running.ask(Method::DELETE, path)).await;
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("account_in_use")));
    assert_eq!(refused["error"]["help"], "stop the stream first");

    // Not even for another account, but the same one may be connected anew.
    stage.kick.oauth().set_agreement(Agreement::As(BOB.to_string().into()));
    let shown = stage.browser().connect("ada", "kick").await;
    assert!(shown.html.contains("(account_in_use)"), "{}", shown.html);
    stage.kick.oauth().set_agreement(Agreement::As(ADA.to_string().into()));
    assert_eq!(stage.browser().connect("ada", "kick").await.status, 200);
    assert_eq!(stage.kick.oauth().counts().revoked, 0);
}

/// What is written to the log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_secret_is_written_to_the_log() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter("stagedoor=trace")
        .with_writer(move || writer.clone())
        .finish();
    let _written = tracing::subscriber::set_default(subscriber);
    let stage = Stage::new().await;
    stage.running.house.start_tree("ada").await;
    let mut browser = stage.browser();
    let token = token_for("ada", Role::User);
    let begun = browser.get(&format!("/connect/kick?token={token}")).await;
    let agreed = browser.get(begun.onward().as_str()).await;
    let mut secrets = vec![token, browser.cookie.clone().unwrap()];
    secrets.extend(["state", "code"].map(|name| agreed.parameter(name).unwrap()));
    secrets.push(begun.parameter("code_challenge").unwrap());
    for _ in 0..2 {
        browser.get(agreed.location().as_str()).await;
    }
    let ada = UserId::new("ada").unwrap();
    let store = &stage.running.house.services.store;
    let (_, tokens) = store.account(&ada, &Platform::Kick).await.unwrap().unwrap();
    secrets.push(tokens.access.expose_secret().to_owned());
    secrets.push(tokens.refresh.unwrap().expose_secret().to_owned());
    stage.kick.fail(Call::OAuth(OAuthCall::Token), Effect::refuse(400, "invalid_grant", "no"), 1);
    let refused = browser.way_back("ada", "kick").await;
    assert_eq!(browser.get(&refused).await.status, 502);
    stage.link_is("kick", "connected").await;
    let delete = stage.running.ask(Method::DELETE, "/api/v1/users/ada/accounts/kick");
    assert_eq!(status(delete).await, 204);

    let written = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(written.contains("account connected"), "{written}");
    for secret in secrets {
        assert!(!written.contains(&secret), "{secret} in {written}");
    }
}
