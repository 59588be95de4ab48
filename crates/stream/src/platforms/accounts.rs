//! AccountManager: one manager for each account that the user has connected.
//!
//! It is level-triggered: whenever somebody says that accounts have changed it reads them from the store, and then and every
//! so often it compares them with the managers that run under PlatformSupervisor, and starts and stops what differs. Nobody needs it for a
//! user without accounts: StreamStateServer wakes it when it has found some.

use std::{sync::Arc, time::Duration};

use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use serde::{Deserialize, Serialize};
use stagedoor_domain::{Account, Platform};
use stagedoor_store::StoreError;
use stagedoor_supervision::{
    Backoff, ChildSpec, DynamicSupervisorRef, DynamicSupervisorSpec, Observable, Worker,
};

use super::manager::{self, AccountKey};
use crate::{UserContext, tasks::Tasks};

const ACTOR: &str = "AccountManager";

/// How long a failed read waits before it is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// PlatformSupervisor's entry: started with the first manager.
pub(crate) fn supervisor(cx: &UserContext) -> Option<ChildSpec> {
    has_platforms(cx)
        .then(|| ChildSpec::dynamic_supervisor("platforms", cx.platforms()).when_needed())
}

/// AccountManager's entry.
pub(crate) fn component(cx: &UserContext) -> Option<ChildSpec> {
    let manager = Worker::new(cx.accounts(), {
        let cx = cx.clone();
        move || (AccountManager, cx.clone())
    });
    has_platforms(cx).then(|| ChildSpec::worker("accounts", manager).when_needed())
}

fn has_platforms(cx: &UserContext) -> bool {
    cx.services().platforms.iter().next().is_some()
}

/// The supervisor of a user's managers. Each is restarted at its own pace, so it never gives up because of one.
pub(crate) fn platform_supervisor() -> DynamicSupervisorRef {
    DynamicSupervisorRef::new(DynamicSupervisorSpec::new())
}

/// Keeps one PlatformManager going for each account.
pub struct AccountManager;

/// Messages of [`AccountManager`].
#[derive(Debug)]
pub enum AccountsMsg {
    /// Accounts were connected or disconnected, or there are some: the store knows. (cast)
    Changed,
    /// Answers which accounts there are. (call)
    GetSnapshot(RpcReplyPort<AccountsSnapshot>),
    /// Its own: what a task has found, what a timer was set for.
    Done(Done),
}

/// What came of something that [`AccountManager`] has begun itself.
#[derive(Debug)]
pub struct Done(Outcome);

#[derive(Debug)]
enum Outcome {
    Read(u64, Result<Vec<Account>, StoreError>),
    AuditDue,
}

/// What [`AccountManager`] shows of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountsSnapshot {
    /// Whether the accounts have been read.
    pub read: bool,
    /// The platforms on which an account is connected.
    pub connected: Vec<Platform>,
    /// Of these, those that are not configured here.
    pub not_configured: Vec<Platform>,
}

/// What it knows.
pub struct State {
    cx: UserContext,
    myself: ActorRef<AccountsMsg>,
    tasks: Tasks,
    backoff: Arc<Backoff>,
    /// Counts the reasons to read; what was read for an earlier one does not count.
    reasons: u64,
    accounts: Option<Vec<Account>>,
}

impl State {
    fn begin(&mut self, task: impl Future<Output = Outcome> + Send + 'static) {
        let myself = self.myself.clone();
        self.tasks.spawn(async move {
            let outcome = task.await;
            // An actor that has ended wants to know nothing.
            let _ = myself.cast(AccountsMsg::Done(Done(outcome)));
        });
    }

    fn read(&mut self, wait: Duration) {
        self.reasons += 1;
        let (store, user) = (self.cx.services().store.clone(), self.cx.user().clone());
        let reason = self.reasons;
        self.begin(async move {
            tokio::time::sleep(wait).await;
            Outcome::Read(reason, store.accounts(&user).await)
        });
    }

    fn audit_later(&mut self) {
        let interval = self.cx.services().settings.platforms.audit_interval;
        self.begin(async move {
            tokio::time::sleep(interval).await;
            Outcome::AuditDue
        });
    }

    fn done(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Read(reason, _) if reason != self.reasons => {}
            Outcome::Read(_, Ok(accounts)) => {
                self.accounts = Some(accounts);
                self.compare();
            }
            Outcome::Read(_, Err(error)) => {
                tracing::warn!(actor = ACTOR, user = %self.cx.user(), %error, "accounts not read");
                self.read(AGAIN);
            }
            Outcome::AuditDue => {
                self.compare();
                self.audit_later();
            }
        }
    }

    /// Starts and stops what differs.
    fn compare(&self) {
        let Some(accounts) = &self.accounts else { return };
        let supervisor = self.cx.platforms();
        for id in supervisor.ids() {
            let wanted = accounts.iter().find(|account| account.platform.as_str() == id.as_str());
            let running =
                supervisor.child(id.as_str()).and_then(|child| child.context::<AccountKey>());
            if wanted.map(manager::key) != running {
                // One that is stopping already needs no second word.
                let _ = supervisor.request_stop(id.as_str());
            }
        }
        for account in accounts {
            let Some(child) = manager::child(&self.cx, account, &self.backoff) else { continue };
            // One that runs already is what is wanted; a supervisor between two lives is asked again at the next audit.
            let _ = supervisor.request_start(child);
        }
    }

    fn snapshot(&self) -> AccountsSnapshot {
        let accounts = self.accounts.as_deref().unwrap_or_default();
        let platforms = accounts.iter().map(|account| account.platform.clone());
        let configured = &self.cx.services().platforms;
        AccountsSnapshot {
            read: self.accounts.is_some(),
            not_configured: platforms.clone().filter(|id| configured.get(id).is_none()).collect(),
            connected: platforms.collect(),
        }
    }
}

impl Actor for AccountManager {
    type Msg = AccountsMsg;
    type State = State;
    type Arguments = UserContext;

    async fn pre_start(
        &self,
        myself: ActorRef<Self::Msg>,
        cx: UserContext,
    ) -> Result<State, ActorProcessingErr> {
        let mut state = State {
            cx,
            myself,
            tasks: Tasks::default(),
            backoff: Arc::new(Backoff::default()),
            reasons: 0,
            accounts: None,
        };
        state.read(Duration::ZERO);
        state.audit_later();
        Ok(state)
    }

    async fn handle(
        &self,
        _myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            AccountsMsg::Changed => state.read(Duration::ZERO),
            // An answer that nobody waits for any more is no failure.
            AccountsMsg::GetSnapshot(reply) => drop(reply.send(state.snapshot())),
            AccountsMsg::Done(Done(outcome)) => state.done(outcome),
        }
        Ok(())
    }
}

impl Observable for AccountsMsg {
    type Snapshot = AccountsSnapshot;

    fn get_snapshot(reply: RpcReplyPort<Self::Snapshot>) -> Self {
        Self::GetSnapshot(reply)
    }
}
