//! Connections, and what goes wrong on them.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, Request, StatusCode};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::{net::TcpListener, task::JoinSet, time::Instant};
use tower::ServiceExt;

use super::{Call, Effect, Shared, api, control, lock, wire::failure};

/// How long to wait when no connection can be accepted: file descriptors may have run out.
const AFTER_FAILURE: Duration = Duration::from_millis(50);

/// The connection is closed without an answer, as planned.
#[derive(Debug, Error)]
#[error("closed as planned")]
struct Closed;

/// Serves until it is dropped; its connections end with it.
pub(crate) async fn run(listener: TcpListener, shared: Arc<Shared>) {
    let router = api::routes(Arc::clone(&shared)).merge(control::routes(Arc::clone(&shared)));
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(AFTER_FAILURE).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        let (router, shared) = (router.clone(), Arc::clone(&shared));
        connections.spawn(async move {
            let service =
                service_fn(move |request| answer(request, router.clone(), Arc::clone(&shared)));
            // A connection that breaks is the client's to notice, or was planned.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    router: Router,
    shared: Arc<Shared>,
) -> Result<Response, Closed> {
    let work = async |request: Request<Incoming>| {
        let answer = router.oneshot(request.map(Body::new)).await;
        answer.unwrap_or_else(|never| match never {})
    };
    let Some(call) = Call::of(request.method(), request.uri().path()) else {
        return Ok(work(request).await);
    };
    let effect = lock(&shared.faults).come(call);
    tokio::time::sleep(shared.config.latency).await;
    let mut headers = HeaderMap::new();
    if call != Call::Lifecycle {
        let verdict = lock(&shared.limits).come(Instant::now());
        headers = verdict.headers;
        if !verdict.allowed {
            let code = StatusCode::TOO_MANY_REQUESTS;
            let refusal = failure(code, 971, "Please wait and consider throttling your requests");
            return Ok((headers, refusal).into_response());
        }
    }
    let answer = match effect {
        None => work(request).await,
        Some(Effect::Refuse { status, code, message }) => {
            failure(status_code(status), code, &message)
        }
        Some(Effect::StatusAfterWork(status)) => {
            work(request).await;
            failure(status_code(status), 10_001, "Internal Server Error")
        }
        Some(Effect::Close) => return Err(Closed),
        Some(Effect::CloseAfterWork) => {
            work(request).await;
            return Err(Closed);
        }
        Some(Effect::Hang) => std::future::pending().await,
        Some(Effect::HangAfterWork) => {
            work(request).await;
            std::future::pending().await
        }
        Some(Effect::Slow(duration)) => {
            let answer = work(request).await;
            tokio::time::sleep(duration).await;
            answer
        }
        Some(Effect::Garbage) => {
            work(request).await;
            "<html>what a lovely day</html>".into_response()
        }
    };
    Ok((headers, answer).into_response())
}

fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
