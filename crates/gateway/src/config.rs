//! What can be set of the gateway.

use std::time::Duration;

use crate::{SocketConfig, WebUrl, listener::ListenerSettings, metrics::ListenerLabel};

/// What can be set of the gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GatewayConfig {
    /// The pages that may open a socket besides those of the server's own host, such as
    /// `https://dashboard.example.com`; `*` allows every page.
    pub origins: Vec<String>,
    /// Limits of each socket.
    pub socket: SocketConfig,
    /// Limits of the listener for sessions and the HTTP API.
    pub public: PublicLimits,
    /// Limits of the listener for health and metrics.
    pub admin: AdminLimits,
    /// Where browsers and platforms reach the public listener. Platforms send users back to
    /// `<public_url>/connect/<platform>/callback` and must know that address.
    pub public_url: WebUrl,
    /// The page to which a browser goes after an account was connected, or was not; with the parameters `platform`,
    /// `result` (`connected`, `denied`, `failed`) and perhaps `reason`. Without it the gateway shows a page of its own.
    pub connected_url: Option<WebUrl>,
    /// Every answer says that this is a demonstration: `x-stagedoor-demo: true`.
    pub demo: bool,
}

macro_rules! limits {
    ($(#[$doc:meta])* $name:ident, label: $label:ident, connections: $connections:literal, per_address: $per_address:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name {
            #[doc = concat!("Connections open at a time. Default: ", $connections, ".")]
            pub connections: usize,
            #[doc = concat!(
                "Connections open at a time from one address (IPv4) or one /64 network (IPv6), loopback \
                 included. Behind a proxy all come from the proxy's. Default: ", $per_address, "."
            )]
            pub connections_per_address: usize,
            /// How long a client may take for a request's head, and a connection may idle between two requests.
            /// Default: 10 s.
            pub header_timeout: Duration,
            /// How long a request may take from its head to its answer, the client's body included. Default: 10 s.
            pub request_timeout: Duration,
            /// How long requests under way may take when the listener shuts down. Default: 6 s;
            /// a session's farewell takes at most 5.
            pub drain_timeout: Duration,
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    connections: $connections,
                    connections_per_address: $per_address,
                    header_timeout: Duration::from_secs(10),
                    request_timeout: Duration::from_secs(10),
                    drain_timeout: Duration::from_secs(6),
                }
            }
        }

        impl $name {
            pub(crate) fn settings(&self, demo: bool) -> ListenerSettings {
                ListenerSettings {
                    label: ListenerLabel::$label,
                    connections: self.connections,
                    connections_per_address: self.connections_per_address,
                    header_timeout: self.header_timeout,
                    request_timeout: self.request_timeout,
                    drain_timeout: self.drain_timeout,
                    demo,
                }
            }
        }
    };
}

limits! {
    /// Limits of the listener for sessions and the HTTP API.
    PublicLimits, label: public, connections: 65_536, per_address: 256
}

limits! {
    /// Limits of the listener for health and metrics.
    AdminLimits, label: admin, connections: 64, per_address: 64
}
