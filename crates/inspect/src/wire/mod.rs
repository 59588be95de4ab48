//! The wire: length-delimited frames of JSON, versioned. `docs/inspect.md` describes it for other languages.

mod ask;
mod connection;
mod counters;
mod frame;
mod listener;
mod peer;
mod serve;

pub use counters::ConnectionCounters;
pub(crate) use frame::{Answer, Codec, Greeting, Hello, Request, decode, encode};
pub use frame::{MAX_ANSWER_BYTES, MAX_REQUEST_BYTES, VERSION};
pub use listener::Listener;
pub use serve::{ServeConfig, serve};
