//! What a dashboard channel needs of the streams behind it.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use stagedoor_domain::UserId;
use stagedoor_stream::{AlertQueueMsg, PlatformMsg, StreamStateMsg, Subscriber, Subscription};

use crate::api::{
    Desk,
    commands::{self, Answer, Command},
};

/// What is told to channels, and what is done for them.
pub(crate) trait Stage: Send + Sync {
    /// From now on `page` hears the user's news.
    fn subscribe(&self, user: &UserId, page: Arc<dyn Subscriber>) -> Subscription;

    /// Has the present state told to `page`, if a tree runs for the user. One that starts later tells by itself.
    fn announce(&self, user: &UserId, page: &Arc<dyn Subscriber>);

    /// Carries out a command.
    fn run(&self, user: UserId, command: Command, payload: Box<str>) -> BoxFuture<'static, Answer>;
}

impl Stage for Desk {
    fn subscribe(&self, user: &UserId, page: Arc<dyn Subscriber>) -> Subscription {
        self.backstage().services.pubsub.subscribe(user, page)
    }

    fn announce(&self, user: &UserId, page: &Arc<dyn Subscriber>) {
        let Some(tree) = self.backstage().trees.get(user) else { return };
        // Whoever is between two lives tells its state when it is back.
        let _ = tree.stream_state().cast(StreamStateMsg::Announce(Arc::clone(page)));
        // A queue that nobody has needed yet is not started to say that it is empty.
        if tree.alerts().current().is_some() {
            let _ = tree.alerts().cast(AlertQueueMsg::Announce(Arc::clone(page)));
        }
        for platform in self.connected(&tree) {
            if let Some(manager) = tree.platform(&platform) {
                let _ = manager.cast(PlatformMsg::Announce(Arc::clone(page)));
            }
        }
    }

    fn run(&self, user: UserId, command: Command, payload: Box<str>) -> BoxFuture<'static, Answer> {
        let desk = self.clone();
        Box::pin(async move { commands::run(&desk, &user, command, &payload).await })
    }
}
