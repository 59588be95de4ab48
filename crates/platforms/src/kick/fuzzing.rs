//! See [`crate::fuzzing`].

use serde_json::Value;

use super::reports::{Delivery, broadcaster_id, reports};
use crate::fuzzing::{NOW, is_taken};

/// The types that a delivery may be of, and one that nobody knows.
const TYPES: [&str; 11] = [
    "chat.message.sent",
    "channel.followed",
    "channel.subscription.new",
    "channel.subscription.renewal",
    "channel.subscription.gifts",
    "channel.reward.redemption.updated",
    "livestream.status.updated",
    "livestream.metadata.updated",
    "moderation.banned",
    "kicks.gifted",
    "something.new",
];

/// A delivery's body, whose signature has been verified, as one of each type.
pub fn kick_webhook(body: &[u8]) {
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return };
    let _ = broadcaster_id(&body);
    for event_type in TYPES {
        let delivery =
            Delivery { message_id: "01JQR5KV0QC94HMETWYNBWRW4Z", event_type, sent_at: NOW };
        reports(&delivery, body.clone(), NOW).iter().for_each(is_taken);
    }
}
