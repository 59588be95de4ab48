//! Against a Facebook on loopback.

mod broadcasts;
mod chatting;
mod connecting;
mod reading;
mod set;
mod standings;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use secrecy::SecretString;
use stagedoor_domain::{EventKind, Metadata};
use stagedoor_fakes::facebook::{FakeConfig, FakeFacebook};

use super::*;
use crate::{AccessToken, Batch, Disconnect, TokenError, TokenSource, http_client};

pub(super) const PAGE: &str = "104071652217317";
const BOB: (&str, &str) = ("7100000000000001", "Bob");

/// Real time, so all is short.
const POLLING: Polling = Polling {
    busy: Duration::from_millis(4),
    idle: Duration::from_millis(8),
    status: Duration::from_millis(20),
    overlap: Duration::from_secs(5),
    sweep_every: Duration::from_millis(100),
    sweep: Duration::from_mins(2),
};

/// How long to wait for what must come.
const LIMIT: Duration = Duration::from_secs(20);

struct House {
    fake: FakeFacebook,
    facebook: Facebook,
}

/// Tokens of a page; another one is to be had as long as the page has not thrown us out.
struct PageTokens {
    held: Mutex<AccessToken>,
    next: Mutex<Option<String>>,
}

impl TokenSource for PageTokens {
    fn token(&self) -> BoxFuture<'_, Result<AccessToken, TokenError>> {
        Box::pin(async { Ok(self.held.lock().unwrap().clone()) })
    }

    fn renew(&self, refused: AccessToken) -> BoxFuture<'_, Result<AccessToken, TokenError>> {
        Box::pin(async move {
            let next = self.next.lock().unwrap().take();
            let mut held = self.held.lock().unwrap();
            if held.version == refused.version {
                let Some(next) = next else {
                    let reason = "there is no way to renew it".into();
                    return Err(TokenError::NeedsReauth { reason });
                };
                *held = AccessToken { secret: next.into(), version: held.version + 1 };
            }
            Ok(held.clone())
        })
    }
}

impl House {
    async fn start() -> Self {
        Self::with(|_| ()).await
    }

    async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let fake = FakeFacebook::start(FakeConfig::default()).await.unwrap();
        fake.add_channel(PAGE, "Ada's Kitchen");
        let secret = SecretString::from(fake.config().client_secret.clone());
        let mut config = Config::new(fake.config().client_id.clone(), secret);
        (config.graph_url, config.dialog_url) = (fake.graph_url(), fake.dialog_url());
        config.polling = POLLING;
        change(&mut config);
        let facebook = Facebook::new(config, http_client().unwrap()).unwrap();
        Self { fake, facebook }
    }

    fn account(&self) -> AccountAccess {
        self.account_of(PAGE, None)
    }

    fn account_of(&self, page: &str, next: Option<String>) -> AccountAccess {
        let secret = self.fake.grant(page).access.into();
        let held = Mutex::new(AccessToken { secret, version: 1 });
        AccountAccess::new(page, Arc::new(PageTokens { held, next: Mutex::new(next) }))
    }

    /// A live video on air.
    fn on_air(&self) -> Broadcast {
        let id = self.fake.create_by_hand(PAGE, "Bread");
        assert!(self.fake.stream_arrives(&id));
        let chat_id = self.fake.broadcast_of(PAGE).map(|video| video.video);
        Broadcast { id, chat_id, stream_id: None, watch_url: None }
    }

    fn connect(&self, broadcast: &Broadcast, cursor: Option<Box<str>>) -> Box<dyn Connection> {
        let resume = Resume { broadcast: Some(broadcast.clone()), cursor };
        self.facebook.connect(&self.account(), resume)
    }
}

async fn next(connection: &mut Box<dyn Connection>) -> Result<Batch, Disconnect> {
    tokio::time::timeout(LIMIT, connection.next()).await.expect("an answer in time")
}

/// Reads until this holds for what was read.
async fn read_until(
    connection: &mut Box<dyn Connection>,
    mut holds: impl FnMut(&Batch) -> bool,
) -> Batch {
    loop {
        let batch = next(connection).await.unwrap();
        if holds(&batch) {
            return batch;
        }
    }
}

/// The texts of chat messages, until there are so many.
async fn texts(connection: &mut Box<dyn Connection>, count: usize) -> Vec<Box<str>> {
    let mut texts = Vec::new();
    while texts.len() < count {
        for report in next(connection).await.unwrap().reports {
            texts.extend(report.message.map(|message| message.text));
        }
    }
    texts
}

fn plan(title: &str, again: bool) -> BroadcastPlan {
    let metadata = Metadata { title: title.into(), ..Metadata::default() };
    let (livestream, planned_at) =
        ("01980000-0000-7000-8000-000000000007".parse().unwrap(), Timestamp::now());
    BroadcastPlan { livestream, planned_at, metadata, again }
}
