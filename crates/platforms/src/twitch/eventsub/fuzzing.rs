//! See [`crate::fuzzing`].

use super::frame::{Says, read};
use crate::{
    fuzzing::{NOW, is_taken},
    twitch::events::report,
};

/// A message of EventSub: as it is, and as what a notification carries.
pub fn twitch_frame(body: &[u8]) {
    let Ok(text) = std::str::from_utf8(body) else { return };
    let metadata =
        r#"{"message_id":"96a3f3b5-5dec-4eed-908e-e11ee657416c","message_type":"notification"}"#;
    for text in [text, &format!(r#"{{"metadata":{metadata},"payload":{text}}}"#)] {
        let Some(frame) = read(text, NOW) else { continue };
        if let Says::Notification(notification) = frame.says {
            report(notification, NOW).iter().for_each(is_taken);
        }
    }
}
