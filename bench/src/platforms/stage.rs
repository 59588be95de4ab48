//! The daemon's side: store, trees, gateway, and users whose accounts are connected.
//!
//! ```text
//! platforms, elsewhere ──▶ sockets, streams, polls ──▶ PlatformManagers ─┐
//!                      ──▶ Kick's webhooks ──▶ gateway ──▶ EventDoor ────┴▶ EventProcessor ──▶ store ──▶ PubSub ──▶ Board
//! ```

use std::{net::Ipv4Addr, path::Path, sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use secrecy::SecretString;
use stagedoor_domain::{Account, Destination, DestinationId};
use stagedoor_gateway::{Backstage, Gateway, GatewayConfig, Metrics, Readiness};
use stagedoor_presence::SessionGuard;
use stagedoor_stream::{
    AccountsMsg, EventDoor, Services, StreamStateMsg, Subscription, UserContext, UserTrees,
};
use tokio::{
    net::TcpListener,
    task::JoinSet,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use super::{
    board::{Board, Page},
    cast::{Turns, Wire},
    clients::Clients,
    elsewhere::Elsewhere,
    fakes::WEBHOOK_SECRET,
};
use crate::{
    cloudflare,
    house::{House, join, tracker, until},
    props::Props,
    sockets::authenticator,
    system::raise_descriptor_limit,
    users::user,
};

/// How long after all have left their trees would stop.
const GRACE: Duration = Duration::from_mins(10);

/// How long an actor may take to answer.
const LIMIT: Duration = Duration::from_secs(30);

/// How long all connections may take.
const PATIENCE: Duration = Duration::from_mins(4);

/// Streams that are started at the same time.
const STARTS: usize = 32;

/// More calls in five minutes than there are.
const CALLS: u32 = 10_000_000;

/// See the module. Sessions and processes end with it.
pub(super) struct Stage {
    pub(super) elsewhere: Elsewhere,
    pub(super) props: Props,
    pub(super) board: Arc<Board>,
    house: House,
    turns: Turns,
    sessions: Vec<SessionGuard>,
    tasks: JoinSet<()>,
    shutdown: CancellationToken,
    _pages: Vec<Subscription>,
}

impl Stage {
    /// Everything but users and accounts.
    pub(super) async fn open(program: &Path, turns: Turns, messages: usize) -> Result<Self> {
        raise_descriptor_limit()?;
        let mut elsewhere = Elsewhere::start(program, &turns).await?;
        let cloudflare = cloudflare::client(elsewhere.address("/cloudflare")?, CALLS)?;
        let mut kick = None;
        let props = Props::with(Some(cloudflare), |store| {
            let clients = Clients::reaching(&elsewhere, store)?;
            kick = Some(clients.kick);
            Ok(clients.platforms)
        });
        let props = props.await?;
        let house = House::open(tracker(), props.default_tree(), GRACE).await?;
        let board = Board::new(turns.users, messages);
        let page = |index| {
            let page = Page { board: Arc::clone(&board), user: index };
            props.services.pubsub.subscribe(&user(index), Arc::new(page))
        };
        let pages = (0..turns.users).map(page).collect();
        let (mut tasks, shutdown) = (JoinSet::new(), CancellationToken::new());
        tasks.spawn({
            let (services, shutdown) = (Arc::clone(&props.services), shutdown.clone());
            async move { services.viewers.run(&services.platforms, shutdown).await }
        });

        let trees = UserTrees::new(house.users.clone());
        let services = Arc::clone(&props.services);
        let door = EventDoor::new(trees.clone(), Arc::clone(&services));
        let backstage =
            Backstage { trees, services, door, webhook_secret: Some(WEBHOOK_SECRET.into()), kick };
        let public = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let admin = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let webhook = format!("webhook http://{}/webhooks", public.local_addr()?);
        let mut config = GatewayConfig::default();
        // All of Kick's connections come from one address here.
        config.public.connections = turns.users + 64;
        config.public.connections_per_address = turns.users + 64;
        let (readiness, metrics) = (Readiness::new(), Metrics::new());
        let tracker = house.tracker.clone();
        let gateway =
            Gateway::new(&config, tracker, authenticator()?, readiness, metrics, backstage)?;
        tasks.spawn({
            let shutdown = shutdown.clone();
            async move { gateway.run(Arc::new(public), Arc::new(admin), shutdown).await }
        });
        elsewhere.tell(&webhook).await?;
        Ok(Self {
            elsewhere,
            props,
            board,
            house,
            turns,
            sessions: Vec::new(),
            tasks,
            shutdown,
            _pages: pages,
        })
    }

    pub(super) fn services(&self) -> &Arc<Services> {
        &self.props.services
    }

    /// All users join; their trees know what was before.
    pub(super) async fn join(&mut self) -> Result<()> {
        for index in 0..self.turns.users {
            self.sessions.push(join(&self.house.tracker, &user(index), index)?);
        }
        let (board, users) = (&self.board, self.turns.users);
        until("all trees have their state", || board.loaded() >= users).await
    }

    fn trees(&self) -> Result<Vec<UserContext>> {
        let trees = UserTrees::new(self.house.users.clone());
        (0..self.turns.users).map(|index| trees.get(&user(index)).context("a tree")).collect()
    }

    /// Every user has an account there, whose authorisation holds or has been refused.
    pub(super) async fn put_accounts(&self, wire: Wire, needs_reauth: bool) -> Result<()> {
        for index in 0..self.turns.users {
            let account = Account {
                platform: wire.platform(),
                external_id: wire.channel(index).into(),
                name: format!("streamer_{index}").into(),
                scopes: Vec::new(),
                needs_reauth,
                expires_at: None,
                connected_at: Timestamp::now(),
                version: 1,
            };
            let tokens = self.elsewhere.tokens(wire, index)?;
            self.services().store.put_account(&user(index), &account, &tokens).await?;
        }
        Ok(())
    }

    /// The trees look at their accounts.
    pub(super) fn tell_accounts_changed(&self) -> Result<()> {
        for cx in self.trees()? {
            cx.accounts().cast(AccountsMsg::Changed)?;
        }
        Ok(())
    }

    /// Every user has a destination there, which is the account's, or an address of its own.
    pub(super) async fn put_destinations(&self, wire: Wire, account: bool) -> Result<()> {
        let url = if account { "" } else { "rtmps://ingest.example/live" };
        let key: Option<SecretString> = (!account).then(|| "key".to_owned().into());
        let destination = Destination {
            id: DestinationId::new(wire.platform().as_str())?,
            name: wire.platform().as_str().into(),
            platform: wire.platform(),
            url: url.into(),
            account,
        };
        for index in 0..self.turns.users {
            let store = &self.services().store;
            store.put_destination(&user(index), &destination, key.as_ref()).await?;
        }
        Ok(())
    }

    /// Everybody's encoder connects, and they start a stream to these.
    pub(super) async fn start_streams(&self, to: &[Wire]) -> Result<()> {
        let (board, users) = (&self.board, self.turns.users);
        until("all encoders are connected", || board.encoders() >= users).await?;
        let destinations = to
            .iter()
            .map(|wire| DestinationId::new(wire.platform().as_str()))
            .collect::<Result<Vec<_>, _>>()?;
        let mut starting = JoinSet::new();
        for cx in self.trees()? {
            if starting.len() >= STARTS {
                starting.join_next().await.context("one is starting")???;
            }
            let destinations = destinations.clone();
            starting.spawn(async move {
                let start = |reply| StreamStateMsg::Start { destinations, reply };
                cx.stream_state().call(start, LIMIT).await?.map_err(anyhow::Error::from)
            });
        }
        while let Some(started) = starting.join_next().await {
            started??;
        }
        Ok(())
    }

    /// Waits until everybody's connection there stands. How long that took.
    pub(super) async fn connected(&self, wire: Wire) -> Result<Duration> {
        let (board, users, began) = (&self.board, self.turns.users, Instant::now());
        while board.standing(wire) < users {
            let standing = board.standing(wire);
            ensure!(
                began.elapsed() < PATIENCE,
                "{standing} of {users} connected to {wire}: {:?}",
                board.trouble()
            );
            sleep(Duration::from_millis(10)).await;
        }
        Ok(began.elapsed())
    }

    /// Accounts everywhere, broadcasts where a platform needs one, and all connections stand.
    pub(super) async fn connect_all(&mut self) -> Result<()> {
        let on = self.turns.on.clone();
        let broadcasts: Vec<_> = on.iter().copied().filter(|wire| wire.needs_broadcast()).collect();
        for wire in &on {
            self.put_accounts(*wire, false).await?;
        }
        for wire in &broadcasts {
            self.put_destinations(*wire, true).await?;
        }
        self.join().await?;
        if !broadcasts.is_empty() {
            self.start_streams(&broadcasts).await?;
        }
        for wire in on {
            self.connected(wire).await?;
        }
        Ok(())
    }

    /// Ends the platforms and the trees; the store is closed and still there.
    pub(super) async fn close(mut self) -> Result<Props> {
        self.shutdown.cancel();
        drop(self.sessions);
        self.house.close().await?;
        drop(self.elsewhere);
        self.tasks.shutdown().await;
        Ok(self.props)
    }
}
