//! Publish and subscribe: what a user's tree tells whoever listens to that user.
//!
//! ```text
//! actors of the tree ── publish(user, news) ──▶ PubSub ──▶ Subscriber, Subscriber, …
//! ```
//!
//! Topics are users. A subscription knows nothing of trees, so that a page hears of each tree that its user has while
//! it is open. Subscribers are called one after the other and must not wait.

use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use serde::Serialize;
use serde_json::value::RawValue;
use stagedoor_domain::{StreamEvent, UserId};

use crate::{AlertNews, LinkNews, MetricsSnapshot, StreamStateSnapshot};

const SHARDS: usize = 16;

/// Something that is told to whoever listens to a user.
#[derive(Clone, Debug)]
pub enum News {
    /// The state of the stream, whole.
    StreamState(Arc<StreamStateSnapshot>),
    /// An event, stored.
    Event(Arc<StreamEvent>),
    /// An alert begins, ends, waits; the queue was paused or muted.
    Alert(Arc<AlertNews>),
    /// The numbers of the last minute.
    Metrics(Arc<MetricsSnapshot>),
    /// Where the connection to a platform stands.
    Link(Arc<LinkNews>),
}

/// News on their way. The JSON is written once, however many listen.
#[derive(Debug)]
pub struct Broadcast {
    news: News,
    json: OnceLock<Box<RawValue>>,
}

impl Broadcast {
    /// What is told.
    #[must_use]
    pub const fn news(&self) -> &News {
        &self.news
    }

    /// Its name, as on channels.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self.news {
            News::StreamState(_) => "stream_state",
            News::Event(_) => "event",
            News::Alert(_) => "alert",
            News::Metrics(_) => "metrics",
            News::Link(_) => "link",
        }
    }

    /// Its payload.
    #[must_use]
    pub fn json(&self) -> &RawValue {
        self.json.get_or_init(|| match &self.news {
            News::StreamState(state) => raw(&**state),
            News::Event(event) => raw(&**event),
            News::Alert(alert) => raw(&**alert),
            News::Metrics(metrics) => raw(&**metrics),
            News::Link(link) => raw(&**link),
        })
    }
}

impl From<News> for Broadcast {
    fn from(news: News) -> Self {
        Self { news, json: OnceLock::new() }
    }
}

fn raw(value: &impl Serialize) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).expect("news are plain data with text keys")
}

/// Hears what is published.
pub trait Subscriber: Send + Sync {
    /// Takes it and does not wait.
    fn receive(&self, broadcast: &Broadcast);
}

/// Who listens to whom. A clone costs a reference count.
#[derive(Clone)]
pub struct PubSub(Arc<Inner>);

struct Inner {
    hasher: RandomState,
    shards: [Mutex<HashMap<UserId, Vec<Entry>>>; SHARDS],
    next: AtomicU64,
}

#[derive(Clone)]
struct Entry {
    id: u64,
    subscriber: Arc<dyn Subscriber>,
}

/// A subscription. Dropping it ends it.
#[must_use = "dropping a subscription ends it"]
pub struct Subscription {
    pubsub: PubSub,
    user: UserId,
    id: u64,
}

impl PubSub {
    /// Nobody listens yet.
    #[must_use]
    pub fn new() -> Self {
        let shards = std::array::from_fn(|_| Mutex::default());
        Self(Arc::new(Inner { hasher: RandomState::new(), shards, next: AtomicU64::new(0) }))
    }

    fn shard(&self, user: &UserId) -> MutexGuard<'_, HashMap<UserId, Vec<Entry>>> {
        let hash = usize::try_from(self.0.hasher.hash_one(user) % SHARDS as u64);
        let shard = &self.0.shards[hash.expect("a number below 16 is a usize")];
        // Nothing below can panic between two states of a shard.
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on `subscriber` hears what is published for `user`.
    pub fn subscribe(&self, user: &UserId, subscriber: Arc<dyn Subscriber>) -> Subscription {
        let id = self.0.next.fetch_add(1, Relaxed);
        self.shard(user).entry(user.clone()).or_default().push(Entry { id, subscriber });
        Subscription { pubsub: self.clone(), user: user.clone(), id }
    }

    /// Tells `news` to whoever listens to `user`. They are not made when nobody does.
    pub fn publish(&self, user: &UserId, news: impl FnOnce() -> News) {
        let Some(entries) = self.shard(user).get(user).cloned() else { return };
        let broadcast = Broadcast::from(news());
        for entry in entries {
            entry.subscriber.receive(&broadcast);
        }
    }

    /// Whether anybody listens to `user`.
    #[must_use]
    pub fn has_subscribers(&self, user: &UserId) -> bool {
        self.shard(user).contains_key(user)
    }
}

impl Default for PubSub {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut shard = self.pubsub.shard(&self.user);
        let mut gone = None;
        if let Some(entries) = shard.get_mut(&self.user) {
            gone =
                entries.iter().position(|entry| entry.id == self.id).map(|at| entries.remove(at));
            if entries.is_empty() {
                shard.remove(&self.user);
            }
        }
        drop(shard);
        // After the lock: a subscriber's own drop may use the hub.
        drop(gone);
    }
}

impl fmt::Debug for PubSub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PubSub").finish_non_exhaustive()
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("user", &self.user).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Heard(Mutex<Vec<&'static str>>);

    impl Subscriber for Heard {
        fn receive(&self, broadcast: &Broadcast) {
            self.0.lock().unwrap().push(broadcast.name());
        }
    }

    fn news() -> News {
        News::StreamState(Arc::default())
    }

    #[test]
    fn a_subscriber_hears_of_its_user_until_its_subscription_is_dropped() {
        let (pubsub, heard) = (PubSub::new(), Arc::new(Heard::default()));
        let (ada, bob) = (UserId::new("ada").unwrap(), UserId::new("bob").unwrap());
        let subscription = pubsub.subscribe(&ada, heard.clone());
        pubsub.publish(&ada, news);
        pubsub.publish(&bob, || unreachable!("nobody listens to bob"));
        drop(subscription);
        pubsub.publish(&ada, || unreachable!("nobody listens any more"));
        assert_eq!(*heard.0.lock().unwrap(), ["stream_state"]);
        assert!(!pubsub.has_subscribers(&ada));
    }

    #[test]
    fn the_json_is_written_once() {
        let broadcast = Broadcast::from(news());
        assert!(std::ptr::eq(broadcast.json(), broadcast.json()));
    }
}
