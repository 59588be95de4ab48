//! What the gateway counts as it goes.

use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use super::names;

/// Cheap to clone: all clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counters {
    pub(crate) connections: Family<ListenerLabels, Gauge>,
    pub(crate) accepted: Family<ListenerLabels, Counter>,
    pub(crate) refused: Family<RefusalLabels, Counter>,
    pub(crate) responses: Family<ResponseLabels, Counter>,
    pub(crate) auth_refused: Family<AuthLabels, Counter>,
    pub(crate) origins_refused: Counter,
    pub(crate) webhooks: Family<WebhookLabels, Counter>,
}

/// Which listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum ListenerLabel {
    #[expect(non_camel_case_types, reason = "the label's value is the variant's name")]
    public,
    #[expect(non_camel_case_types, reason = "the label's value is the variant's name")]
    admin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ListenerLabels {
    pub(crate) listener: ListenerLabel,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct RefusalLabels {
    pub(crate) listener: ListenerLabel,
    /// Of what there were too many.
    pub(crate) limit: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ResponseLabels {
    pub(crate) listener: ListenerLabel,
    /// `2xx` and so on.
    pub(crate) class: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct AuthLabels {
    pub(crate) reason: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct WebhookLabels {
    /// Who sends them.
    pub(crate) source: &'static str,
    /// What became of it: `stored` and so on, or the code of the refusal.
    pub(crate) outcome: &'static str,
}

impl Counters {
    pub(crate) fn register(&self, registry: &mut Registry) {
        let Self {
            connections,
            accepted,
            refused,
            responses,
            auth_refused,
            origins_refused,
            webhooks,
        } = self.clone();
        registry.register(names::CONNECTIONS, "Connections open", connections);
        registry.register(names::CONNECTIONS_ACCEPTED, "Connections taken", accepted);
        registry.register(names::CONNECTIONS_REFUSED, "Connections refused by a limit", refused);
        registry.register(names::RESPONSES, "HTTP answers", responses);
        registry.register(
            names::AUTH_REFUSED,
            "Requests that did not say who they come from",
            auth_refused,
        );
        registry.register(
            names::ORIGINS_REFUSED,
            "Pages of foreign origins that tried to open a socket",
            origins_refused,
        );
        registry.register(names::WEBHOOKS, "Webhooks received", webhooks);
    }
}
