//! CloudflareManager with StreamStateServer, EventProcessor, a real store, and a Cloudflare on loopback. In real time,
//! with intervals that are shorter than in production.

mod crashes;
mod encoder;
mod many;
mod model;
mod outages;
mod starting;

use std::{sync::Arc, time::Duration};

use stagedoor_cloudflare::{Budget, BudgetConfig, Client, ClientConfig, LIMITS, Priority};
use stagedoor_domain::{
    Destination, DestinationId, DestinationStatus, EventKind, EventReport, Platform, StreamStatus,
};
use stagedoor_fakes::cloudflare::{Encoder, FakeCloudflare, FakeConfig, InputView};
use tempfile::TempDir;

use super::{CloudflareMsg, CloudflarePace, CloudflareSnapshot, component};
use crate::{
    Components, OnAir, Platforms, Services, StreamCommandError, StreamSettings, StreamStateMsg,
    StreamStateSnapshot, UserContext, events, stream_state,
    test_house::{House, PATIENCE, store, until},
};

/// Nothing happens by itself within a test.
const NEVER: Duration = Duration::from_hours(1);

/// A user of a house with a Cloudflare.
struct World {
    fake: FakeCloudflare,
    client: Client,
    settings: StreamSettings,
    house: House,
    cx: UserContext,
    dir: TempDir,
}

fn settings() -> StreamSettings {
    StreamSettings {
        poll_interval: NEVER,
        lifecycle_interval: NEVER,
        start_deadline: PATIENCE,
        cloudflare: CloudflarePace {
            retry_initial: Duration::from_millis(10),
            retry_max: Duration::from_millis(50),
            audit_interval: NEVER,
        },
        ..StreamSettings::default()
    }
}

fn plenty() -> BudgetConfig {
    BudgetConfig { limit: 100_000, burst: 10_000, ..LIMITS }
}

/// With a timeout that tests of lost answers can wait for.
fn client(fake: &FakeCloudflare, budget: BudgetConfig) -> Client {
    client_with(fake, budget, Duration::from_millis(300))
}

fn client_with(fake: &FakeCloudflare, budget: BudgetConfig, timeout: Duration) -> Client {
    let config = ClientConfig {
        base_url: fake.base_url(),
        timeout,
        ..ClientConfig::new(fake.config().account_id.clone(), fake.config().token.clone().into())
    };
    Client::new(config, Budget::new(budget)).unwrap()
}

fn components() -> Components {
    let components = Components::default().with(stream_state::component).with(component);
    components.with(events::component)
}

async fn house(dir: &TempDir, client: &Client, settings: StreamSettings) -> House {
    let store = store(dir).await;
    let on_air = OnAir::restored(&store.open_livestreams().await.unwrap());
    let cloudflare = Some(client.clone());
    let services = Services::new(store, cloudflare, Platforms::default(), on_air, settings);
    House::with_services(Arc::new(services)).await
}

impl World {
    async fn new() -> Self {
        Self::with(settings()).await
    }

    async fn with(settings: StreamSettings) -> Self {
        let fake = FakeCloudflare::start(FakeConfig::default()).await.unwrap();
        Self::at(fake, settings, plenty()).await
    }

    async fn at(fake: FakeCloudflare, settings: StreamSettings, budget: BudgetConfig) -> Self {
        let client = client(&fake, budget);
        Self::through(client, fake, settings).await
    }

    async fn through(client: Client, fake: FakeCloudflare, settings: StreamSettings) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let house = house(&dir, &client, settings).await;
        let cx = house.start("ada", components()).await;
        Self { fake, client, settings, house, cx, dir }
    }

    /// The daemon is killed and started again.
    async fn restart(&mut self) {
        self.house = house(&self.dir, &self.client, self.settings).await;
        self.cx = self.house.start("ada", components()).await;
    }

    async fn crash(&self) {
        self.house.crash("ada", "cloudflare").await;
    }

    async fn input(&self) -> InputView {
        let input = || async { self.fake.input_of("ada") };
        let there = until("a live input is there", input, Option::is_some).await.unwrap();
        let known = |seen: &CloudflareSnapshot| seen.input.as_ref() == Some(&there.uid);
        until("it is known", async || self.snapshot().await, known).await;
        there
    }

    fn outputs(&self) -> Vec<(Box<str>, bool)> {
        let outputs = self.fake.input_of("ada").map(|input| input.outputs).unwrap_or_default();
        outputs.into_iter().map(|output| (output.stream_key, output.enabled)).collect()
    }

    async fn outputs_become(&self, what: &str, expected: &[(&str, bool)]) {
        let expected: Vec<_> = expected.iter().map(|(key, on)| (Box::from(*key), *on)).collect();
        let sorted = || async {
            let mut outputs = self.outputs();
            outputs.sort();
            outputs
        };
        until(what, sorted, |seen| *seen == expected).await;
    }

    async fn snapshot(&self) -> CloudflareSnapshot {
        let asked = self.cx.cloudflare().call(CloudflareMsg::GetSnapshot, PATIENCE).await;
        asked.unwrap_or_else(|_| CloudflareSnapshot {
            input: None,
            encoder: super::EncoderSnapshot::default(),
            wanted: None,
            outputs: Vec::new(),
            last_error: None,
            next_poll_in_ms: None,
        })
    }

    async fn state(&self) -> StreamStateSnapshot {
        let asked = self.cx.stream_state().call(StreamStateMsg::GetSnapshot, PATIENCE).await;
        asked.unwrap_or_default()
    }

    async fn becomes(&self, status: StreamStatus) -> StreamStateSnapshot {
        let what = format!("the stream becomes {status}");
        let right = |seen: &StreamStateSnapshot| seen.status == status && !seen.loading;
        until(&what, async || self.state().await, right).await
    }

    /// Cloudflare notifies of an encoder that has come or gone.
    async fn notify(&self, connected: bool) {
        let input = self.input().await.uid;
        let encoder = if connected { Encoder::Connected } else { Encoder::Disconnected };
        assert!(self.fake.encoder(&input, encoder));
        let kind = if connected { EventKind::InputConnected } else { EventKind::InputDisconnected };
        let at = jiff::Timestamp::now();
        let key = format!("{input}:{kind}:{at}");
        let report = EventReport::new(Platform::Cloudflare, kind, at, key);
        self.cx.events().cast(crate::EventsMsg::submit(report, None)).unwrap();
    }

    /// Ready, with these destinations.
    async fn ready(&self, destinations: &[&str]) -> Vec<DestinationId> {
        let mut ids = Vec::new();
        for destination in destinations {
            ids.push(self.house.destination(self.cx.user(), destination).await);
        }
        self.notify(true).await;
        self.becomes(StreamStatus::Ready).await;
        ids
    }

    async fn start(&self, to: &[DestinationId]) -> Result<(), StreamCommandError> {
        let destinations = to.to_vec();
        let start = |reply| StreamStateMsg::Start { destinations, reply };
        self.cx.stream_state().call(start, PATIENCE).await.unwrap()
    }

    async fn stop(&self) {
        self.cx.stream_state().call(StreamStateMsg::Stop, PATIENCE).await.unwrap().unwrap();
    }

    /// Live on these destinations, on all of them.
    async fn live(&self, destinations: &[&str]) -> Vec<DestinationId> {
        let ids = self.ready(destinations).await;
        self.start(&ids).await.unwrap();
        self.all_live().await;
        ids
    }

    async fn all_live(&self) {
        let all = |seen: &StreamStateSnapshot| {
            seen.status == StreamStatus::Live
                && seen.destinations.iter().all(|one| one.status == DestinationStatus::Live)
        };
        until("all destinations are live", async || self.state().await, all).await;
    }

    /// What has an address that Cloudflare refuses.
    async fn bad_destination(&self, id: &str) -> DestinationId {
        let destination = Destination {
            id: DestinationId::new(id).unwrap(),
            name: id.into(),
            platform: Platform::Twitch,
            url: "gopher://ingest.example/app".into(),
            account: false,
        };
        let key = format!("key-of-{id}").into();
        let store = &self.house.services.store;
        store.put_destination(self.cx.user(), &destination, Some(&key)).await.unwrap();
        destination.id
    }
}
