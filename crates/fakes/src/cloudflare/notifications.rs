//! What Cloudflare tells of its own accord: encoders that come and go.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{Encoder, Shared, lock};

/// How often a notification is sent before it is given up.
const TRIES: u32 = 3;

/// How long until it is sent again.
const AGAIN_AFTER: Duration = Duration::from_millis(200);

/// Where notifications go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookTarget {
    /// The address.
    pub url: String,
    /// What `cf-webhook-auth` says.
    pub secret: String,
}

#[derive(Debug)]
pub(crate) struct Notification {
    pub(crate) input: Box<str>,
    pub(crate) encoder: Encoder,
    pub(crate) at: Timestamp,
}

impl Notification {
    fn body(&self) -> Option<Value> {
        let event_type = match &self.encoder {
            Encoder::Never => return None,
            Encoder::Connected => "live_input.connected",
            Encoder::Disconnected => "live_input.disconnected",
            Encoder::Errored(_) => "live_input.errored",
        };
        let mut data = json!({
            "notification_name": "Stream Live Input",
            "input_id": self.input,
            "event_type": event_type,
            "updated_at": self.at,
        });
        if let Encoder::Errored(code) = &self.encoder {
            data["live_input_errored"] = json!({
                "error": { "code": code, "message": "the encoder's settings are not supported" },
                "video_codec": "h264",
                "audio_codec": "aac",
            });
        }
        Some(json!({
            "name": "Stream Live",
            "text": format!("Notification type: Stream Live Input, event: {event_type}"),
            "data": data,
            "ts": self.at.as_second(),
        }))
    }
}

/// Sends notifications in their order, for as long as the fake lives.
pub(crate) async fn deliver(mut queue: mpsc::UnboundedReceiver<Notification>, shared: Arc<Shared>) {
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build();
    let http = http.expect("a client without TLS needs nothing");
    while let Some(notification) = queue.recv().await {
        let target = lock(&shared.webhook).clone();
        let (Some(target), Some(body)) = (target, notification.body()) else { continue };
        for attempt in 1..=TRIES {
            let request = http.post(&target.url).header("cf-webhook-auth", &target.secret);
            match request.json(&body).send().await {
                Ok(answer) if answer.status().is_success() => break,
                Ok(answer) => tracing::debug!(status = %answer.status(), "notification refused"),
                Err(error) => tracing::debug!(%error, "notification not delivered"),
            }
            if attempt < TRIES {
                tokio::time::sleep(AGAIN_AFTER).await;
            }
        }
    }
}
