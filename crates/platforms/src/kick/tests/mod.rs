//! What Kick sends, and Kick on loopback.

mod calls;
mod connecting;
mod golden;
mod interleavings;
mod odd;
mod signed;
mod stage;
mod webhooks;
