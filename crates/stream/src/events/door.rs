//! `EventDoor`: the way in for events from outside a tree, whether or not there is one.

use std::sync::Arc;

use stagedoor_cloudflare::LiveWebhook;
use stagedoor_domain::{EventReport, UserId};
use stagedoor_store::{NewEvent, StoreError};
use thiserror::Error;

use super::{
    EventsMsg,
    publication::{Publisher, append},
    submission::{Receipt, Reply, Submission, SubmitError},
};
use crate::{Services, UserTrees, alerts::alert_for};

/// Takes events in and answers when they are durable. A clone costs two reference counts.
///
/// They go through the user's EventProcessor. Where there is no tree, or EventProcessor is between two lives, they go
/// to the store straight, by the same rules; and where it ends before it has answered, they go once more, which the
/// dedupe key makes harmless.
#[derive(Clone, Debug)]
pub struct EventDoor {
    trees: UserTrees,
    services: Arc<Services>,
}

/// What became of a notification of Cloudflare's. Each is to be answered with success: to send it again would change
/// nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookOutcome {
    /// It is stored as an event.
    Stored(Receipt),
    /// It is about a live input that we do not know.
    UnknownInput,
    /// It is about something else.
    NotAboutALiveInput,
}

/// Why a notification of Cloudflare's was not taken.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// It cannot be read.
    #[error("could not read the notification")]
    Malformed(#[source] stagedoor_cloudflare::WebhookError),
    /// It cannot be told now whose live input it is about.
    #[error("could not look up whose live input it is")]
    Store(#[from] StoreError),
    /// Its event was not taken.
    #[error("could not store the notification")]
    Submit(#[from] SubmitError),
}

impl WebhookError {
    /// Its name for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::Store(_) => "store_unavailable",
            Self::Submit(error) => error.code(),
        }
    }
}

impl EventDoor {
    /// The door to these trees and this store.
    #[must_use]
    pub fn new(trees: UserTrees, services: Arc<Services>) -> Self {
        Self { trees, services }
    }

    /// Takes an event in. Answers when it is durable; while the store does not work that may be long.
    ///
    /// # Errors
    /// See [`SubmitError`].
    pub async fn submit(&self, user: &UserId, report: EventReport) -> Result<Receipt, SubmitError> {
        if let Some(cx) = self.trees.get(user) {
            let (reply, answer) = ractor::concurrency::oneshot();
            let message = EventsMsg::submit(report.clone(), Some(Reply::from(reply)));
            if cx.events().cast(message).is_ok()
                && let Ok(answer) = answer.await
            {
                return answer;
            }
        }
        self.store(user, report).await
    }

    async fn store(&self, user: &UserId, report: EventReport) -> Result<Receipt, SubmitError> {
        let submission = Submission::new(report);
        let services = &self.services;
        let settings = services.store.alert_settings(user).await.unwrap_or_else(|error| {
            tracing::warn!(%user, %error, "settings not read");
            stagedoor_domain::AlertSettings::default()
        });
        let Submission { report, received_at, .. } = submission;
        let event = NewEvent {
            user: user.clone(),
            livestream: services.on_air.get(user).map(|entry| entry.livestream),
            received_at,
            alert: alert_for(user, &report, &settings, received_at),
            report,
        };
        let publisher = Publisher::Outside {
            user: user.clone(),
            services: Arc::clone(services),
            trees: self.trees.clone(),
        };
        let (reply, answer) = ractor::concurrency::oneshot();
        append(&services.store, event, publisher, Some(Reply::from(reply)), drop);
        answer.await.unwrap_or(Err(SubmitError::Closing))
    }

    /// Takes in the body of a notification that Cloudflare has sent of a live input. Whether it is genuine must be
    /// known by then. Answers when its event is durable.
    ///
    /// # Errors
    /// See [`WebhookError`].
    pub async fn cloudflare_webhook(&self, body: &[u8]) -> Result<WebhookOutcome, WebhookError> {
        let webhook = match LiveWebhook::parse(body) {
            Ok(webhook) => webhook,
            Err(stagedoor_cloudflare::WebhookError::NotAboutALiveInput) => {
                return Ok(WebhookOutcome::NotAboutALiveInput);
            }
            Err(error) => return Err(WebhookError::Malformed(error)),
        };
        let Some(user) = self.services.store.user_of_live_input(&webhook.input_uid).await? else {
            return Ok(WebhookOutcome::UnknownInput);
        };
        Ok(WebhookOutcome::Stored(self.submit(&user, webhook.into_report()).await?))
    }
}
