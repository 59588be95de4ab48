//! What Kick sends, and Kick on loopback.

mod calls;
mod connecting;
mod golden;
mod signed;
mod stage;
mod webhooks;
