//! PlatformManager and AccountManager with StreamStateServer, CloudflareManager, EventProcessor, a real store, a
//! Cloudflare on loopback, and platforms that do as they are told. In real time, with waits that are shorter than in
//! production; the platforms' own wires are tested with their fakes.

mod broadcasts;
mod commands;
mod connections;
mod exactly_once;
mod scripted;

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use stagedoor_cloudflare::{Budget, BudgetConfig, Client, ClientConfig, LIMITS};
use stagedoor_domain::{
    Account, Destination, DestinationId, DestinationStatus, EventKind, EventReport, Platform,
    StreamEvent, StreamStatus,
};
use stagedoor_fakes::cloudflare::{Encoder, FakeCloudflare, FakeConfig};
use stagedoor_store::{EventQuery, Tokens};
use tempfile::TempDir;

use self::scripted::Scripted;
use super::{AccountsMsg, LinkState, PlatformMsg, PlatformPace, PlatformSnapshot, Platforms};
use crate::{
    CloudflarePace, Components, OnAir, Services, StreamSettings, StreamStateMsg,
    StreamStateSnapshot, UserContext,
    test_house::{House, PATIENCE, store, until},
};

const NEVER: Duration = Duration::from_hours(1);

fn settings() -> StreamSettings {
    StreamSettings {
        poll_interval: NEVER,
        lifecycle_interval: NEVER,
        start_deadline: PATIENCE,
        end_deadline: PATIENCE,
        platforms: PlatformPace {
            retry_initial: Duration::from_millis(5),
            retry_max: Duration::from_millis(20),
            command_limit: Duration::from_secs(2),
            audit_interval: Duration::from_millis(50),
            ..PlatformPace::default()
        },
        cloudflare: CloudflarePace {
            retry_initial: Duration::from_millis(5),
            retry_max: Duration::from_millis(20),
            audit_interval: NEVER,
        },
        ..StreamSettings::default()
    }
}

/// A user of a house with a Cloudflare, a platform without broadcasts and one with them.
struct World {
    cloudflare: FakeCloudflare,
    twitch: Arc<Scripted>,
    youtube: Arc<Scripted>,
    settings: StreamSettings,
    house: House,
    cx: UserContext,
    dir: TempDir,
}

impl World {
    /// Of whom both accounts are connected.
    async fn new() -> Self {
        Self::with(settings()).await
    }

    async fn with(settings: StreamSettings) -> Self {
        let cloudflare = FakeCloudflare::start(FakeConfig::default()).await.unwrap();
        let (twitch, youtube) = (Scripted::twitch(), Scripted::youtube());
        let dir = tempfile::tempdir().unwrap();
        let house = house(&dir, &cloudflare, [&twitch, &youtube], settings).await;
        let user = "ada".parse().unwrap();
        for platform in [Platform::Twitch, Platform::YouTube] {
            let (account, tokens) = account(&platform);
            house.services.store.put_account(&user, &account, &tokens).await.unwrap();
            let destination = Destination {
                id: DestinationId::new(platform.as_str()).unwrap(),
                name: platform.as_str().into(),
                platform,
                url: "".into(),
                account: true,
            };
            let key = String::new().into();
            house.services.store.put_destination(&user, &destination, Some(&key)).await.unwrap();
        }
        let cx = house.start("ada", Components::standard()).await;
        Self { cloudflare, twitch, youtube, settings, house, cx, dir }
    }

    /// The daemon is killed and started again.
    async fn restart(&mut self) {
        let platforms = [&self.twitch, &self.youtube];
        self.house = house(&self.dir, &self.cloudflare, platforms, self.settings).await;
        self.cx = self.house.start("ada", Components::standard()).await;
    }

    /// Kills a manager and waits until it is there again.
    async fn crash(&self, platform: &Platform) {
        let address = self.cx.platform(platform).unwrap();
        let before = address.current().expect("a manager runs");
        before.kill();
        let now = || async { address.current().map(|now| now.get_id()) };
        until("it is there again", now, |now| now.is_some_and(|now| now != before.get_id())).await;
    }

    async fn look(&self, platform: &Platform) -> Option<PlatformSnapshot> {
        self.cx.platform(platform)?.call(PlatformMsg::GetSnapshot, PATIENCE).await.ok()
    }

    async fn manager(
        &self,
        platform: &Platform,
        what: &str,
        right: impl Fn(&PlatformSnapshot) -> bool,
    ) -> PlatformSnapshot {
        let is_right = |seen: &Option<PlatformSnapshot>| seen.as_ref().is_some_and(&right);
        until(what, || self.look(platform), is_right).await.unwrap()
    }

    async fn connected(&self, platform: &Platform) {
        self.manager(platform, "it is connected", |seen| seen.link == LinkState::Connected).await;
    }

    async fn stream(
        &self,
        what: &str,
        right: impl Fn(&StreamStateSnapshot) -> bool,
    ) -> StreamStateSnapshot {
        let look = || self.cx.stream_state().call(StreamStateMsg::GetSnapshot, PATIENCE);
        let right = |seen: &Result<StreamStateSnapshot, _>| seen.as_ref().is_ok_and(&right);
        until(what, look, right).await.unwrap()
    }

    /// An encoder connects and the stream starts to both.
    async fn start(&self) {
        let input = || async { self.cloudflare.input_of("ada") };
        let input = until("a live input is there", input, Option::is_some).await.unwrap();
        self.cloudflare.encoder(&input.uid, Encoder::Connected);
        let seen = StreamStateMsg::EncoderSeen { connected: true, at: Timestamp::now() };
        self.cx.stream_state().cast(seen).unwrap();
        let ready =
            |seen: &StreamStateSnapshot| seen.status == StreamStatus::Ready && !seen.loading;
        self.stream("the stream is ready", ready).await;
        let destinations = ["twitch", "youtube"].map(|id| DestinationId::new(id).unwrap()).into();
        let start = |reply| StreamStateMsg::Start { destinations, reply };
        self.cx.stream_state().call(start, PATIENCE).await.unwrap().unwrap();
    }

    async fn stop(&self) {
        self.cx.stream_state().call(StreamStateMsg::Stop, PATIENCE).await.unwrap().unwrap();
    }

    async fn destination(
        &self,
        id: &str,
        right: impl Fn(&DestinationStatus) -> bool,
    ) -> DestinationStatus {
        let status = |seen: &StreamStateSnapshot| {
            let its = seen.destinations.iter().find(|its| its.id.as_str() == id);
            its.map(|its| its.status.clone())
        };
        let right = |seen: &StreamStateSnapshot| status(seen).is_some_and(|status| right(&status));
        status(&self.stream(id, right).await).unwrap()
    }

    async fn both_live(&self) {
        for id in ["twitch", "youtube"] {
            self.destination(id, |status| *status == DestinationStatus::Live).await;
        }
    }

    async fn events(&self, kinds: &[EventKind]) -> Vec<StreamEvent> {
        let query = EventQuery { kinds: kinds.to_vec(), limit: 1000, ..EventQuery::default() };
        let mut events = self.house.services.store.events(self.cx.user(), &query).await.unwrap();
        events.reverse();
        events
    }

    async fn keys(&self, kind: EventKind, count: usize) -> Vec<Box<str>> {
        let kinds = [kind];
        let keys = || async {
            let events = self.events(&kinds).await;
            events.into_iter().map(|event| event.report.dedupe_key).collect::<Vec<_>>()
        };
        until("events are stored", keys, |keys| keys.len() >= count).await
    }

    fn accounts_changed(&self) {
        self.cx.accounts().cast(AccountsMsg::Changed).unwrap();
    }

    /// What leads from Cloudflare to places now.
    fn outputs(&self) -> Vec<Box<str>> {
        let input = self.cloudflare.input_of("ada").expect("there is a live input");
        let outputs = input.outputs.iter().filter(|output| output.enabled);
        outputs.map(|output| output.url.clone()).collect()
    }
}

async fn house(
    dir: &TempDir,
    cloudflare: &FakeCloudflare,
    platforms: [&Arc<Scripted>; 2],
    settings: StreamSettings,
) -> House {
    let config = ClientConfig {
        base_url: cloudflare.base_url(),
        ..ClientConfig::new(
            cloudflare.config().account_id.clone(),
            cloudflare.config().token.clone().into(),
        )
    };
    let budget = BudgetConfig { limit: 100_000, burst: 10_000, ..LIMITS };
    let client = Client::new(config, Budget::new(budget)).unwrap();
    let store = store(dir).await;
    let on_air = OnAir::restored(&store.open_livestreams().await.unwrap());
    let platforms = Platforms::new(platforms.map(|platform| Arc::clone(platform) as Arc<_>));
    let services = Services::new(store, Some(client), platforms, on_air, settings);
    House::with_services(Arc::new(services)).await
}

fn account(platform: &Platform) -> (Account, Tokens) {
    let account = Account {
        platform: platform.clone(),
        external_id: format!("ada-on-{platform}").into(),
        name: "ada".into(),
        scopes: Vec::new(),
        needs_reauth: false,
        expires_at: None,
        connected_at: Timestamp::now(),
        version: 1,
    };
    (account, Tokens { access: "access".to_owned().into(), refresh: None })
}

fn follow(key: &str) -> EventReport {
    EventReport::new(Platform::Twitch, EventKind::Follow, Timestamp::now(), key)
}
