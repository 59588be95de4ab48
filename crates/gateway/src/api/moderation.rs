//! What a moderator does: always on the one platform on which the viewer is.

use std::time::Duration;

use serde::Deserialize;
use stagedoor_domain::{Platform, UserId};
use stagedoor_platforms::ModerationAct;
use stagedoor_stream::ModeratedView;
use utoipa::ToSchema;

use super::{ANSWER_LIMIT, Desk, chat::MAX_ID_BYTES, limits, outcome::within};
use crate::http::ApiError;

/// The longest timeout, in seconds: two weeks. Some platforms allow less.
const MAX_TIMEOUT_S: u64 = 14 * 24 * 60 * 60;
const MAX_REASON_CHARS: usize = 500;

/// A message to delete.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct DeleteMessage {
    /// On which platform.
    platform: Platform,
    /// The platform's id of it.
    message_id: Box<str>,
}

/// A viewer to ban.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Ban {
    /// On which platform.
    platform: Platform,
    /// The platform's id of the viewer.
    viewer_id: Box<str>,
    /// Why, for the platform's records.
    #[serde(default)]
    reason: Option<Box<str>>,
}

/// A viewer to keep from writing for a while.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Timeout {
    /// On which platform.
    platform: Platform,
    /// The platform's id of the viewer.
    viewer_id: Box<str>,
    /// For how long, in seconds. A platform that counts in minutes rounds up.
    #[schema(minimum = 1, maximum = 1_209_600, example = 600)]
    duration_s: u64,
    /// Why, for the platform's records.
    #[serde(default)]
    reason: Option<Box<str>>,
}

/// A viewer whose ban or timeout ends.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Unban {
    /// On which platform.
    platform: Platform,
    /// The platform's id of the viewer.
    viewer_id: Box<str>,
}

/// An act, and where.
type Act = (Platform, ModerationAct);

impl DeleteMessage {
    pub(crate) fn act(self) -> Result<Act, ApiError> {
        let Self { platform, message_id } = self;
        limits::key("message_id", &message_id, MAX_ID_BYTES)?;
        Ok((platform, ModerationAct::DeleteMessage { message_id }))
    }
}

impl Ban {
    pub(crate) fn act(self) -> Result<Act, ApiError> {
        let Self { platform, viewer_id, reason } = self;
        check(&viewer_id, reason.as_deref())?;
        Ok((platform, ModerationAct::Ban { viewer_id, reason }))
    }
}

impl Timeout {
    pub(crate) fn act(self) -> Result<Act, ApiError> {
        let Self { platform, viewer_id, duration_s, reason } = self;
        check(&viewer_id, reason.as_deref())?;
        if !(1..=MAX_TIMEOUT_S).contains(&duration_s) {
            let message = format!("must be from 1 to {MAX_TIMEOUT_S}");
            return Err(ApiError::invalid_field("duration_s", message));
        }
        let duration = Duration::from_secs(duration_s);
        Ok((platform, ModerationAct::Timeout { viewer_id, duration, reason }))
    }
}

impl Unban {
    pub(crate) fn act(self) -> Result<Act, ApiError> {
        let Self { platform, viewer_id } = self;
        check(&viewer_id, None)?;
        Ok((platform, ModerationAct::Unban { viewer_id, ban_id: None }))
    }
}

fn check(viewer_id: &str, reason: Option<&str>) -> limits::Checked {
    limits::key("viewer_id", viewer_id, MAX_ID_BYTES)?;
    reason.map_or(Ok(()), |reason| limits::name("reason", reason, MAX_REASON_CHARS))
}

/// Carries it out.
pub(crate) async fn carry_out(
    desk: &Desk,
    user: &UserId,
    act: Result<Act, ApiError>,
) -> Result<ModeratedView, ApiError> {
    let (platform, act) = act?;
    limits::platform(&platform)?;
    let tree = desk.tree(user)?;
    Ok(within(ANSWER_LIMIT, &platform, tree.moderate(&platform, act)).await?)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn refused<T: for<'de> Deserialize<'de>>(
        body: Value,
        act: fn(T) -> Result<Act, ApiError>,
    ) -> Option<String> {
        let refusal = act(serde_json::from_value(body).unwrap()).err()?;
        Some(refusal.problem().field().unwrap_or_default().to_owned())
    }

    #[test]
    fn what_goes_to_a_platform_has_limits() {
        let long = "x".repeat(600);
        for id in ["", "a b", &long] {
            let body = json!({ "platform": "twitch", "message_id": id });
            assert_eq!(refused(body, DeleteMessage::act).as_deref(), Some("message_id"), "{id}");
            let body = json!({ "platform": "twitch", "viewer_id": id });
            assert_eq!(refused(body, Unban::act).as_deref(), Some("viewer_id"), "{id}");
        }
        let ban = json!({ "platform": "kick", "viewer_id": "7", "reason": long });
        assert_eq!(refused(ban, Ban::act).as_deref(), Some("reason"));
        for (seconds, field) in
            [(0, Some("duration_s")), (1, None), (1_209_600, None), (1_209_601, Some("duration_s"))]
        {
            let body = json!({ "platform": "kick", "viewer_id": "7", "duration_s": seconds });
            assert_eq!(refused(body, Timeout::act).as_deref(), field, "{seconds}");
        }
    }
}
