//! OAuth, as a client that is not ours sees it.

use http::header::LOCATION;
use reqwest::{Client, redirect::Policy};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use super::*;

struct House {
    provider: Arc<Provider>,
    http: Client,
    url: String,
    _server: JoinSet<std::io::Result<()>>,
}

impl House {
    async fn start(style: OAuthStyle) -> Self {
        let provider = Arc::new(Provider::new(ProviderConfig::new(style, "us", "hush")));
        provider.add_account("7");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = provider.routes();
        let server = JoinSet::from_iter([async move { axum::serve(listener, router).await }]);
        let http = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        Self { provider, http, url, _server: server }
    }

    /// Where the page sends the browser to.
    async fn agree(&self, query: &[(&str, &str)]) -> String {
        let path = self.provider.config.style.paths().0.replace("{version}", "v25.0");
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        let answer = self.http.get(format!("{}{path}?{query}", self.url)).send().await.unwrap();
        assert_eq!(answer.status(), 302);
        answer.headers()[LOCATION].to_str().unwrap().to_owned()
    }

    async fn token(&self, fields: &[(&str, &str)]) -> (u16, Value) {
        let path = self.provider.config.style.paths().1.replace("{version}", "v25.0");
        let fields = [("client_id", "us"), ("client_secret", "hush")].iter().chain(fields);
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.http.post(format!("{}{path}", self.url)).body(body);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }
}

const BASE: [(&str, &str); 4] = [
    ("client_id", "us"),
    ("response_type", "code"),
    ("redirect_uri", "http://here/back"),
    ("state", "s&1"),
];

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn code(location: &str) -> &str {
    location.split("code=").nth(1).unwrap().split('&').next().unwrap()
}

#[tokio::test]
async fn a_code_is_good_once_and_with_the_right_verifier() {
    let house = House::start(OAuthStyle::Kick).await;
    let mut query = BASE.to_vec();
    query.extend([("code_challenge", CHALLENGE), ("code_challenge_method", "S256")]);
    for (verifier, status) in [("guessed", 400), (VERIFIER, 200)] {
        let location = house.agree(&query).await;
        assert!(
            location.starts_with("http://here/back?code=") && location.ends_with("state=s%261")
        );
        let exchange = [
            ("grant_type", "authorization_code"),
            ("code", code(&location)),
            ("redirect_uri", "http://here/back"),
            ("code_verifier", verifier),
        ];
        assert_eq!(house.token(&exchange).await.0, status);
        assert_eq!(house.token(&exchange).await.0, 400, "used up");
    }
    assert_eq!(house.provider.counts().exchanged, 1);
}

#[tokio::test]
async fn a_refresh_token_that_rotates_is_good_once() {
    let house = House::start(OAuthStyle::Kick).await;
    let first = house.provider.grant("7");
    let refresh = first.refresh.unwrap();
    let fields = [("grant_type", "refresh_token"), ("refresh_token", &*refresh)];
    let (status, answer) = house.token(&fields).await;
    assert_eq!((status, &answer["expires_in"]), (200, &json!("3600")));
    assert_ne!(answer["refresh_token"], *refresh);
    assert_eq!(house.token(&fields).await, (400, json!({ "error": "invalid_grant" })));
    assert_eq!((house.provider.counts().refreshed, house.provider.counts().reused), (1, 1));
    let session = house.provider.whose(answer["access_token"].as_str().unwrap()).unwrap();
    assert_eq!(session.account.as_deref(), Some("7"));
}

#[tokio::test]
async fn what_is_expired_can_be_refreshed_and_what_is_revoked_cannot() {
    let house = House::start(OAuthStyle::Twitch).await;
    let tokens = house.provider.grant("7");
    let refresh = tokens.refresh.unwrap();
    let fields = [("grant_type", "refresh_token"), ("refresh_token", &*refresh)];
    house.provider.expire("7");
    assert_eq!(house.provider.whose(&tokens.access), None);
    let (status, answer) = house.token(&fields).await;
    assert_eq!((status, &answer["refresh_token"]), (200, &json!(refresh)), "it does not rotate");
    house.provider.revoke("7");
    assert_eq!(house.provider.whose(answer["access_token"].as_str().unwrap()), None);
    let (status, answer) = house.token(&fields).await;
    assert_eq!((status, &answer["message"]), (400, &json!("Invalid refresh token")));
}

#[tokio::test]
async fn google_gives_a_refresh_token_only_to_whoever_asks_for_one() {
    let house = House::start(OAuthStyle::Google).await;
    for (extra, expected) in [(None, false), (Some(("access_type", "offline")), true)] {
        let query: Vec<_> = BASE.into_iter().chain(extra).collect();
        let location = house.agree(&query).await;
        let exchange = [
            ("grant_type", "authorization_code"),
            ("code", code(&location)),
            ("redirect_uri", "http://here/back"),
        ];
        let (_, answer) = house.token(&exchange).await;
        assert_eq!(answer.get("refresh_token").is_some(), expected);
    }
}

#[tokio::test]
async fn whoever_says_no_is_sent_back_without_a_code() {
    let house = House::start(OAuthStyle::Facebook).await;
    house.provider.set_agreement(Agreement::Denied);
    let location = house.agree(&BASE).await;
    assert!(location.contains("error=access_denied") && !location.contains("code="), "{location}");
}

#[tokio::test]
async fn the_clients_own_token_is_of_nobody() {
    let house = House::start(OAuthStyle::Twitch).await;
    let (_, answer) = house.token(&[("grant_type", "client_credentials")]).await;
    let token = answer["access_token"].as_str().unwrap();
    assert_eq!(house.provider.whose(token).unwrap().account, None);
    house.provider.expire_app();
    assert_eq!(house.provider.whose(token), None);
}
