//! Messages of EventSub.

use jiff::Timestamp;
use serde_json::json;

use super::sessions::Subscription;

/// The id of a message: another one for each.
pub(crate) fn message_id(number: u64) -> String {
    format!("84c1e79a-2a4b-4c13-{:04x}-{:012x}", number >> 48, number & 0xffff_ffff_ffff)
}

/// Something happened.
pub(crate) fn notification(
    number: u64,
    subscription: &Subscription,
    session: &str,
    event: &str,
    at: Timestamp,
) -> String {
    let (id, kind, version) = (message_id(number), &subscription.kind, &subscription.version);
    let view = subscription.view(session, "enabled");
    format!(
        r#"{{"metadata":{{"message_id":"{id}","message_type":"notification","message_timestamp":"{at}","subscription_type":"{kind}","subscription_version":"{version}"}},"payload":{{"subscription":{view},"event":{event}}}}}"#
    )
}

/// The session is to move.
pub(crate) fn reconnect(number: u64, session: &str, url: &str) -> String {
    json!({
        "metadata": {
            "message_id": message_id(number),
            "message_type": "session_reconnect",
            "message_timestamp": Timestamp::now(),
        },
        "payload": { "session": {
            "id": session,
            "status": "reconnecting",
            "keepalive_timeout_seconds": null,
            "reconnect_url": url,
            "connected_at": Timestamp::now(),
        } },
    })
    .to_string()
}
