//! The client beside providers that are like each of the platforms.

use futures_util::future::join_all;
use reqwest::header::LOCATION;
use stagedoor_fakes::{Effect, FakeOAuth, OAuthCall, OAuthStyle, Provider, ProviderConfig};

use super::*;
use crate::{TokenSource, http_client};

const SECRET: &str = "a-secret-of-ours";
const BACK: &str = "https://here.example/connect/back";

async fn start(style: OAuthStyle) -> (FakeOAuth, OAuth) {
    let provider = Provider::new(ProviderConfig::new(style, "us", SECRET));
    provider.add_account("7");
    let fake = FakeOAuth::start(provider).await.unwrap();
    let oauth = client(&fake, style, SECRET);
    (fake, oauth)
}

fn client(fake: &FakeOAuth, style: OAuthStyle, secret: &str) -> OAuth {
    let (platform, authorize, token, revoke) = match style {
        OAuthStyle::Twitch => {
            (Platform::Twitch, "/oauth2/authorize", "/oauth2/token", "/oauth2/revoke")
        }
        OAuthStyle::Google => (Platform::YouTube, "/o/oauth2/v2/auth", "/token", "/revoke"),
        OAuthStyle::Kick => (Platform::Kick, "/oauth/authorize", "/oauth/token", "/oauth/revoke"),
        OAuthStyle::Facebook => {
            (Platform::Facebook, "/v25.0/dialog/oauth", "/v25.0/oauth/access_token", "")
        }
    };
    let url = |path: &str| Url::parse(&format!("{}{path}", fake.base_url())).unwrap();
    let config = OAuthConfig {
        platform,
        client_id: "us".into(),
        client_secret: secret.to_owned().into(),
        authorize_url: url(authorize),
        token_url: url(token),
        revoke_url: (!revoke.is_empty()).then(|| url(revoke)),
        revoke_in_query: style == OAuthStyle::Kick,
        scopes: &["read:all", "write:all"],
        scope_separator: if style == OAuthStyle::Facebook { "," } else { " " },
        pkce: style == OAuthStyle::Kick,
        authorize_extra: if style == OAuthStyle::Google {
            &[("access_type", "offline")]
        } else {
            &[]
        },
        long_lived_by: (style == OAuthStyle::Facebook).then_some("fb_exchange_token"),
    };
    OAuth::new(config, http_client().unwrap())
}

/// The user goes to the page and agrees: the code and the state with which they come back.
async fn agree(url: Url) -> (String, String) {
    let answer = http_client().unwrap().get(url).send().await.unwrap();
    assert_eq!(answer.status(), 302);
    let back = Url::parse(answer.headers()[LOCATION].to_str().unwrap()).unwrap();
    let given = |name: &str| {
        back.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    (given("code").unwrap(), given("state").unwrap())
}

#[tokio::test]
async fn an_account_is_connected_refreshed_and_given_back_on_each_platform() {
    for style in [OAuthStyle::Twitch, OAuthStyle::Google, OAuthStyle::Kick, OAuthStyle::Facebook] {
        let (fake, oauth) = start(style).await;
        let whose = |grant: &Grant| fake.provider().whose(grant.access.expose_secret());
        let pkce = oauth.config().pkce.then(Pkce::new);
        let challenge = pkce.as_ref().map(|pkce| &*pkce.challenge);
        let (code, state) = agree(oauth.authorize_url(BACK, "s t&ate", challenge)).await;
        assert_eq!(state, "s t&ate");
        let verifier = pkce.as_ref().map(|pkce| &pkce.verifier);
        let grant = oauth.exchange(&code, BACK, verifier).await.unwrap();
        let session = whose(&grant).unwrap();
        assert_eq!(session.account.as_deref(), Some("7"), "{style:?}");
        assert!(session.has_scope("read:all") && session.has_scope("write:all"), "{style:?}");
        assert_eq!(grant.expires_in, Some(Duration::from_hours(1)));
        let Some(refresh) = &grant.refresh else {
            assert_eq!(style, OAuthStyle::Facebook);
            assert_eq!(fake.count(OAuthCall::Token), 2, "the first token was exchanged");
            continue;
        };
        fake.provider().expire("7");
        let refreshed = oauth.refresh(refresh).await.unwrap();
        assert!(whose(&refreshed).is_some() && whose(&grant).is_none());
        assert_eq!(refreshed.refresh.is_none(), style == OAuthStyle::Google);
        oauth.revoke(&refreshed.access).await.unwrap();
        assert_eq!(fake.provider().counts().revoked, 1, "{style:?}");
        let refresh = refreshed.refresh.as_ref().unwrap_or(refresh);
        let gone = oauth.refresh(refresh).await.unwrap_err();
        assert!(matches!(gone, GrantError::Refused { .. }), "{style:?}: {gone}");
        oauth.revoke(&refreshed.access).await.unwrap();
    }
}

#[tokio::test]
async fn another_verifier_gets_nothing() {
    let (_fake, oauth) = start(OAuthStyle::Kick).await;
    let (code, _) = agree(oauth.authorize_url(BACK, "s", Some(&Pkce::new().challenge))).await;
    let other = Pkce::new();
    let refused = oauth.exchange(&code, BACK, Some(&other.verifier)).await.unwrap_err();
    assert!(matches!(refused, GrantError::Refused { .. }), "{refused}");
}

#[tokio::test]
async fn a_platform_in_trouble_ends_no_grant() {
    for style in [OAuthStyle::Twitch, OAuthStyle::Google, OAuthStyle::Kick] {
        let (fake, oauth) = start(style).await;
        for effect in [
            Effect::status(500),
            Effect::too_many(Some(5)),
            Effect::Close,
            Effect::CutAfterWork,
            Effect::Garbage,
        ] {
            let refresh = SecretString::from(fake.provider().grant("7").refresh.unwrap());
            fake.fail(OAuthCall::Token, effect.clone(), 1);
            let error = oauth.refresh(&refresh).await.unwrap_err();
            assert!(
                matches!(error, GrantError::Unavailable { .. }),
                "{style:?} {effect:?}: {error}"
            );
            let words = error.to_string();
            assert!(!words.contains(SECRET) && !words.contains(refresh.expose_secret()), "{words}");
        }
    }
}

#[tokio::test]
async fn that_we_are_not_known_ends_no_grant_and_repeats_no_secret() {
    for style in [OAuthStyle::Twitch, OAuthStyle::Google, OAuthStyle::Kick, OAuthStyle::Facebook] {
        let (fake, _) = start(style).await;
        let tokens = fake.provider().grant("7");
        let oauth = client(&fake, style, "outdated");
        let refresh = tokens.refresh.unwrap_or(tokens.access).into();
        let error = oauth.refresh(&refresh).await.unwrap_err();
        assert!(matches!(error, GrantError::Unavailable { .. }), "{style:?}: {error}");
        let words = format!("it was {} with outdated", refresh.expose_secret());
        fake.fail(OAuthCall::Token, Effect::refuse(400, "invalid_grant", words), 1);
        let error = oauth.refresh(&refresh).await.unwrap_err();
        let words = error.to_string();
        assert!(!words.contains("outdated") && !words.contains(refresh.expose_secret()), "{words}");
    }
}

#[tokio::test]
async fn fifty_who_ask_fetch_our_own_token_once_and_renew_it_once() {
    let (fake, oauth) = start(OAuthStyle::Twitch).await;
    let app = AppToken::new(oauth);
    let tokens = join_all((0..50).map(|_| app.token())).await;
    assert_eq!(fake.count(OAuthCall::Token), 1);
    fake.provider().expire_app();
    let renewed = join_all(tokens.into_iter().map(|token| app.renew(token.unwrap()))).await;
    assert_eq!(fake.count(OAuthCall::Token), 2);
    for token in renewed {
        let token = token.unwrap();
        assert_eq!(token.version, 2);
        assert!(fake.provider().whose(token.secret.expose_secret()).is_some());
    }
}

#[tokio::test]
async fn who_waits_for_a_token_that_cannot_be_had_is_told_at_once() {
    let (fake, oauth) = start(OAuthStyle::Twitch).await;
    let app = AppToken::new(oauth);
    fake.fail(OAuthCall::Token, Effect::status(503), 1);
    let tokens = join_all((0..50).map(|_| app.token())).await;
    assert!(tokens.iter().all(Result::is_err));
    assert_eq!(fake.count(OAuthCall::Token), 1);
    app.token().await.unwrap();
}

/// Lets time pass without waiting. It goes on afterwards: with a clock that stands still, whoever waits for a socket
/// would run into their time limit.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn our_own_token_is_fetched_anew_before_it_ends() {
    let (fake, oauth) = start(OAuthStyle::Twitch).await;
    fake.provider().set_access_lifetime(Duration::from_mins(10));
    let app = AppToken::new(oauth);
    let first = app.token().await.unwrap();
    pass(Duration::from_mins(8)).await;
    assert_eq!(app.token().await.unwrap().version, first.version);
    pass(Duration::from_mins(1)).await;
    assert_eq!(app.token().await.unwrap().version, first.version + 1);
}
