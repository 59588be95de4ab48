//! The daemon's end of a question: what came over the wire becomes a call of the inspector.

use std::time::Duration;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use stagedoor_supervision::Address;

use crate::{
    error::InspectError,
    message::{Action, Caller, InspectMsg, Question, Reply},
};

/// How long the inspector may take: longer than anything that it waits for.
const LIMIT: Duration = Duration::from_secs(30);

/// How long an action may take: a supervisor may take a minute to stop a child and another to start it.
const ACT_LIMIT: Duration = Duration::from_secs(130);

/// Asks the inspector. Watches are not answered once and are not asked here.
pub(super) async fn answer(
    question: Question,
    by: Caller,
    inspector: &Address<InspectMsg>,
) -> Result<Box<RawValue>, InspectError> {
    match question {
        Question::Overview => ask(inspector, InspectMsg::Overview).await,
        Question::Presence(page) => ask(inspector, |to| InspectMsg::Presence(page, to)).await,
        Question::Users(page) => ask(inspector, |to| InspectMsg::Users(page, to)).await,
        Question::Managers(page) => ask(inspector, |to| InspectMsg::Managers(page, to)).await,
        Question::Timers(page) => ask(inspector, |to| InspectMsg::Timers(page, to)).await,
        Question::Metrics => ask(inspector, InspectMsg::Metrics).await,
        Question::UserMetrics(page) => ask(inspector, |to| InspectMsg::UserMetrics(page, to)).await,
        Question::Tree { query, paging } => {
            ask(inspector, |to| InspectMsg::Tree(query, paging, to)).await
        }
        Question::Children { path, paging } => {
            ask(inspector, |to| InspectMsg::Children(path, paging, to)).await
        }
        Question::Count { path } => ask(inspector, |to| InspectMsg::Count(path, to)).await,
        Question::Snapshot { path, limit_ms } => {
            ask(inspector, |reply| InspectMsg::Snapshot { path, limit_ms, reply }).await
        }
        Question::History { path } => ask(inspector, |to| InspectMsg::History(path, to)).await,
        Question::Act { action, path } => act(inspector, action, path, by).await,
        Question::Stream { user } => ask(inspector, |to| InspectMsg::Stream(user, to)).await,
        Question::ActOnStream { user, action } => {
            ask(inspector, |reply| InspectMsg::ActOnStream { user, action, by, reply }).await
        }
        Question::Events(query) => ask(inspector, |to| InspectMsg::Events(query, to)).await,
        Question::Alerts { user } => ask(inspector, |to| InspectMsg::Alerts(user, to)).await,
        Question::Platforms { user } => ask(inspector, |to| InspectMsg::Platforms(user, to)).await,
        Question::Budgets => ask(inspector, InspectMsg::Budgets).await,
        Question::Inspector => written(&inspector.call(InspectMsg::GetSnapshot, LIMIT).await?),
        Question::Watch | Question::Unwatch { .. } => {
            Err(InspectError::BadRequest { reason: "not a question with one answer".into() })
        }
    }
}

async fn ask<T: Serialize + Send + 'static>(
    inspector: &Address<InspectMsg>,
    message: impl FnOnce(Reply<T>) -> InspectMsg,
) -> Result<Box<RawValue>, InspectError> {
    written(&inspector.call(message, LIMIT).await??)
}

async fn act(
    inspector: &Address<InspectMsg>,
    action: Action,
    path: String,
    by: Caller,
) -> Result<Box<RawValue>, InspectError> {
    let message = |reply| InspectMsg::Act { action, path, by, reply };
    written(&inspector.call(message, ACT_LIMIT).await??)
}

fn written<T: Serialize>(answer: &T) -> Result<Box<RawValue>, InspectError> {
    to_raw_value(answer).map_err(|error| InspectError::BadAnswer { reason: error.to_string() })
}
