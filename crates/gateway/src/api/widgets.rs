//! Widgets: the tokens of their addresses, and their settings.

use secrecy::ExposeSecret;
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::{Map, Value};
use stagedoor_domain::UserId;
use utoipa::ToSchema;

use super::Desk;
use crate::http::ApiError;

/// The widgets that there are. A user may have several of a kind: `goal`, `goal-2` … `goal-9`.
const WIDGETS: [&str; 12] = [
    "alert_box",
    "chat",
    "event_list",
    "follower_count",
    "goal",
    "poll",
    "stream_status",
    "sub_count",
    "ticker",
    "timer",
    "top_donors",
    "viewer_count",
];
const MAX_SETTINGS_BYTES: usize = 16 * 1024;

/// The name of a widget.
#[derive(Debug)]
pub(crate) struct WidgetName(Box<str>);

impl<'de> Deserialize<'de> for WidgetName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Box::<str>::deserialize(deserializer)?;
        if is_widget(&name) {
            Ok(Self(name))
        } else {
            let all = WIDGETS.join(", ");
            Err(de::Error::custom(format_args!(
                "there is no such widget; there are {all}, each also with -2 to -9 behind it"
            )))
        }
    }
}

fn is_widget(name: &str) -> bool {
    let kind = match name.split_once('-') {
        Some((kind, number)) if matches!(number.as_bytes(), [b'2'..=b'9']) => kind,
        Some(_) => return false,
        None => name,
    };
    WIDGETS.contains(&kind)
}

/// A widget by its name.
#[derive(Debug, Deserialize)]
pub(crate) struct WidgetPath {
    pub(crate) widget: WidgetName,
}

/// The same on a channel, with what its settings shall be.
#[derive(Debug, Deserialize)]
pub(crate) struct SetWidget {
    pub(crate) widget: WidgetName,
    pub(crate) settings: Map<String, Value>,
}

/// A new token.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WidgetToken {
    /// What the widget's address carries. It is told this once, and the one before it is void.
    token: String,
}

pub(crate) async fn create_token(
    desk: &Desk,
    user: &UserId,
    WidgetName(widget): &WidgetName,
) -> Result<WidgetToken, ApiError> {
    let token = desk.store().create_widget_token(user, widget).await?;
    Ok(WidgetToken { token: token.expose_secret().to_owned() })
}

pub(crate) async fn revoke_token(
    desk: &Desk,
    user: &UserId,
    WidgetName(widget): &WidgetName,
) -> Result<(), ApiError> {
    if desk.store().revoke_widget_token(user, widget).await? {
        Ok(())
    } else {
        Err(ApiError::missing(format!("the widget {widget} has no token")))
    }
}

/// An empty object when nothing was saved.
pub(crate) async fn settings(
    desk: &Desk,
    user: &UserId,
    WidgetName(widget): &WidgetName,
) -> Result<Value, ApiError> {
    let settings = desk.store().widget_settings(user, widget).await?;
    Ok(settings.unwrap_or_else(|| Value::Object(Map::new())))
}

pub(crate) async fn set_settings(
    desk: &Desk,
    user: &UserId,
    WidgetName(widget): &WidgetName,
    settings: Map<String, Value>,
) -> Result<Value, ApiError> {
    let settings = Value::Object(settings);
    let bytes = settings.to_string().len();
    if bytes > MAX_SETTINGS_BYTES {
        let message =
            format!("{bytes} bytes of settings, more than the {MAX_SETTINGS_BYTES} allowed");
        return Err(ApiError::invalid("body", message));
    }
    desk.store().put_widget_settings(user, widget, &settings).await?;
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::is_widget;

    #[test]
    fn there_are_so_many_widgets_and_no_more() {
        for name in ["chat", "alert_box", "goal-2", "goal-9"] {
            assert!(is_widget(name), "{name}");
        }
        for name in ["", "chat-", "goal-1", "goal-10", "goal-2-2", "clock", "Chat"] {
            assert!(!is_widget(name), "{name}");
        }
    }
}
