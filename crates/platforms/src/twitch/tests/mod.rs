//! Twitch against one on loopback, by real sockets.

mod calls;
mod connection;
mod property;
mod renewal;

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::future::BoxFuture;
use secrecy::SecretString;
use stagedoor_domain::EventReport;
use stagedoor_fakes::twitch::{FakeConfig, FakeTwitch};
use tokio::time::timeout;

use super::{Config, Twitch};
use crate::{
    AccessToken, AccountAccess, Batch, Connection, Disconnect, Link, OAuth, Platform, Resume,
    TokenError, TokenSource, http_client,
};

/// The channel of all tests.
const ADA: &str = "1337";

/// What nothing here should take.
const LIMIT: Duration = Duration::from_secs(20);

struct World {
    fake: FakeTwitch,
    twitch: Twitch,
    ada: AccountAccess,
    tokens: Arc<Tokens>,
}

impl World {
    async fn new() -> Self {
        Self::with(FakeConfig::default()).await
    }

    async fn with(config: FakeConfig) -> Self {
        let fake = FakeTwitch::start(config).await.unwrap();
        fake.add_channel(ADA, "Ada");
        let config = Config {
            helix_url: fake.helix_url(),
            oauth_url: fake.oauth_url(),
            eventsub_url: fake.eventsub_url(),
            ..Config::new(
                fake.config().client_id.clone(),
                fake.config().client_secret.clone().into(),
            )
        };
        let twitch = Twitch::new(config, http_client().unwrap()).unwrap();
        let tokens = Arc::new(Tokens::of(&fake, ADA, twitch.oauth().clone()));
        let ada = AccountAccess::new(ADA, Arc::clone(&tokens) as Arc<dyn TokenSource>);
        Self { fake, twitch, ada, tokens }
    }

    /// A connection that has told that it stands.
    async fn connected(&self) -> Box<dyn Connection> {
        let mut connection = self.twitch.connect(&self.ada, Resume::default());
        assert_eq!(link(&mut connection).await, Link::Connected);
        connection
    }
}

/// What comes next.
async fn next(connection: &mut Box<dyn Connection>) -> Result<Batch, Disconnect> {
    timeout(LIMIT, connection.next()).await.expect("something comes within the limit")
}

/// What becomes of the connection next, past whatever else comes.
async fn link(connection: &mut Box<dyn Connection>) -> Link {
    loop {
        if let Some(link) = next(connection).await.expect("it stands").link {
            return link;
        }
    }
}

/// Why it ends, past whatever else comes.
async fn end(connection: &mut Box<dyn Connection>) -> Disconnect {
    loop {
        if let Err(why) = next(connection).await {
            return why;
        }
    }
}

/// So many events.
async fn reports(connection: &mut Box<dyn Connection>, count: usize) -> Vec<EventReport> {
    let mut reports = Vec::new();
    while reports.len() < count {
        reports.extend(next(connection).await.expect("it stands").reports);
    }
    reports
}

fn keys(reports: &[EventReport]) -> BTreeSet<Box<str>> {
    reports.iter().map(|report| report.dedupe_key.clone()).collect()
}

/// Waits until it is so.
async fn until(what: &str, is: impl Fn() -> bool) {
    let wait = async {
        while !is() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(LIMIT, wait).await.unwrap_or_else(|_| panic!("{what} within the limit"));
}

/// An account's tokens, refreshed one at a time.
struct Tokens {
    oauth: OAuth,
    now: tokio::sync::Mutex<AccessToken>,
    refresh: Mutex<SecretString>,
    renewals: AtomicUsize,
}

impl Tokens {
    fn of(fake: &FakeTwitch, channel: &str, oauth: OAuth) -> Self {
        let tokens = fake.grant(channel);
        Self {
            oauth,
            now: tokio::sync::Mutex::new(AccessToken { secret: tokens.access.into(), version: 1 }),
            refresh: Mutex::new(tokens.refresh.unwrap().into()),
            renewals: AtomicUsize::new(0),
        }
    }

    fn renewals(&self) -> usize {
        self.renewals.load(Ordering::Relaxed)
    }
}

impl TokenSource for Tokens {
    fn token(&self) -> BoxFuture<'_, Result<AccessToken, TokenError>> {
        Box::pin(async { Ok(self.now.lock().await.clone()) })
    }

    fn renew(&self, refused: AccessToken) -> BoxFuture<'_, Result<AccessToken, TokenError>> {
        Box::pin(async move {
            let mut now = self.now.lock().await;
            if now.version > refused.version {
                return Ok(now.clone());
            }
            self.renewals.fetch_add(1, Ordering::Relaxed);
            let refresh = self.refresh.lock().unwrap().clone();
            let grant = self.oauth.refresh(&refresh).await;
            let grant = grant
                .map_err(|error| TokenError::NeedsReauth { reason: error.to_string().into() })?;
            if let Some(refresh) = grant.refresh {
                *self.refresh.lock().unwrap() = refresh;
            }
            *now = AccessToken { secret: grant.access, version: now.version + 1 };
            Ok(now.clone())
        })
    }
}
