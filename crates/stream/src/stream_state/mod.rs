//! StreamStateServer: where a user's stream stands.
//!
//! ```text
//!             encoder connects                start              the first destination is live
//!   offline ──────────────────▶ ready ─────────────────▶ starting ───────────────────────────▶ live ◀───────┐
//!      ▲ ◀────────────────────── ▲                         │                                    │ │  encoder │
//!      │       encoder lost      │                         │ stop, or every                     │ │ encoder  │ back
//!      │                         │ start                   │ destination failed                 │ ▼ lost     │
//!      │ encoder lost            │ goes to starting        │                                    │ interrupted┘
//!      ├─────────────── failed ──┘                         ▼     stop, or every one failed      │ │ stop, or the
//!      │                   ▲                             ending ◀───────────────────────────────┘─┘ deadline
//!      │                   │ they had failed               │
//!      └───────────────────┴───────── ready ◀──────────────┘ nothing is sent to any destination any more
//! ```
//!
//! [`machine`] has the rules and nothing else; [`follow`] sees to it that the world follows: after each change it
//! compares what should be (saved, attached, timed, told) with what is, and does what is missing. A livestream is saved
//! before anything is attached for it, so that a crash at any moment leaves a record of what may be on air; the next
//! life goes on from there.

mod error;
mod follow;
mod load;
mod machine;
mod metadata_queue;
mod server;
mod snapshot;
mod state;
#[cfg(test)]
mod tests;
mod timeline;

pub use error::StreamCommandError;
pub(crate) use server::component;
pub use server::{StreamStateMsg, StreamStateServer};
pub use snapshot::{DestinationState, Encoder, StreamStateSnapshot};
