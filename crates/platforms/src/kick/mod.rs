//! Kick: the public API and signed webhooks.
