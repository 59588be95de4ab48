//! A Kick on loopback with a client, one account, and a webhook that takes what comes.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::future::BoxFuture;
use http::HeaderMap;
use secrecy::SecretString;
use stagedoor_fakes::kick::{FakeConfig, FakeKick};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::Instant,
};

use crate::{
    AccessToken, AccountAccess, GrantError, OAuth, Platform, TokenError, TokenSource, http_client,
    kick::{Config, Kick, Webhook, WebhookError},
};

/// The account's id, and its name.
pub(super) const ADA: u64 = 4_809_577;

/// The longest that anything here may take.
pub(super) const LIMIT: Duration = Duration::from_secs(20);

pub(super) struct Stage {
    pub(super) fake: FakeKick,
    pub(super) kick: Arc<Kick>,
    pub(super) ada: AccountAccess,
}

impl Stage {
    pub(super) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(super) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let again_after = Duration::from_millis(5);
        let config = FakeConfig { again_after, ..FakeConfig::default() };
        let fake = FakeKick::start(config).await.unwrap();
        fake.add_channel(ADA, "ada");
        let mut config = Config {
            api_url: fake.api_url(),
            id_url: fake.id_url(),
            reconcile: (Duration::from_millis(10), Duration::from_millis(20)),
            resubscribe: Duration::from_hours(1),
            ..Config::new(fake.config().client_id.clone(), fake.config().client_secret.clone())
        };
        change(&mut config);
        let kick = Arc::new(Kick::new(config, http_client().unwrap()).unwrap());
        let ada = Self::access(&fake, &kick, ADA);
        Self { fake, kick, ada }
    }

    pub(super) fn access(fake: &FakeKick, kick: &Kick, channel: u64) -> AccountAccess {
        let tokens = fake.grant(channel);
        let keeper = Keeper {
            oauth: kick.oauth().clone(),
            pair: tokio::sync::Mutex::new(Pair {
                access: AccessToken { secret: tokens.access.into(), version: 1 },
                refresh: tokens.refresh.unwrap().into(),
            }),
        };
        AccountAccess::new(channel.to_string(), Arc::new(keeper))
    }
}

/// Keeps the account's tokens: what `TokenKeeper` does, without a store.
struct Keeper {
    oauth: OAuth,
    pair: tokio::sync::Mutex<Pair>,
}

struct Pair {
    access: AccessToken,
    refresh: SecretString,
}

impl TokenSource for Keeper {
    fn token(&self) -> BoxFuture<'_, Result<AccessToken, TokenError>> {
        Box::pin(async { Ok(self.pair.lock().await.access.clone()) })
    }

    fn renew(&self, refused: AccessToken) -> BoxFuture<'_, Result<AccessToken, TokenError>> {
        Box::pin(async move {
            let mut pair = self.pair.lock().await;
            if pair.access.version > refused.version {
                return Ok(pair.access.clone());
            }
            let grant = self.oauth.refresh(&pair.refresh).await.map_err(|error| match error {
                GrantError::Refused { reason } => TokenError::NeedsReauth { reason },
                other => TokenError::Unavailable { reason: other.to_string().into() },
            })?;
            pair.access = AccessToken { secret: grant.access, version: refused.version + 1 };
            pair.refresh = grant.refresh.expect("Kick gives another one each time");
            Ok(pair.access.clone())
        })
    }
}

/// What came to the webhook.
#[derive(Clone, Default)]
pub(super) struct Taken(Arc<Mutex<Vec<Result<Webhook, WebhookError>>>>);

impl Taken {
    pub(super) fn all(&self) -> Vec<Result<Webhook, WebhookError>> {
        self.0.lock().unwrap().clone()
    }

    pub(super) fn genuine(&self) -> Vec<Webhook> {
        self.all().into_iter().filter_map(Result::ok).collect()
    }

    /// The keys of what was reported, each once, sorted.
    pub(super) fn keys(&self) -> Vec<Box<str>> {
        let reports = self.genuine().into_iter().flat_map(|webhook| webhook.reports);
        let mut keys: Vec<_> = reports.map(|report| report.dedupe_key).collect();
        keys.sort();
        keys.dedup();
        keys
    }
}

/// A webhook like the gateway's. It acknowledges what is genuine, but for the first of `refusing`. It ends when its
/// tasks are dropped.
pub(super) async fn webhook(kick: &Arc<Kick>, refusing: usize) -> (String, Taken, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/webhooks/kick", listener.local_addr().unwrap());
    let (taken, refuse) = (Taken::default(), Arc::new(Mutex::new(refusing)));
    let (kick, all) = (Arc::clone(kick), taken.clone());
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            connections.spawn(serve(stream, Arc::clone(&kick), all.clone(), Arc::clone(&refuse)));
        }
    });
    (url, taken, tasks)
}

async fn serve(mut stream: TcpStream, kick: Arc<Kick>, taken: Taken, refuse: Arc<Mutex<usize>>) {
    while let Some((headers, body)) = read_request(&mut stream).await {
        let refused = {
            let mut left = refuse.lock().unwrap();
            let refused = *left > 0;
            *left = left.saturating_sub(1);
            refused
        };
        let status = if refused {
            503
        } else {
            let read = kick.read_webhook(&headers, &body).await;
            let status = if read.is_ok() { 200 } else { 401 };
            taken.0.lock().unwrap().push(read);
            status
        };
        let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n");
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// As much of HTTP as the fake's client needs.
async fn read_request(stream: &mut TcpStream) -> Option<(HeaderMap, Vec<u8>)> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut headers = HeaderMap::new();
    for line in head.lines().skip(1) {
        let (name, value) = line.split_once(": ").unwrap();
        headers.append(
            http::HeaderName::try_from(name).unwrap(),
            http::HeaderValue::try_from(value).unwrap(),
        );
    }
    let length: usize = headers["content-length"].to_str().unwrap().parse().unwrap();
    while bytes.len() < end + 4 + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some((headers, bytes[end + 4..end + 4 + length].to_vec()))
}

/// Waits until it holds.
pub(super) async fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < LIMIT, "waited too long until {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
