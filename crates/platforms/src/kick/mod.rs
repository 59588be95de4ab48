//! Kick: the public API and signed webhooks.

mod emotes;
mod json;
mod on_air;
mod reports;
mod signature;
mod webhook;

pub use signature::{NotAKey, PublicKey};
pub use webhook::{Webhook, WebhookError};

#[cfg(test)]
mod tests;
