//! Where sessions come in: Phoenix channels over WebSocket, HTTP leases, health and metrics.

mod channel;
mod http;
mod identity;
mod websocket;

pub use identity::{Identity, Role};
