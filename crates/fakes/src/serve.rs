//! Connections of a fake, and what goes wrong on them.

use std::{convert::Infallible, fmt::Debug, hash::Hash, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderValue, Request, StatusCode, request::Parts};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::{net::TcpListener, task::JoinSet};
use tower::ServiceExt;

use crate::faults::{Effect, Faults, Refusal};

/// How long to wait when no connection can be accepted: file descriptors may have run out.
const AFTER_FAILURE: Duration = Duration::from_millis(50);

/// What a fake is like to its connections.
pub(crate) trait Scripted: Send + Sync + 'static {
    /// Its calls, by their kind.
    type Call: Copy + Eq + Hash + Debug + Send;

    /// What a request is; none for what is no part of the platform and so never goes wrong.
    fn call_of(&self, request: &Parts) -> Option<Self::Call>;

    /// What goes wrong.
    fn faults(&self) -> &Faults<Self::Call>;

    /// A refusal's status and body, as the platform writes them.
    fn refusal(&self, refusal: &Refusal) -> Response;

    /// How long every answer takes.
    fn latency(&self) -> Duration {
        Duration::ZERO
    }

    /// What the platform's limits say of a call.
    fn admit(&self, _call: Self::Call, _request: &Parts) -> Admission {
        Admission::Granted(HeaderMap::new())
    }
}

/// What a platform's limits say of a call.
#[derive(Debug)]
pub(crate) enum Admission {
    /// It is let in; its answer has these headers.
    Granted(HeaderMap),
    /// It is answered so instead.
    Refused(Box<Response>),
}

/// The connection is closed without an answer, or in the middle of one, as planned.
#[derive(Debug, Error)]
#[error("closed as planned")]
struct Closed;

/// Serves until it is dropped; its connections end with it, but not those that were upgraded.
pub(crate) async fn run<S: Scripted>(listener: TcpListener, router: Router, fake: Arc<S>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(AFTER_FAILURE).await;
            continue;
        };
        // What is small goes out at once, as elsewhere.
        let _ = stream.set_nodelay(true);
        while connections.try_join_next().is_some() {}
        let (router, fake) = (router.clone(), Arc::clone(&fake));
        connections.spawn(async move {
            let service =
                service_fn(move |request| answer(request, router.clone(), Arc::clone(&fake)));
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            // A connection that breaks is the client's to notice, or was planned.
            let _ = connection.with_upgrades().await;
        });
    }
}

async fn answer<S: Scripted>(
    request: Request<Incoming>,
    router: Router,
    fake: Arc<S>,
) -> Result<Response, Closed> {
    let (parts, body) = request.into_parts();
    let Some(call) = fake.call_of(&parts) else {
        return Ok(work(router, Request::from_parts(parts, body)).await);
    };
    let effect = fake.faults().come(call);
    tokio::time::sleep(fake.latency()).await;
    let headers = match fake.admit(call, &parts) {
        Admission::Granted(headers) => headers,
        Admission::Refused(answer) => return Ok(*answer),
    };
    let work = work(router, Request::from_parts(parts, body));
    let answer = match effect {
        None => work.await,
        Some(Effect::Refuse(refusal)) => refuse(&*fake, &refusal),
        Some(Effect::StatusAfterWork(status)) => {
            work.await;
            refuse(&*fake, &Refusal::status(status))
        }
        Some(Effect::Close) => return Err(Closed),
        Some(Effect::CloseAfterWork) => {
            work.await;
            return Err(Closed);
        }
        Some(Effect::CutAfterWork) => cut(work.await).await,
        Some(Effect::Hang) => std::future::pending().await,
        Some(Effect::HangAfterWork) => {
            work.await;
            std::future::pending().await
        }
        Some(Effect::Slow(duration)) => {
            let answer = work.await;
            tokio::time::sleep(duration).await;
            answer
        }
        Some(Effect::SlowBody(pause)) => slow(work.await, pause).await,
        Some(Effect::Garbage) => {
            work.await;
            "<html>what a lovely day</html>".into_response()
        }
    };
    Ok(with(headers, answer))
}

/// The answer with these headers, where it does not say otherwise itself.
fn with(headers: HeaderMap, mut answer: Response) -> Response {
    for (name, value) in headers {
        if let Some(name) = name {
            answer.headers_mut().entry(name).or_insert(value);
        }
    }
    answer
}

async fn work(router: Router, request: Request<Incoming>) -> Response {
    let answer = router.oneshot(request.map(Body::new)).await;
    answer.unwrap_or_else(|never| match never {})
}

/// A refusal in the platform's form, with what its headers are to say.
fn refuse<S: Scripted>(fake: &S, refusal: &Refusal) -> Response {
    let mut answer = fake.refusal(refusal);
    for (name, value) in &refusal.headers {
        let value = HeaderValue::try_from(value).expect("what is scripted fits into a header");
        answer.headers_mut().insert(*name, value);
    }
    answer
}

/// The first half of it, and then the connection breaks.
async fn cut(answer: Response) -> Response {
    let (parts, body) = answer.into_parts();
    let whole = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let half = whole.slice(..whole.len() / 2);
    Response::from_parts(parts, Body::from_stream(stream::iter([Ok(half), Err(Closed)])))
}

/// Byte by byte.
async fn slow(answer: Response, pause: Duration) -> Response {
    let (parts, body) = answer.into_parts();
    let whole = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let bytes = stream::unfold(whole, move |mut rest| async move {
        tokio::time::sleep(pause).await;
        let byte = (!rest.is_empty()).then(|| rest.split_to(1))?;
        Some((Ok::<Bytes, Infallible>(byte), rest))
    });
    Response::from_parts(parts, Body::from_stream(bytes))
}

/// A status from its number.
pub(crate) fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
