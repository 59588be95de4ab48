//! Platforms that speak the real wire on loopback: for tests and for `stagedoord --demo`.
//!
//! A fake is stateful: what is created is there afterwards. It is scriptable: it fails where, when and how it is told
//! to. And it can be looked into. It shares no code with the clients, so that a mistake in one is not one in both.

pub mod cloudflare;
pub mod facebook;
pub mod kick;
pub mod twitch;
pub mod youtube;

mod faults;
mod lock;
mod oauth;
mod serve;

pub use faults::{Effect, Refusal};
pub use oauth::{
    Agreement, FakeOAuth, OAuthCall, OAuthCounts, OAuthStyle, Provider, ProviderConfig, Session,
    Tokens,
};

use lock::lock;
