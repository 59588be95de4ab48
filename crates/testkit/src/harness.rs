//! A daemon in this process: the whole of it, on free ports, with a state directory of its own.

use std::{ops::Deref, time::Duration};

use jiff::Timestamp;
use stagedoor_domain::{Account, Platform, UserId};
use stagedoor_fakes::{
    Tokens, cloudflare::FakeCloudflare, facebook::FakeFacebook, kick::FakeKick, twitch::FakeTwitch,
    youtube::FakeYouTube,
};
use stagedoor_inspect::{InspectClient, Watch};
use stagedoor_store::StoreError;
use stagedoor_stream::{AccountsMsg, Components, UserContext};
use stagedoor_supervision::{ChildInfo, ChildSpec, ChildStatus, SupervisorHandle};
use stagedoord::{Daemon, RunError, config::Config, credentials, made_up};
use tempfile::TempDir;

use crate::{PATIENCE, Reach, WEBHOOK_SECRET, wait_until};

/// The grace period, unless the test says another one: long enough to come back, short enough to wait for.
const CLEANUP_TIMEOUT: Duration = Duration::from_millis(200);
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(10);
const LOOPBACK: &str = "127.0.0.1:0";

/// How a [`Harness`] is configured.
#[derive(Debug)]
pub struct HarnessBuilder {
    config: Config,
    components: Components,
    state: TempDir,
}

/// A running daemon. It ends with the test's runtime, or by [`Harness::shutdown`].
#[derive(Debug)]
pub struct Harness {
    daemon: Daemon,
    config: Config,
    components: Components,
    reach: Reach,
}

#[expect(clippy::missing_panics_doc, reason = "a test fails by panicking")]
impl HarnessBuilder {
    /// How long a tree outlives its user's last session; 200 ms unless told.
    #[must_use]
    pub fn cleanup_timeout(self, timeout: Duration) -> Self {
        self.configure(|config| config.presence.cleanup_timeout = timeout)
    }

    /// Changes the configuration, which is development's without ConsoleLogger.
    #[must_use]
    pub fn configure(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    /// With this for Cloudflare. It tells of its encoders when it is given the daemon's [`Reach::webhook`].
    #[must_use]
    pub fn cloudflare(self, fake: &FakeCloudflare) -> Self {
        self.configure(|config| {
            let cloudflare = &mut config.cloudflare;
            cloudflare.account_id = Some(fake.config().account_id.clone());
            cloudflare.api_token = Some(fake.config().token.clone().into());
            cloudflare.base_url = fake.base_url();
            cloudflare.lifecycle_url = Some(fake.lifecycle_base_url());
            cloudflare.webhook_secret = Some(WEBHOOK_SECRET.into());
        })
    }

    /// With this for Twitch.
    #[must_use]
    pub fn twitch(self, fake: &FakeTwitch) -> Self {
        self.configure(|config| made_up::twitch(&mut config.platforms.twitch, fake))
    }

    /// With this for YouTube.
    #[must_use]
    pub fn youtube(self, fake: &FakeYouTube) -> Self {
        self.configure(|config| made_up::youtube(&mut config.platforms.youtube, fake))
    }

    /// With this for Kick. It delivers when it is given the daemon's [`Reach::kick_webhook`].
    #[must_use]
    pub fn kick(self, fake: &FakeKick) -> Self {
        self.configure(|config| made_up::kick(&mut config.platforms.kick, fake))
    }

    /// With this for Facebook.
    #[must_use]
    pub fn facebook(self, fake: &FakeFacebook) -> Self {
        self.configure(|config| made_up::facebook(&mut config.platforms.facebook, fake))
    }

    /// With one more component in every tree, as a program that embeds the daemon adds it.
    #[must_use]
    pub fn component(
        mut self,
        component: impl Fn(&UserContext) -> ChildSpec + Send + Sync + 'static,
    ) -> Self {
        self.components = self.components.with(component);
        self
    }

    /// Starts the daemon.
    pub async fn start(self) -> Harness {
        let Self { mut config, components, state } = self;
        let daemon = Daemon::start_with(&config, components.clone()).await;
        let daemon = daemon.expect("the daemon starts");
        let addresses = daemon.addresses().clone();
        (config.gateway.listen, config.gateway.admin_listen) = (addresses.public, addresses.admin);
        let authenticator = credentials::authenticator(&config).expect("the secret is made");
        let reach = Reach::new(addresses, authenticator, state);
        Harness { daemon, config, components, reach }
    }
}

#[expect(clippy::missing_panics_doc, reason = "a test fails by panicking")]
impl Harness {
    /// A daemon of its own for a test.
    #[must_use]
    pub fn builder() -> HarnessBuilder {
        let state = tempfile::tempdir().expect("the system has a temporary directory");
        let mut config = Config::development();
        state.path().clone_into(&mut config.state_dir);
        config.gateway.listen = LOOPBACK.parse().expect("it is an address");
        config.gateway.admin_listen = config.gateway.listen;
        config.presence.cleanup_timeout = CLEANUP_TIMEOUT;
        config.stream.console_logger = false;
        HarnessBuilder { config, components: Components::standard(), state }
    }

    /// A daemon with nothing special about it.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// The daemon itself.
    #[must_use]
    pub fn daemon(&self) -> &Daemon {
        &self.daemon
    }

    /// Does the Tracker know a session of `user`?
    #[must_use]
    pub fn is_present(&self, user: &str) -> bool {
        let user = UserId::new(user).expect("the test names a valid user");
        self.daemon.tracker().is_present(&user)
    }

    /// The actor at `path`, read from the tables of the tree.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<ChildInfo> {
        let mut supervisor = Some(self.daemon.tree());
        let mut info = None;
        for id in path.split('/') {
            let child = supervisor?.child(id)?;
            supervisor = child.supervisor();
            info = Some(child.info().clone());
        }
        info
    }

    /// The supervisor at `path`.
    #[must_use]
    pub fn supervisor(&self, path: &str) -> SupervisorHandle {
        let step = |supervisor: SupervisorHandle, id: &str| supervisor.child(id)?.supervisor();
        let found = path.split('/').try_fold(self.daemon.tree(), step);
        found.unwrap_or_else(|| panic!("there is no supervisor at {path}"))
    }

    /// How often the actor at `path` has been restarted, if it runs.
    #[must_use]
    pub fn running(&self, path: &str) -> Option<u32> {
        let info = self.find(path)?;
        matches!(info.status, ChildStatus::Running { .. }).then_some(info.restarts)
    }

    /// Waits until the actor at `path` runs, having been restarted so often.
    pub async fn runs(&self, path: &str, restarts: u32) -> ChildInfo {
        let what = format!("{path} runs, restarted {restarts} times");
        let runs = |seen: &Option<ChildInfo>| {
            seen.as_ref().is_some_and(|info| {
                info.restarts == restarts && matches!(info.status, ChildStatus::Running { .. })
            })
        };
        let seen = wait_until(&what, async || self.find(path), runs).await;
        seen.expect("it runs")
    }

    /// Waits until there is nothing at `path`.
    pub async fn gone(&self, path: &str) {
        wait_until(&format!("{path} is gone"), async || self.find(path), Option::is_none).await;
    }

    /// Connects an account of `user`, as if they had agreed on the platform's page: a fake's `grant` has tokens. A tree that
    /// runs hears of it. The account's version.
    pub async fn connect_account(
        &self,
        user: &str,
        platform: Platform,
        external_id: &str,
        tokens: Tokens,
    ) -> i64 {
        let put = self.try_connect_account(user, platform, external_id, tokens).await;
        put.expect("the store takes the account")
    }

    /// As [`connect_account`](Self::connect_account), where the store may refuse it.
    pub async fn try_connect_account(
        &self,
        user: &str,
        platform: Platform,
        external_id: &str,
        tokens: Tokens,
    ) -> Result<i64, StoreError> {
        let user = UserId::new(user).expect("the test names a valid user");
        let account = Account {
            platform,
            external_id: external_id.into(),
            name: external_id.into(),
            scopes: Vec::new(),
            needs_reauth: false,
            expires_at: None,
            connected_at: Timestamp::now(),
            version: 1,
        };
        let Tokens { access, refresh } = tokens;
        let tokens =
            stagedoor_store::Tokens { access: access.into(), refresh: refresh.map(Into::into) };
        let version = self.daemon.services().store.put_account(&user, &account, &tokens).await?;
        if let Some(cx) = self.tree_of(&user) {
            // One that is between two lives reads the accounts when it is back.
            let _ = cx.accounts().cast(AccountsMsg::Changed);
        }
        Ok(version)
    }

    /// Disconnects an account, as the user does on the dashboard.
    pub async fn disconnect_account(&self, user: &str, platform: &Platform) {
        let answer = self.user(user).delete(&format!("/accounts/{platform}")).await;
        assert!(answer.status < 300, "{answer:?}");
    }

    fn tree_of(&self, user: &UserId) -> Option<UserContext> {
        self.daemon.tree().child("users")?.supervisor()?.child(user.as_str())?.context()
    }

    /// Changes in actors' lives from now on.
    pub async fn watch(&self) -> Watch {
        let client = InspectClient::new(self.daemon.inspector().clone(), PATIENCE);
        client.watch().await.expect("the inspector runs")
    }

    /// Stops the daemon in good order.
    pub async fn shutdown(self) -> Result<(), RunError> {
        self.daemon.shutdown(SHUTDOWN_LIMIT).await
    }

    /// The daemon, to be stopped while somebody else looks on.
    #[must_use]
    pub fn split(self) -> (Daemon, Reach) {
        (self.daemon, self.reach)
    }

    /// Stops the daemon and starts it again, on the same ports and in the same state directory.
    pub async fn restart(self) -> Self {
        let Self { daemon, config, components, reach } = self;
        daemon.shutdown(SHUTDOWN_LIMIT).await.expect("the daemon stops in time");
        HarnessBuilder { config, components, state: reach.into_dir() }.start().await
    }
}

impl Deref for Harness {
    type Target = Reach;

    fn deref(&self) -> &Reach {
        &self.reach
    }
}
