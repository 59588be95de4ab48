//! Who watches: asked of each platform for many channels at once, by one loop for all users.
//!
//! ```text
//! PlatformManager ── watch ──▶ Viewers ── as many as go into a call ──▶ Platform::standings ──▶ PlatformMsg::Standing
//! ```

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::json;
use stagedoor_domain::Platform as PlatformId;
use stagedoor_platforms::{AccountAccess, Platform, Watched};
use stagedoor_supervision::Address;
use tokio_util::sync::CancellationToken;

use super::{Platforms, manager::PlatformMsg};
use crate::jitter::jittered;

/// The channels that are looked at. A clone costs a reference count.
#[derive(Clone, Default)]
pub struct Viewers(Arc<Mutex<Table>>);

#[derive(Default)]
struct Table {
    next: u64,
    entries: BTreeMap<u64, Entry>,
    asked: u64,
    failed: u64,
}

struct Entry {
    platform: PlatformId,
    watched: Watched,
    to: Address<PlatformMsg>,
}

/// A channel is looked at as long as this is kept.
pub(super) struct Watch {
    viewers: Viewers,
    id: u64,
    broadcast: Option<Box<str>>,
}

impl Watch {
    pub(super) fn broadcast(&self) -> Option<&str> {
        self.broadcast.as_deref()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.viewers.lock().entries.remove(&self.id);
    }
}

impl Viewers {
    fn lock(&self) -> MutexGuard<'_, Table> {
        // Nothing below can panic between two states of the table.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on `to` is told how the channel stands.
    pub(super) fn watch(
        &self,
        platform: PlatformId,
        account: AccountAccess,
        broadcast: Option<Box<str>>,
        to: Address<PlatformMsg>,
    ) -> Watch {
        let watched = Watched { account, broadcast: broadcast.clone() };
        let mut table = self.lock();
        table.next += 1;
        let id = table.next;
        table.entries.insert(id, Entry { platform, watched, to });
        drop(table);
        Watch { viewers: self.clone(), id, broadcast }
    }

    /// Asks until `shutdown`. One that was dropped can be run again.
    pub async fn run(&self, platforms: &Platforms, shutdown: CancellationToken) {
        let loops = platforms.iter().map(|platform| self.ask_always(platform));
        shutdown.run_until_cancelled(futures_util::future::join_all(loops)).await;
    }

    async fn ask_always(&self, platform: &Arc<dyn Platform>) {
        let Some(batch) = platform.capabilities().viewers_batch else { return };
        loop {
            tokio::time::sleep(jittered(platform.standings_interval())).await;
            let mut after = 0;
            loop {
                let (watched, to) = self.batch(&platform.id(), after, batch.max(1));
                let Some((last, _)) = to.last() else { break };
                after = *last;
                self.ask(platform, &watched, to).await;
            }
        }
    }

    /// The next ones in the order of their entries.
    fn batch(
        &self,
        platform: &PlatformId,
        after: u64,
        size: usize,
    ) -> (Vec<Watched>, Vec<(u64, Address<PlatformMsg>)>) {
        let table = self.lock();
        let entries = table.entries.range(after + 1..);
        let entries = entries.filter(|(_, entry)| entry.platform == *platform).take(size);
        entries.map(|(id, entry)| (entry.watched.clone(), (*id, entry.to.clone()))).unzip()
    }

    async fn ask(
        &self,
        platform: &Arc<dyn Platform>,
        watched: &[Watched],
        to: Vec<(u64, Address<PlatformMsg>)>,
    ) {
        let answer = platform.standings(watched).await;
        let mut table = self.lock();
        table.asked += 1;
        table.failed += u64::from(answer.is_err());
        drop(table);
        match answer {
            Ok(standings) => {
                for (standing, (_, to)) in standings.into_iter().zip(to) {
                    // A manager that is between two lives hears of it the next time.
                    let _ = standing.map(|standing| to.cast(PlatformMsg::Standing(standing)));
                }
            }
            // The next time may do; what was last known grows old meanwhile, and says so.
            Err(error) => tracing::debug!(platform = %platform.id(), %error, "viewers not counted"),
        }
    }

    /// How many channels are looked at, and how that goes.
    #[must_use]
    pub fn look(&self) -> serde_json::Value {
        let table = self.lock();
        let mut watched = BTreeMap::<&str, usize>::new();
        for entry in table.entries.values() {
            *watched.entry(entry.platform.as_str()).or_default() += 1;
        }
        json!({ "watched": watched, "calls": table.asked, "failed": table.failed })
    }
}

impl fmt::Debug for Viewers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Viewers").field(&self.lock().entries.len()).finish()
    }
}
