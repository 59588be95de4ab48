//! Twitch: EventSub by WebSocket, and Helix.
//!
//! ```text
//! eventsub  one socket for each account: what happens there      ──▶ events ──▶ EventReport
//! helix     calls: chat, moderation, the channel, who watches    ◀── Platform
//! ```
//!
//! <https://dev.twitch.tv/docs/api/reference/>. What Twitch forbids has no way to be asked for here: nothing can be sent
//! by a socket of EventSub, and the call that deletes a message takes one message's id (without it Twitch empties the
//! chat).

mod account;
mod channel;
mod chat;
mod config;
mod events;
mod eventsub;
#[cfg(any(test, fuzzing))]
pub(crate) use eventsub::fuzzing;
mod helix;
mod platform;
mod streams;

use std::sync::{Arc, Mutex};

use reqwest::Url;

use crate::{
    OAuth,
    http::{Http, PerAccount},
};
use channel::Categories;
use eventsub::Sockets;

pub use config::{Config, SCOPES};

/// Twitch, for all users. A clone is the same one.
#[derive(Clone, Debug)]
pub struct Twitch(Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    http: Http,
    validation: Http,
    budgets: Arc<PerAccount>,
    /// `https://api.twitch.tv/helix`
    helix: Url,
    validate: Url,
    eventsub_url: Box<str>,
    ingest_url: Box<str>,
    sockets: Sockets,
    oauth: OAuth,
    categories: Mutex<Categories>,
}

#[cfg(test)]
mod tests;
