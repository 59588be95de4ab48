//! The plain data that every other crate speaks of: ids and statuses.
//!
//! Nothing here waits, sends or knows an actor. What comes from outside becomes one of these types at the edge, where
//! its limits are checked once, and is trusted from then on.

mod id;
mod status;

pub use id::{IdError, MAX_ID_BYTES, MAX_PAGE_BYTES, Page, SessionId, UserId};
pub use status::StreamStatus;
