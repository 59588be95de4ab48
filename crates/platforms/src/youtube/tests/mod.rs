//! The client against a YouTube on loopback.

mod broadcasting;
mod chatting;
mod interleavings;
mod rationing;
mod speaking;

use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::future;
use jiff::Timestamp;
use stagedoor_domain::EventReport;
use stagedoor_fakes::youtube::{Author, BroadcastView, FakeConfig, FakeYouTube, Said};

use super::*;
use crate::{AccessToken, Batch, Disconnect, Link, TokenError, TokenSource, http_client};

const ADA: &str = "UCada";

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// An account's tokens, straight from the fake.
struct Tokens {
    fake: Arc<FakeYouTube>,
    now: Mutex<AccessToken>,
    renewals: AtomicUsize,
}

impl Tokens {
    fn of(fake: &Arc<FakeYouTube>, channel: &str) -> Arc<Self> {
        let secret = fake.grant(channel).access.into();
        let now = Mutex::new(AccessToken { secret, version: 1 });
        Arc::new(Self { fake: Arc::clone(fake), now, renewals: AtomicUsize::new(0) })
    }
}

impl TokenSource for Tokens {
    fn token(&self) -> future::BoxFuture<'_, Result<AccessToken, TokenError>> {
        Box::pin(future::ready(Ok(self.now.lock().unwrap().clone())))
    }

    fn renew(
        &self,
        refused: AccessToken,
    ) -> future::BoxFuture<'_, Result<AccessToken, TokenError>> {
        let mut now = self.now.lock().unwrap();
        if now.version == refused.version {
            self.renewals.fetch_add(1, Ordering::Relaxed);
            let secret = self.fake.grant(ADA).access.into();
            *now = AccessToken { secret, version: refused.version + 1 };
        }
        Box::pin(future::ready(Ok(now.clone())))
    }
}

struct World {
    fake: Arc<FakeYouTube>,
    youtube: YouTube,
    ada: AccountAccess,
    tokens: Arc<Tokens>,
}

impl World {
    async fn new() -> Self {
        Self::with(FakeConfig::default(), |_| {}).await
    }

    async fn with(fake: FakeConfig, change: impl FnOnce(&mut Config)) -> Self {
        let fake = Arc::new(FakeYouTube::start(fake).await.unwrap());
        fake.add_channel(ADA, "Ada");
        let youtube = youtube(&fake, change);
        let tokens = Tokens::of(&fake, ADA);
        let ada = AccountAccess::new(ADA, Arc::clone(&tokens) as Arc<dyn TokenSource>);
        Self { fake, youtube, ada, tokens }
    }

    /// A broadcast that is on air.
    fn on_air(&self) -> (BroadcastView, Broadcast) {
        let view = self.fake.add_broadcast(ADA, "Late night tea");
        let broadcast = Broadcast {
            id: view.id.as_str().into(),
            chat_id: Some(view.chat.as_str().into()),
            stream_id: None,
            watch_url: None,
        };
        (view, broadcast)
    }

    fn connect(&self, broadcast: &Broadcast, cursor: Option<Box<str>>) -> Reading {
        let resume = Resume { broadcast: Some(broadcast.clone()), cursor };
        Reading { connection: self.youtube.connect(&self.ada, resume), ..Reading::default() }
    }
}

fn youtube(fake: &FakeYouTube, change: impl FnOnce(&mut Config)) -> YouTube {
    let mut config = Config {
        base_url: fake.base_url(),
        stream_url: fake.stream_url(),
        authorize_url: format!("{}/o/oauth2/v2/auth", fake.base_url()),
        token_url: format!("{}/token", fake.base_url()),
        revoke_url: format!("{}/revoke", fake.base_url()),
        quota: 100_000_000,
        pause: Duration::from_millis(1),
        open_timeout: Duration::from_secs(2),
        ..Config::new(fake.config().client_id.clone(), fake.config().client_secret.clone().into())
    };
    change(&mut config);
    YouTube::new(config, http_client().unwrap()).unwrap()
}

/// What a connection has brought so far.
struct Reading {
    connection: Box<dyn Connection>,
    reports: Vec<EventReport>,
    links: Vec<Link>,
    cursor: Option<Box<str>>,
}

impl Default for Reading {
    fn default() -> Self {
        Self { connection: Box::new(Nothing), reports: vec![], links: vec![], cursor: None }
    }
}

struct Nothing;

impl Connection for Nothing {
    fn next(&mut self) -> future::BoxFuture<'_, Result<Batch, Disconnect>> {
        Box::pin(future::pending())
    }
}

impl Reading {
    async fn next(&mut self) -> Result<(), Disconnect> {
        let next = tokio::time::timeout(PATIENCE, self.connection.next());
        let batch = next.await.expect("something happens in time")?;
        self.reports.extend(batch.reports);
        self.links.extend(batch.link);
        self.cursor = batch.cursor.or(self.cursor.take());
        Ok(())
    }

    /// Reads until this holds.
    async fn until(&mut self, holds: impl Fn(&Self) -> bool) {
        while !holds(self) {
            self.next().await.unwrap_or_else(|over| {
                panic!("it is over: {over}, after {:?} and {:?}", self.texts(), self.links)
            });
        }
    }

    /// Reads until it is over: why.
    async fn read_to_the_end(&mut self) -> Disconnect {
        loop {
            if let Err(disconnect) = self.next().await {
                return disconnect;
            }
        }
    }

    fn texts(&self) -> Vec<&str> {
        let text = |report: &'_ EventReport| report.message.is_some();
        let texts = self.reports.iter().filter(|report| text(report));
        texts.map(|report| &*report.message.as_ref().unwrap().text).collect()
    }

    fn degraded(&self) -> Option<&str> {
        match self.links.last() {
            Some(Link::Degraded { reason }) => Some(reason),
            _ => None,
        }
    }
}

fn text(text: &str) -> Said {
    Said::Text(text.into())
}

fn viewer() -> Author {
    Author::viewer("Ines")
}

fn plan(title: &str) -> BroadcastPlan {
    BroadcastPlan {
        livestream: "0193a3f0-0000-7000-8000-000000000001".parse().unwrap(),
        planned_at: Timestamp::now(),
        metadata: Metadata { title: title.into(), ..Metadata::default() },
        again: false,
    }
}
