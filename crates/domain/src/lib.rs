//! The plain data that every other crate speaks of: ids, events, money, statuses.
//!
//! Nothing here waits, sends or knows an actor. What comes from outside becomes one of these types at the edge, where
//! its limits are checked once, and is trusted from then on. The JSON forms are stable: they are stored, pushed to
//! pages and documented; golden files hold them.

mod account;
mod alert;
mod destination;
mod event;
mod id;
mod key;
mod limits;
mod livestream;
mod money;
mod open_enum;
mod platform;
mod statistics;
mod status;

pub use account::Account;
pub use alert::{Alert, AlertId, AlertKind, AlertPriority, AlertRule, AlertSettings, AlertState};
pub use destination::{Destination, DestinationStatus};
pub use event::{
    Actor, Badge, EventId, EventKind, EventReport, Fragment, FragmentKind, Gift,
    MAX_DEDUPE_KEY_BYTES, MAX_RAW_BYTES, Message, Moderation, ModerationAction, Output, Raid,
    Reply, Reward, Roles, StreamEvent, StreamFacts, Subscription,
};
pub use id::{
    DestinationId, IdError, MAX_DESTINATION_ID_BYTES, MAX_ID_BYTES, MAX_PAGE_BYTES, Page,
    SessionId, UserId,
};
pub use limits::{Invalid, Problem};
pub use livestream::{
    Livestream, LivestreamId, LivestreamSummary, Metadata, SeriesPoint, ViewerSamples,
};
pub use money::{Currency, Money, NotACurrency, UnitKind, Units};
pub use platform::Platform;
pub use statistics::{Counted, PlatformViewers, Statistics};
pub use status::StreamStatus;
