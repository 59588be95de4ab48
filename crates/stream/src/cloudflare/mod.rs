//! CloudflareManager: the user's live input, its encoder, and its outputs.
//!
//! ```text
//!                      ┌─────────────────────── CloudflareManager ───────────────────────┐
//! StreamStateServer ──▶│ Want ──▶ outputs: goal, presence ──▶ step ──▶ turn ──▶ act ─┐     │──▶ DestinationChanged
//!                      │             ▲───────────────────────────────────────────────┘     │
//! EventProcessor ─────▶│ InputEvent ──▶ encoder: what is known ◀── GET, lifecycle          │──▶ EncoderSeen, events
//!                      │ input: stored? intended? create ──▶ uid                           │
//!                      └──────────────────────────────────────────────────────────────────┘
//! ```
//!
//! It is level-triggered. Every message changes what is known or wanted, and then `State::drive` compares the two and
//! begins what is missing: at most one task for the live input, one for the encoder, one for the list of
//! outputs, and one for each destination. A task casts what came of it back. All end with the actor.
//!
//! **No output is leaked or made twice.** What is to be created is written down first. As long as it is not known what
//! came of it, the outputs are listed, and one that leads to the same place is taken over. A call that is under way is
//! never cut off, but one that waits for its turn in the budget is, when it is not wanted any more.
//!
//! **What is ours.** An output that leads to the URL with the stream key of a destination that we have a record of: a
//! hash of both is in the record. All others are somebody else's and never touched.

mod act;
mod drive_encoder;
mod drive_input;
mod drive_outputs;
mod encoder;
mod entry;
mod input;
mod listing;
mod manager;
mod output;
mod outputs;
mod pace;
mod snapshot;
mod state;
mod statuses;
mod targets;
mod wanted;

#[cfg(test)]
mod tests;

pub(crate) use manager::component;
pub use manager::{CloudflareManager, CloudflareMsg, TargetObstacle};
pub use pace::CloudflarePace;
pub use snapshot::{CloudflareSnapshot, EncoderSnapshot, OutputSnapshot};
pub use wanted::Wanted;
