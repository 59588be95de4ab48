//! Who has read from the store what was before: a tree tells its pages so, and here each user has one.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use stagedoor_stream::{Broadcast, News, Services, Subscriber, Subscription};

use crate::users::user;

/// Counts the trees that have their state.
pub(super) struct Loading {
    page: Arc<Page>,
    _subscriptions: Vec<Subscription>,
}

#[derive(Default)]
struct Page(AtomicUsize);

impl Subscriber for Page {
    fn receive(&self, broadcast: &Broadcast) {
        if let News::StreamState(state) = broadcast.news()
            && !state.loading
        {
            self.0.fetch_add(1, Relaxed);
        }
    }
}

impl Loading {
    /// A page of each of users 0 to `n`.
    pub(super) fn watch(services: &Services, n: usize) -> Self {
        let page = Arc::<Page>::default();
        let subscribe = |index| services.pubsub.subscribe(&user(index), page.clone());
        Self { _subscriptions: (0..n).map(subscribe).collect(), page }
    }

    /// How often somebody's state was told since the start: once a tree, while nobody starts a stream.
    pub(super) fn count(&self) -> usize {
        self.page.0.load(Relaxed)
    }
}
