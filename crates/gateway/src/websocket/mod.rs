//! WebSocket (RFC 6455), the server's side, made for very many connections that are mostly silent.
//!
//! ```text
//! handshake ── 101 ──▶ Connection (a task) ──▶ Handler: the channel protocol
//!                        │  ▲
//!                 Socket ◀──┘ outbox and close, for whoever sends
//!                        │
//!                 Live: every Socket, the idle sweeper
//! ```
//!
//! An idle connection owns its stream, its task and one small [`Socket`]; no buffer, no timer, no queue. See
//! `decoder` for reading, `socket` for writing, `live` for time.

mod close;
mod connection;
mod counters;
mod decoder;
mod frame;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod handshake;
mod live;
mod socket;

pub use close::CloseFrame;
pub(crate) use connection::{Connection, Handler, Sockets};
pub use counters::SocketCounters;
pub(crate) use counters::count;
pub(crate) use handshake::{HandshakeError, handshake};
pub(crate) use live::Live;
pub(crate) use socket::Socket;
