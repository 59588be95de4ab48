//! Where sessions come in: Phoenix channels over WebSocket, HTTP leases, health and metrics.
//!
//! ```text
//! listener ─▶ http ─┬─ socket ─▶ origin, auth ─▶ websocket ─▶ channel ─┬─▶ presence::Tracker
//!  limits           ├─ leases ─▶ auth ─▶ Leases ───────────────────────┤
//!                   ├─ presence ◀──────────────────────────────────────┘    the user's tree
//!                   ├─ v1 ──────▶ auth ─▶ api ◀── commands ── channel        ▲      Store
//!                   ├─ connect ───────────┤ pages: OAuth                     │      │
//!                   └─ webhooks ──────────┴──▶ Backstage ───────────────────┴──────▲
//! listener ─▶ http::admin: live, ready, metrics
//! ```
//!
//! [`Gateway`] puts it together.

mod api;
mod auth;
mod backstage;
mod channel;
mod config;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod gateway;
mod http;
mod identity;
mod leases;
mod listener;
mod metrics;
mod origin;
mod readiness;
mod web_url;
mod websocket;

pub use auth::{
    AuthConfig, AuthError, AuthKey, AuthKeyError, Authenticator, MIN_SECRET_BYTES, MintError,
    NotLoopback,
};
pub use backstage::Backstage;
pub use channel::{ChannelCounters, Reason, Sessions, SocketConfig};
pub use config::{AdminLimits, GatewayConfig, PublicLimits};
pub use gateway::Gateway;
pub use identity::{Identity, Role};
pub use metrics::{METRICS_CONTENT_TYPE, Metrics, write as write_metric};
pub use origin::OriginError;
pub use readiness::{Readiness, ReadinessReport};
pub use web_url::{WebUrl, WebUrlError};
pub use websocket::{CloseFrame, SocketCounters};
