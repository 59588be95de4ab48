//! A stage without streams: news are what a test publishes, commands do what their payload says.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use futures_util::future::BoxFuture;
use http::StatusCode;
use serde_json::{Value, json, value::to_raw_value};
use stagedoor_domain::UserId;
use stagedoor_stream::{Broadcast, News, PubSub, Subscriber, Subscription};
use tokio::sync::Semaphore;

use crate::{
    api::commands::{Answer, Command},
    channel::stage::Stage,
    http::ApiError,
};

pub(super) struct Rehearsal {
    pub(super) pubsub: PubSub,
    /// A tree runs, and announces its state to who comes.
    pub(super) runs: AtomicBool,
    /// Commands with `"wait": true` end when they get a permit.
    pub(super) permits: Arc<Semaphore>,
    /// What was carried out.
    pub(super) done: Arc<Mutex<Vec<(String, Command)>>>,
}

impl Default for Rehearsal {
    fn default() -> Self {
        Self {
            pubsub: PubSub::new(),
            runs: AtomicBool::new(false),
            permits: Arc::new(Semaphore::new(0)),
            done: Arc::default(),
        }
    }
}

impl Stage for Rehearsal {
    fn subscribe(&self, user: &UserId, page: Arc<dyn Subscriber>) -> Subscription {
        self.pubsub.subscribe(user, page)
    }

    fn announce(&self, _: &UserId, page: &Arc<dyn Subscriber>) {
        if self.runs.load(Ordering::Relaxed) {
            page.receive(&Broadcast::from(News::StreamState(Arc::default())));
        }
    }

    fn run(&self, user: UserId, command: Command, payload: Box<str>) -> BoxFuture<'static, Answer> {
        let (permits, done) = (Arc::clone(&self.permits), Arc::clone(&self.done));
        Box::pin(async move {
            let payload: Value = serde_json::from_str(&payload).unwrap();
            if payload["wait"] == true {
                permits.acquire().await.unwrap().forget();
            }
            done.lock().unwrap().push((user.to_string(), command));
            if payload["fail"] == true {
                let refusal = ApiError::new(StatusCode::CONFLICT, "not_today", "it rains");
                return Err(refusal.field("weather").help("wait for the sun"));
            }
            Ok(to_raw_value(&json!({ "given": payload })).unwrap())
        })
    }
}
