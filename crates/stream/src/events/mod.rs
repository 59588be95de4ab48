//! EventProcessor: the one door for a user's events.
//!
//! ```text
//! platform managers, EventDoor ── Submit ──▶ EventProcessor ── append ──▶ store, which writes for all users
//!                                              │ own message's echo?         │
//!                                              │ alert?                      │ durable
//!      StreamStateServer, AlertQueue,          │                             │
//!      MetricsCollector, CloudflareManager ◀───┴──◀──── Delivery ◀───────────┘
//!      and whoever listens
//! ```
//!
//! What it promises:
//!
//! - **Once.** The store decides by the dedupe key; memory only answers sooner. The alert is stored with its event.
//! - **In order.** Events are appended as they come and published in the order of their ids.
//! - **Never lost.** Whoever submits hears when it is durable. What a dying EventProcessor had taken goes to the store
//!   all the same, and what the store had written is published all the same.
//! - **Bounded.** A user has a thousand events under way at most; then `overloaded` is the answer.

mod door;
mod echo;
mod processor;
mod publication;
mod recent;
mod state;
mod submission;

#[cfg(test)]
mod tests;

pub use door::{EventDoor, WebhookError, WebhookOutcome};
pub use echo::OwnMessage;
pub(crate) use processor::component;
pub use processor::{EventProcessor, EventsMsg, EventsSnapshot};
pub use submission::{Receipt, SubmitError};
