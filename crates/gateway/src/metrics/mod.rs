//! What `GET /metrics` shows: counters of the gateway, and whatever else registers a [`Collector`].

mod collector;
mod counters;
pub(crate) mod names;
pub mod write;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus_client::{collector::Collector, encoding::text, registry::Registry};

pub(crate) use self::{
    collector::{PresenceCollector, SocketCollector},
    counters::{
        AuthLabels, Counters, ListenerLabel, ListenerLabels, RefusalLabels, ResponseLabels,
        WebhookLabels,
    },
};

/// How the text of [`Metrics::render`] is called in HTTP.
pub const METRICS_CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The daemon's metrics, open to every part of it. Cheap to clone: all clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Metrics(Arc<Mutex<Registry>>);

impl Metrics {
    /// Without any.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks `collector` at every scrape. It answers under a lock: from atomics and short tables.
    pub fn register(&self, collector: impl Collector) {
        self.registry().register_collector(Box::new(collector));
    }

    /// All metrics, in the text form of `OpenMetrics`.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = String::new();
        if text::encode(&mut out, &self.registry()).is_err() {
            tracing::error!("a collector failed; the metrics are incomplete");
        }
        out
    }

    pub(crate) fn registry(&self) -> MutexGuard<'_, Registry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
