//! [`TokenKeeper`]: where the tokens of all accounts come from.
//!
//! ```text
//! calls ─▶ AccountAccess ─ token, renew ─▶ AccountTokens ── read ─────────────────────────▶ Store
//!          (any number)                    one an account └─ Refresh, one at a time, a task of its own:
//!                                                            claim ▶ ask the platform ▶ swap ▶ hand out
//! ```
//!
//! What is handed out was read from the store: the store is where reconnected accounts and other daemons meet, and a
//! look into it costs less than any call that the token is for. A refresh goes on when nobody waits for it any more, and
//! does not end before the pair that it got is durable: where a platform replaces the refresh token, the old one is of no
//! use from then on. Nothing is kept of accounts that nobody has access to.

mod account;
mod endpoint;
mod refresh;

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use stagedoor_domain::{Platform, UserId};
use stagedoor_platforms::AccountAccess;
use stagedoor_store::Store;
use tokio::sync::watch;

use crate::Platforms;
use account::{AccountTokens, TokensOf};
use endpoint::{Configured, Endpoint};

/// Keeps the tokens of all accounts fresh. A clone is the same one.
#[derive(Clone)]
pub struct TokenKeeper(Arc<Keeper>);

struct Keeper {
    store: Store,
    endpoint: Box<dyn Endpoint>,
    accounts: Mutex<HashMap<Key, Weak<AccountTokens>>>,
    /// How many refreshes are under way.
    under_way: watch::Sender<usize>,
}

/// A user has one account on each platform.
type Key = (UserId, Platform);

impl TokenKeeper {
    /// For the accounts in this store, on these platforms.
    #[must_use]
    pub fn new(store: Store, platforms: Platforms) -> Self {
        Self::with_endpoint(store, Configured::new(platforms))
    }

    fn with_endpoint(store: Store, endpoint: impl Endpoint + 'static) -> Self {
        Self(Arc::new(Keeper {
            store,
            endpoint: Box::new(endpoint),
            accounts: Mutex::default(),
            under_way: watch::Sender::new(0),
        }))
    }

    /// Access to the user's account, as long as it is this one that they have connected there.
    #[must_use]
    pub fn access(&self, user: &UserId, platform: &Platform, external_id: &str) -> AccountAccess {
        let tokens = self.0.account(user, platform);
        AccountAccess::new(external_id, Arc::new(TokensOf::new(tokens, external_id)))
    }

    /// Waits until no refresh is under way: before a shutdown ends the store, so that no fresh pair is lost. There is no
    /// end to it while the store cannot write.
    pub async fn settled(&self) {
        // The sender is in ourselves.
        let _ = self.0.under_way.subscribe().wait_for(|under_way| *under_way == 0).await;
    }
}

impl Keeper {
    fn account(self: &Arc<Self>, user: &UserId, platform: &Platform) -> Arc<AccountTokens> {
        let key = (user.clone(), platform.clone());
        let mut accounts = self.accounts();
        if let Some(tokens) = accounts.get(&key).and_then(Weak::upgrade) {
            return tokens;
        }
        let tokens = Arc::new(AccountTokens::new(Arc::clone(self), user.clone(), platform.clone()));
        accounts.insert(key, Arc::downgrade(&tokens));
        tokens
    }

    /// Forgets an account, unless somebody has got access to it again.
    fn forget(&self, user: &UserId, platform: &Platform) {
        let key = (user.clone(), platform.clone());
        let mut accounts = self.accounts();
        if accounts.get(&key).is_some_and(|tokens| tokens.strong_count() == 0) {
            accounts.remove(&key);
        }
    }

    fn accounts(&self) -> MutexGuard<'_, HashMap<Key, Weak<AccountTokens>>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for TokenKeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKeeper")
            .field("accounts", &self.0.accounts().len())
            .field("refreshes", &*self.0.under_way.borrow())
            .finish_non_exhaustive()
    }
}
