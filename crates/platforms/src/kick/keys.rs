//! Kick's public key, which may become another one.
//!
//! A signature that does not fit is a forgery or the first one by a new key. So the key is fetched again, but only every
//! so often: whoever sends forgeries gets refusals and no more, and Kick is asked no more often than it would have been.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::Mutex as Turn, time::Instant};

use super::{PublicKey, api::Api, json::text};
use crate::{
    Error, Priority,
    http::{Auth, Call},
};

/// How often a key is fetched at most while there is none at all.
const WITHOUT_ONE: Duration = Duration::from_secs(5);

/// The key, as far as it is known.
#[derive(Debug)]
pub(crate) struct PublicKeys {
    api: Api,
    interval: Duration,
    current: Mutex<Option<Arc<PublicKey>>>,
    /// When it was last tried to fetch one. Whoever holds it is the one who fetches.
    tried: Turn<Option<Instant>>,
}

impl PublicKeys {
    pub(crate) fn new(api: Api, initial: Option<PublicKey>, interval: Duration) -> Self {
        let current = Mutex::new(initial.map(Arc::new));
        Self { api, interval, current, tried: Turn::default() }
    }

    /// The key, fetched if none is known.
    pub(crate) async fn current(&self) -> Result<Arc<PublicKey>, Error> {
        if let Some(key) = self.known() {
            return Ok(key);
        }
        let mut tried = self.tried.lock().await;
        if let Some(key) = self.known() {
            return Ok(key);
        }
        if tried.is_some_and(|at| at.elapsed() < WITHOUT_ONE) {
            return Err(Error::Unavailable { what: "it could not be fetched just now".into() });
        }
        *tried = Some(Instant::now());
        let key = Arc::new(self.fetch().await?);
        *self.lock() = Some(Arc::clone(&key));
        Ok(key)
    }

    /// Another key than this one, by which something did not fit; none if there is none, or it is not time to ask.
    pub(crate) async fn other_than(&self, unfit: &PublicKey) -> Option<Arc<PublicKey>> {
        let another = || self.known().filter(|key| **key != *unfit);
        if let Some(key) = another() {
            return Some(key);
        }
        // Whoever comes while somebody fetches waits for what comes of it.
        let mut tried = self.tried.lock().await;
        if let Some(key) = another() {
            return Some(key);
        }
        if tried.is_some_and(|at| at.elapsed() < self.interval) {
            return None;
        }
        *tried = Some(Instant::now());
        match self.fetch().await {
            Ok(key) if key != *unfit => {
                tracing::info!("kick has another public key");
                let key = Arc::new(key);
                *self.lock() = Some(Arc::clone(&key));
                Some(key)
            }
            Ok(_) => None,
            Err(error) => {
                tracing::warn!(%error, "the public key of kick could not be fetched");
                None
            }
        }
    }

    async fn fetch(&self) -> Result<PublicKey, Error> {
        let url = self.api.at(&["v1", "public-key"]);
        let data = self.api.data(Call::get(url, Auth::None, Priority::Chat)).await?;
        let pem = text(&data["public_key"]).unwrap_or_default();
        PublicKey::from_pem(&pem)
            .map_err(|error| Error::Unavailable { what: error.to_string().into() })
    }

    fn known(&self) -> Option<Arc<PublicKey>> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Arc<PublicKey>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
