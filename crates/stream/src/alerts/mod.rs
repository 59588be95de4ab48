//! AlertQueue: one alert at a time, on all overlays of a user alike.
//!
//! ```text
//! EventProcessor ── Enqueue ──▶ AlertQueue ── show, hide, … ──▶ PubSub ──▶ overlays, dashboard
//! the streamer ──── Pause, … ──▶  │   ▲ └─ its own timer: display time, then the pause between two
//!                                 ▼   │
//!                              Journal ── in order, beside the show ──▶ store
//! ```
//!
//! - **Rules** ([`rules`]): which events raise an alert.
//! - **Order** ([`queue`]): replays, then large donations and raids, then the rest. Repeated cheers go into one. At most
//!   `alert_backlog` wait; then the oldest of the lowest priority is dropped. One that has waited for longer than
//!   `alert_max_age` is dropped when its turn comes; a pause does not count.
//! - **Time** ([`show`]): display time and cooldown. Nothing that an overlay does makes it faster or slower.
//! - **Crashes** ([`journal`]): a new life goes on with what is on the overlays to the end they were told, and shows
//!   nothing twice. When the daemon itself was killed, what the store calls showing counts as shown.

mod alert_queue;
mod command;
mod journal;
mod news;
mod queue;
mod rules;
mod samples;
mod show;
mod state;

#[cfg(test)]
mod tests;

pub(crate) use alert_queue::component;
pub use alert_queue::{AlertQueue, AlertQueueMsg, AlertQueueSnapshot, ShowingAlert};
pub use command::{AlertCommandError, AlertReply, ask_alerts};
pub use news::{AlertChange, AlertNews};
pub(crate) use rules::alert_for;
