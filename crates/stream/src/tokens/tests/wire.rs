//! With Kick's own client and a Kick that speaks OAuth on loopback: its refresh tokens are replaced with each use.

use stagedoor_fakes::{Effect, FakeOAuth, OAuthCall, OAuthStyle, Provider, ProviderConfig};
use stagedoor_platforms::{http_client, kick};

use super::*;

/// A store with Ada's account, and a Kick that knows it.
struct Wire {
    kick: FakeOAuth,
    store: Store,
    keeper: TokenKeeper,
    dir: TempDir,
}

impl Wire {
    async fn new() -> Self {
        let provider = Provider::new(ProviderConfig::new(OAuthStyle::Kick, "us", "our secret"));
        provider.add_account("42");
        let kick = FakeOAuth::start(provider).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let store = store(&dir).await;
        let keeper = TokenKeeper::new(store.clone(), platforms(&kick));
        let wire = Self { kick, store, keeper, dir };
        wire.connect().await;
        wire
    }

    /// Ada connects her account, for the first time or again.
    async fn connect(&self) {
        let granted = self.provider().grant("42");
        let refresh = granted.refresh.map(SecretString::from);
        let tokens = Tokens { access: granted.access.into(), refresh };
        self.store.put_account(&ada(), &account(HOUR), &tokens).await.unwrap();
    }

    fn provider(&self) -> &Provider {
        self.kick.provider()
    }

    /// Whether Kick takes this token.
    fn holds(&self, token: &Result<AccessToken, TokenError>) -> bool {
        let token = token.as_ref().unwrap().secret.expose_secret();
        self.provider().whose(token).is_some()
    }
}

fn platforms(kick: &FakeOAuth) -> Platforms {
    let config = kick::Config {
        id_url: kick.base_url().into(),
        api_url: kick.base_url().into(),
        ..kick::Config::new("us", "our secret")
    };
    let kick = kick::Kick::new(config, http_client().unwrap()).unwrap();
    Platforms::new([Arc::new(kick) as Arc<dyn stagedoor_platforms::Platform>])
}

/// As fifty calls do it that are refused at once, by two daemons.
async fn renew(wire: &Wire) -> Vec<Result<AccessToken, TokenError>> {
    let other = TokenKeeper::new(store(&wire.dir).await, platforms(&wire.kick));
    let access = [&wire.keeper, &other].map(|keeper| keeper.access(&ada(), &Platform::Kick, "42"));
    let old = access[0].tokens.token().await.unwrap();
    let renewing = (0..50).map(|number| access[number % 2].tokens.renew(old.clone()));
    let renewed = join_all(renewing).await;
    wire.keeper.settled().await;
    other.settled().await;
    renewed
}

#[tokio::test]
async fn fifty_calls_of_two_daemons_find_it_expired_and_one_refreshes() {
    let wire = Wire::new().await;
    for times in 1..=3 {
        wire.provider().expire("42");
        for token in renew(&wire).await {
            assert!(wire.holds(&token), "{token:?}");
        }
        let counts = wire.provider().counts();
        assert_eq!((counts.refreshed, counts.reused, counts.refused), (times, 0, 0));
    }
}

#[tokio::test]
async fn trouble_before_the_work_is_done_costs_nothing() {
    let wire = Wire::new().await;
    wire.provider().expire("42");
    for effect in [Effect::status(503), Effect::too_many(None), Effect::Close] {
        wire.kick.fail(OAuthCall::Token, effect, 1);
        for answer in renew(&wire).await.into_iter().map(shown) {
            // The other daemon tries for itself.
            assert!(is_unavailable(&answer) || answer.is_ok(), "{answer:?}");
        }
        skip(Duration::from_mins(1)).await;
    }
    for token in renew(&wire).await {
        assert!(wire.holds(&token), "{token:?}");
    }
    assert_eq!(wire.provider().counts().reused, 0);
}

#[tokio::test]
async fn an_answer_that_got_lost_after_the_work_is_told_as_what_it_is() {
    let wire = Wire::new().await;
    wire.provider().expire("42");
    let access = wire.keeper.access(&ada(), &Platform::Kick, "42");
    wire.kick.fail(OAuthCall::Token, Effect::CloseAfterWork, 1);
    let answer = refused(&access).await;
    assert!(is_unavailable(&answer), "{answer:?}");
    skip(Duration::from_mins(1)).await;
    let answer = refused(&access).await;
    assert!(needs_reauth(&answer), "the new token is known to nobody: {answer:?}");
    wire.connect().await;
    assert!(wire.holds(&access.tokens.token().await));
}

#[tokio::test]
async fn an_authorisation_that_was_taken_back_is_asked_for_again() {
    let wire = Wire::new().await;
    wire.provider().revoke("42");
    for answer in renew(&wire).await.into_iter().map(shown) {
        assert!(needs_reauth(&answer), "{answer:?}");
    }
    assert_eq!(wire.kick.count(OAuthCall::Token), 1);
    wire.connect().await;
    assert!(wire.holds(&wire.keeper.access(&ada(), &Platform::Kick, "42").tokens.token().await));
}
