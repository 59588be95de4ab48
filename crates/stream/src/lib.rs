//! A user's tree: UserStreamManager and its components.
//!
//! ```text
//! UserStreamManager          one_for_one
//! ├── stream_state           StreamStateServer: where the stream stands; what is wanted of Cloudflare
//! ├── cloudflare             CloudflareManager: the live input and its outputs
//! ├── events                 EventProcessor: the one door for events; started with the first one
//! ├── metrics                MetricsCollector: series by the minute; started with the first thing to count
//! ├── alerts                 AlertQueue: one alert at a time; started with the first one
//! └── console_logger         ConsoleLogger, when configured
//! ```
//!
//! A component is a function from the user's context to a child's specification, in a file of its own, and one entry
//! in [`Components::standard`]; a program that embeds the daemon adds its own by [`Components::with`]. The way in from
//! outside is [`UserTrees`]; the way out is [`PubSub`].

mod alerts;
mod cloudflare;
mod components;
mod console_logger;
mod context;
mod events;
mod jitter;
mod metrics;
mod on_air;
mod platforms;
mod pubsub;
mod settings;
mod stream_state;
mod tasks;
mod tokens;
mod user_stream_manager;

#[cfg(test)]
mod test_house;
#[cfg(test)]
mod tests;

pub use alerts::{
    AlertChange, AlertCommandError, AlertNews, AlertQueue, AlertQueueMsg, AlertQueueSnapshot,
    AlertReply, ShowingAlert, ask_alerts,
};
pub use cloudflare::{
    CloudflareManager, CloudflareMsg, CloudflarePace, CloudflareSnapshot, EncoderSnapshot,
    OutputSnapshot, TargetObstacle, Wanted,
};
pub use components::{Component, Components};
pub use console_logger::{ConsoleLogger, ConsoleLoggerMsg, ConsoleLoggerSnapshot};
pub use context::{Services, UserContext, UserTrees};
pub use events::{
    EventDoor, EventProcessor, EventsMsg, EventsSnapshot, OwnMessage, Receipt, SubmitError,
    WebhookError, WebhookOutcome,
};
pub use metrics::{MetricsCollector, MetricsMsg, MetricsSnapshot, RollingCount};
pub use on_air::{OnAir, OnAirEntry};
pub use platforms::{
    AccountManager, AccountsMsg, AccountsSnapshot, BreakerState, BroadcastView, ByPlatform,
    LinkNews, LinkState, ModeratedView, PlatformCommandError, PlatformManager, PlatformManagerArgs,
    PlatformMsg, PlatformPace, PlatformReply, PlatformSnapshot, Platforms, SentMessage,
    StoreJournal, Viewers,
};
pub use pubsub::{Broadcast, News, PubSub, Subscriber, Subscription};
pub use settings::StreamSettings;
pub use stream_state::{
    DestinationState, Encoder, StreamCommandError, StreamStateMsg, StreamStateServer,
    StreamStateSnapshot,
};
pub use tokens::TokenKeeper;
pub use user_stream_manager::user_stream_manager;
