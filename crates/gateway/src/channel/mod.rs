//! The Phoenix channel protocol, version 2, as the `phoenix` client speaks it.
//!
//! ```text
//! text ──▶ Message ──▶ ChannelSession ── track ──▶ Tracker
//!                        │        │                  │ state, diffs
//!                        │        └─ Channel: guard, subscriptions
//!                        ▼                           │
//!                      Reply ──▶ Socket ◀── Feed ◀───┴── PubSub: the user's news
//!                        ▲
//!              requests ─┘ commands, each in a task
//! ```
//!
//! | from a client | answer |
//! |---|---|
//! | `phoenix` `heartbeat` | reply `ok` |
//! | `phx_join` of `dashboard:<page>` | reply `ok` with `{"session_id"}`, `presence_state`, then each `presence_diff` of the user, and `stream_state`, `event`, `alert`, `metrics`, `link` |
//! | a command on a dashboard, such as `stream:start` | reply `ok`, or `error` with `{"code", "message", "field"?, "help"?}`, when it is done |
//! | `phx_join` of `users_presence`, by an admin | reply `ok`, `presence_state` and each `presence_diff` of everybody |
//! | `phx_join` that is refused | reply `error` with `{"reason", "message"?}`: a [`Reason`] and a text for people |
//! | `phx_join` of what is joined | `phx_close` with the old `join_ref`, then as above |
//! | `phx_leave` | reply `ok`, and `phx_close` if it was joined |
//! | anything of an earlier join | nothing |
//! | another event, or a binary push, on a joined topic | reply `error`: `unknown event`, `binary messages are not supported` |
//! | anything on another topic | reply `error`: `unmatched topic` |
//! | no JSON; no message | close with 1007; with 1002 |
//! | binary that is no push | close with 1003 |
//!
//! A channel is no process of its own and cannot die alone, so `phx_error` is never sent: what would kill a channel
//! ends its connection, and the client comes back.

mod binary;
mod feed;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod message;
mod refusal;
mod requests;
mod session;
mod sessions;
mod stage;
mod topic;

#[cfg(test)]
mod tests;

pub use refusal::{ChannelCounters, Reason};
pub use sessions::{Sessions, SocketConfig};
