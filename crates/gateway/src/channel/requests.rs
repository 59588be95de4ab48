//! Commands on their way: each in a task of its own, so that the connection reads on.
//!
//! ```text
//! push "stream:start" ─▶ session ─▶ task: Stage::run ─▶ phx_reply with the push's ref
//!                           └─ as many under way as may be: refused at once
//! ```

use std::{sync::Arc, sync::atomic::Ordering};

use serde::Serialize;
use serde_json::value::RawValue;
use stagedoor_domain::UserId;

use super::{message::Request, refusal::ChannelCounters, sessions::Shared};
use crate::{
    api::commands::{Answer, Command},
    http::Problem,
    websocket::Socket,
};

/// How many commands of one connection may be under way.
pub(super) const MAX_UNDER_WAY: u32 = 8;

/// The payload of a command's reply.
#[derive(Serialize)]
#[serde(tag = "status", content = "response", rename_all = "lowercase")]
enum CommandReply<'a> {
    Ok(&'a RawValue),
    Error(CommandProblem<'a>),
}

/// What is wrong: as by HTTP, but for the place, which is always the payload.
#[derive(Serialize)]
struct CommandProblem<'a> {
    code: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_s: Option<u64>,
}

impl<'a> From<&'a Problem> for CommandProblem<'a> {
    fn from(problem: &'a Problem) -> Self {
        Self {
            code: problem.code(),
            message: problem.message(),
            field: problem.field(),
            help: problem.help(),
            retry_after_s: problem.retry_after_s(),
        }
    }
}

/// A command under way: counted on its connection until it is dropped.
struct UnderWay(Arc<Socket>);

impl UnderWay {
    fn begin(socket: &Arc<Socket>) -> Option<Self> {
        socket.begin_command(MAX_UNDER_WAY).then(|| Self(Arc::clone(socket)))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.end_command();
    }
}

/// Carries out a command and answers it. Whoever hangs up is not answered, but what was begun is done.
pub(super) fn start(
    shared: &Arc<Shared>,
    user: &UserId,
    socket: &Arc<Socket>,
    request: &Request<'_>,
    command: Command,
    payload: &str,
) {
    let Some(under_way) = UnderWay::begin(socket) else {
        shared.counters.commands_refused.fetch_add(1, Ordering::Relaxed);
        let message = format!("{MAX_UNDER_WAY} commands of this connection are under way");
        let problem = CommandProblem {
            code: "too_many_commands",
            message: &message,
            field: None,
            help: Some("wait for an answer before sending the next"),
            retry_after_s: None,
        };
        request.reply(socket, &CommandReply::Error(problem));
        return;
    };
    let running = shared.stage.run(user.clone(), command, payload.into());
    let (shared, request) = (Arc::clone(shared), OwnedRequest::from(request));
    tokio::spawn(async move {
        let answer = running.await;
        request.answer(&under_way.0, &shared.counters, &answer);
    });
}

/// Where an answer belongs that comes later.
struct OwnedRequest {
    join_ref: Option<Box<str>>,
    reference: Option<Box<str>>,
    topic: Box<str>,
}

impl From<&Request<'_>> for OwnedRequest {
    fn from(request: &Request<'_>) -> Self {
        Self {
            join_ref: request.join_ref.map(Box::from),
            reference: request.reference.map(Box::from),
            topic: request.topic.into(),
        }
    }
}

impl OwnedRequest {
    fn answer(&self, socket: &Socket, counters: &ChannelCounters, answer: &Answer) {
        let request = Request {
            join_ref: self.join_ref.as_deref(),
            reference: self.reference.as_deref(),
            topic: &self.topic,
        };
        match answer {
            Ok(response) => {
                counters.commands_done.fetch_add(1, Ordering::Relaxed);
                request.reply(socket, &CommandReply::Ok(response));
            }
            Err(refusal) => {
                counters.commands_refused.fetch_add(1, Ordering::Relaxed);
                request.reply(socket, &CommandReply::Error(refusal.problem().into()));
            }
        }
    }
}
