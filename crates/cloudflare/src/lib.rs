//! A client for Cloudflare Stream live inputs and outputs, and the budget that all users share.
//!
//! ```text
//! who wants a call ── Priority ──▶ Budget ── Permit ──▶ HTTPS ──▶ LiveInput, Output, or an Error that says
//!                                    ▲                    │       whether the work may have been done
//!                                    └── rate headers ────┘
//! Cloudflare's Notifications ── body ──▶ LiveWebhook
//! ```
//!
//! Every call of the API takes its turn in one [`Budget`], because Cloudflare counts all calls of an account together
//! and blocks all of them once there were too many. Nothing here repeats a call by itself: whoever asked knows what
//! may be repeated.
//!
//! What Cloudflare documents: <https://developers.cloudflare.com/api/resources/stream/subresources/live_inputs/> and
//! <https://developers.cloudflare.com/fundamentals/api/reference/limits/>. What it does not keep to is read
//! tolerantly: an answer is refused only when what we need of it is missing.

mod budget;
mod client;
mod error;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod lifecycle;
mod live_input;
mod output;
mod rate_headers;
mod status;
mod transport;
mod webhook;

pub use budget::{Budget, BudgetSnapshot, LIMITS, Permit, Priority, Turn};
pub use client::{Client, ClientConfig};
pub use error::{BuildError, Error};
pub use lifecycle::Lifecycle;
pub use live_input::{Ingest, LiveInput, LiveInputEntry};
pub use output::Output;
pub use stagedoor_budget::{BudgetConfig, Reserved};
pub use status::{ConnectionState, ConnectionStatus};
pub use webhook::{LiveEvent, LiveWebhook, WebhookError};
