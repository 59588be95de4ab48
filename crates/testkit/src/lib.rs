//! What tests need: a daemon in the process or beside it, and a client of its channels.
//!
//! ```text
//! Harness ─ a Daemon in this process, on free ports, with small times ─┐
//!                                                                      ├─▶ Reach ─▶ sockets, HTTP, inspector
//! Process ─ the binary, with its log and its signals ──────────────────┘
//! ```
//!
//! Nothing here sleeps and hopes: whoever waits, waits for a condition, by [`wait_until`].

mod channel_client;
mod harness;
mod process;
mod reach;
mod waiting;

pub use channel_client::{ChannelClient, ClientError, Connect, Frame, Reply};
pub use harness::{Harness, HarnessBuilder};
pub use process::{Ended, Process, ProcessBuilder, Signal};
pub use reach::{Answer, Reach};
pub use waiting::{PATIENCE, wait_until};
