//! The client's end of a question: the message without its reply port, and the port, which waits.

use ractor::RpcReplyPort;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::{
    error::InspectError,
    message::{InspectMsg, Question, Reply},
    watch::Watch,
};

type Take = dyn FnOnce(Result<&RawValue, InspectError>) + Send;

/// Whom the answer goes to.
pub(super) enum Waiting {
    Answer(Box<Take>),
    Watch(Reply<Watch>),
}

/// Parts a message into what travels and who waits.
pub(super) fn question(message: InspectMsg) -> (Question, Waiting) {
    match message {
        InspectMsg::Overview(to) => (Question::Overview, typed(to)),
        InspectMsg::Presence(page, to) => (Question::Presence(page), typed(to)),
        InspectMsg::Users(page, to) => (Question::Users(page), typed(to)),
        InspectMsg::Managers(page, to) => (Question::Managers(page), typed(to)),
        InspectMsg::Timers(page, to) => (Question::Timers(page), typed(to)),
        InspectMsg::Metrics(to) => (Question::Metrics, typed(to)),
        InspectMsg::UserMetrics(page, to) => (Question::UserMetrics(page), typed(to)),
        InspectMsg::Tree(query, paging, to) => (Question::Tree { query, paging }, typed(to)),
        InspectMsg::Children(path, paging, to) => (Question::Children { path, paging }, typed(to)),
        InspectMsg::Count(path, to) => (Question::Count { path }, typed(to)),
        InspectMsg::Snapshot { path, limit_ms, reply } => {
            (Question::Snapshot { path, limit_ms }, typed(reply))
        }
        InspectMsg::History(path, to) => (Question::History { path }, typed(to)),
        InspectMsg::Watch(to) => (Question::Watch, Waiting::Watch(to)),
        InspectMsg::Act { action, path, by: _, reply } => {
            (Question::Act { action, path }, typed(reply))
        }
        InspectMsg::Stream(user, to) => (Question::Stream { user }, typed(to)),
        InspectMsg::ActOnStream { user, action, by: _, reply } => {
            (Question::ActOnStream { user, action }, typed(reply))
        }
        InspectMsg::Events(query, to) => (Question::Events(query), typed(to)),
        InspectMsg::Alerts(user, to) => (Question::Alerts { user }, typed(to)),
        InspectMsg::Platforms(user, to) => (Question::Platforms { user }, typed(to)),
        InspectMsg::Budgets(to) => (Question::Budgets, typed(to)),
        InspectMsg::GetSnapshot(to) => (Question::Inspector, bare(to)),
    }
}

fn typed<T: DeserializeOwned + Send + 'static>(to: Reply<T>) -> Waiting {
    Waiting::Answer(Box::new(move |answer| {
        // A caller that has left reads nothing.
        let _ = to.send(answer.and_then(read));
    }))
}

/// A caller that knows no errors sees its port dropped instead.
fn bare<T: DeserializeOwned + Send + 'static>(to: RpcReplyPort<T>) -> Waiting {
    Waiting::Answer(Box::new(move |answer| {
        if let Ok(answer) = answer.and_then(read) {
            // A caller that has left reads nothing.
            let _ = to.send(answer);
        }
    }))
}

fn read<T: DeserializeOwned>(answer: &RawValue) -> Result<T, InspectError> {
    serde_json::from_str(answer.get())
        .map_err(|error| InspectError::BadAnswer { reason: error.to_string() })
}
