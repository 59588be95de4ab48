//! What the inspector asks of a user's connections to the platforms: of their managers, where they run.

use futures_util::future::join_all;
use jiff::Timestamp;
use stagedoor_domain::{Account, UserId};
use stagedoor_inspect::{
    LinkView, PlatformBroadcastView, PlatformManagerView, PlatformView, PlatformsOverview,
    SourceError,
};
use stagedoor_stream::{
    BreakerState, BroadcastView, LinkState, PlatformMsg, PlatformSnapshot, UserContext,
};
use stagedoor_supervision::AddressError;

use super::streams::{LIMIT, Streams, not_asked, not_read};

impl Streams {
    pub(super) async fn platforms(&self, user: &UserId) -> Result<PlatformsOverview, SourceError> {
        let accounts = self.services.store.accounts(user).await.map_err(not_read)?;
        let tree = self.trees.get(user);
        let views = accounts.iter().map(|account| self.platform(account, tree.as_ref()));
        let platforms = join_all(views).await.into_iter().collect::<Result<_, _>>()?;
        Ok(PlatformsOverview { observed_at: Timestamp::now(), user: user.clone(), platforms })
    }

    async fn platform(
        &self,
        account: &Account,
        tree: Option<&UserContext>,
    ) -> Result<PlatformView, SourceError> {
        let manager = tree.and_then(|cx| cx.platform(&account.platform));
        let known = match manager {
            Some(manager) => match manager.call(PlatformMsg::GetSnapshot, LIMIT).await {
                // One that is about to make room for another account's has nothing to say of this one.
                Ok(known) => Some(known).filter(|known| known.account == account.external_id),
                Err(AddressError::NotStarted | AddressError::Down) => None,
                Err(error) => return Err(not_asked(error)),
            },
            None => None,
        };
        let is_configured = self.services.platforms.get(&account.platform).is_some();
        let (link, since) = match &known {
            Some(known) => (link(&known.link), Some(known.since)),
            None if !is_configured => (LinkView::NotConfigured, None),
            None if account.needs_reauth => (LinkView::NeedsReauth { reason: None }, None),
            None => (LinkView::NotRunning, None),
        };
        Ok(PlatformView {
            platform: account.platform.clone(),
            account: account.external_id.clone(),
            name: account.name.clone(),
            link,
            since,
            manager: known.map(manager_view),
        })
    }
}

fn link(state: &LinkState) -> LinkView {
    match state.clone() {
        LinkState::Standby => LinkView::Standby,
        LinkState::Connecting => LinkView::Connecting,
        LinkState::Connected => LinkView::Connected,
        LinkState::Degraded { reason } => LinkView::Degraded { reason },
        LinkState::BackingOff { reason, until } => LinkView::BackingOff { reason, until },
        LinkState::NeedsReauth { reason } => LinkView::NeedsReauth { reason: Some(reason) },
    }
}

fn manager_view(known: PlatformSnapshot) -> PlatformManagerView {
    let BroadcastView { state, id, obstacle, .. } = known.broadcast;
    let circuit = match known.circuit {
        BreakerState::Closed => "closed",
        BreakerState::Open => "open",
        BreakerState::HalfOpen => "half_open",
    };
    PlatformManagerView {
        connected: known.connected,
        failures: known.failures,
        received: known.received,
        received_at: known.received_at,
        live: known.live,
        viewers: known.viewers,
        broadcast: PlatformBroadcastView { state, id, obstacle },
        circuit: circuit.into(),
        commands: known.commands,
    }
}
