//! The user's accounts on the platforms, at work.
//!
//! ```text
//! store: accounts ──▶ AccountManager ── starts, stops ──▶ PlatformSupervisor
//!                                                         ├── PlatformManager twitch ── Reader ──▶ EventProcessor
//! StreamStateServer ── Want ──▶ each manager              ├── PlatformManager youtube …
//! gateway ── UserContext::send_chat, moderate, … ──▶      └── …
//! Viewers (one loop for all users) ── Standing ──▶
//! ```
//!
//! A manager is one account's: it holds the connection, makes it again when it is lost, makes and ends the platform's side
//! of a livestream, and carries out what the user asks. What a platform's wire looks like it does not know: that is
//! [`stagedoor_platforms`].

mod accounts;
mod breaker;
mod broadcast;
mod broadcast_step;
mod commands;
mod error;
mod fan_out;
mod link;
mod manager;
mod pace;
mod quota_journal;
mod reader;
mod registry;
mod snapshot;
mod state;
mod upkeep;
mod viewers;

#[cfg(test)]
mod tests;

pub use accounts::{AccountManager, AccountsMsg, AccountsSnapshot};
pub(crate) use accounts::{component, platform_supervisor, supervisor};
pub use breaker::BreakerState;
pub use error::PlatformCommandError;
pub use fan_out::ByPlatform;
pub use link::LinkState;
pub use manager::{PlatformManager, PlatformManagerArgs, PlatformMsg, PlatformReply};
pub use pace::PlatformPace;
pub use quota_journal::StoreJournal;
pub use registry::Platforms;
pub use snapshot::{BroadcastView, LinkNews, ModeratedView, PlatformSnapshot, SentMessage};
pub use viewers::Viewers;
