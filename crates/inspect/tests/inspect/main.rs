//! The inspector and both ends of its wire, over a small tree and real sockets.

#![expect(clippy::unwrap_used, reason = "a test that is surprised fails")]

mod acts;
mod answers;
mod door;
mod house;
mod paging;
mod raw;
mod streaming;
mod watching;
mod wire;
