//! A client for Cloudflare Stream live inputs and outputs, and the budget that all users share.
