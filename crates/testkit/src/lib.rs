//! What tests need: a daemon in the process or beside it, and clients of its channels and of its API.
//!
//! ```text
//! Harness ─ a Daemon in this process, on free ports, with small times ─┐
//!                                                                      ├─▶ Reach ─▶ sockets, HTTP, inspector
//! Process ─ the binary, with its log and its signals ──────────────────┘
//! ```
//!
//! Either may have [fakes](stagedoor_fakes) for Cloudflare and the platforms.
//!
//! Nothing here sleeps and hopes: whoever waits, waits for a condition, by [`wait_until`].

mod api;
mod channel_client;
mod harness;
mod process;
mod reach;
mod waiting;

pub use api::{Answer, Api};
pub use channel_client::{ChannelClient, ClientError, Connect, Frame, Reply};
pub use harness::{Harness, HarnessBuilder};
pub use process::{Ended, Process, ProcessBuilder, Signal};
pub use reach::Reach;
pub use waiting::{PATIENCE, wait_until};

/// What the fake Cloudflare says in `cf-webhook-auth`.
const WEBHOOK_SECRET: &str = "the webhooks of a test";
