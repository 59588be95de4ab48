//! Clients for Twitch, YouTube, Kick and Facebook behind one trait.
//!
//! ```text
//! PlatformManager ── Platform ──▶ twitch   EventSub by WebSocket, Helix
//!                                 youtube  StreamList by gRPC, Data API; the quota ledger of the project
//!                                 kick     signed webhooks, the public API
//!                                 facebook Graph: polling
//!                 ◀── Connection: batches of EventReports, and where to read on after them
//! ```
//!
//! Each module knows one platform's wire and nothing else; what they have in common stands beside them. No actors here,
//! and no memory of users: whoever holds a [`Connection`] decides when it is made again. What a vendor forbids cannot be
//! asked for, and what a platform lacks is answered by [`Error::Unsupported`].

mod access;
mod broadcast;
mod build_error;
mod capabilities;
mod chat;
mod connection;
mod error;
mod fit;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod http;
mod metadata;
mod oauth;
mod platform;
mod priority;
mod standing;

pub mod facebook;
pub mod kick;
pub mod twitch;
pub mod youtube;

pub use access::{AccessToken, AccountAccess, TokenError, TokenSource};
pub use broadcast::{Broadcast, BroadcastPlan, Ingest, Place};
pub use build_error::BuildError;
pub use capabilities::{Capabilities, ChatSource, Operation, Replay, TimeoutUnit};
pub use chat::{ChatMessage, Moderated, ModerationAct, Sent};
pub use connection::{Batch, Connection, Disconnect, Link, Resume};
pub use error::Error;
pub use http::http_client;
pub use metadata::{Applied, Category, Skipped};
pub use oauth::{Grant, GrantError, OAuth, OAuthConfig, Pkce};
pub use platform::{Identity, Platform, Reply};
pub use priority::Priority;
pub use standing::{Standing, Watched};
