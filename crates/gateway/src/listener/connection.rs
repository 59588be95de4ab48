//! One connection: HTTP/1.1 by hyper, until it ends, is upgraded, or takes too long.

use std::{convert::Infallible, net::SocketAddr, pin::pin, time::Duration};

use axum::{
    Router,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, Request, StatusCode};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::PlacedStream;
use crate::{
    http::ApiError,
    metrics::{Counters, ListenerLabel, ResponseLabels},
};

/// The longest head of a request, in bytes; also hyper's read buffer. Room for a token of 4 KiB, in base64.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// The most headers of a request; browsers send 20.
const MAX_HEADERS: usize = 64;

#[derive(Clone, Copy, Debug)]
pub(super) struct Timeouts {
    pub(super) header: Duration,
    pub(super) request: Duration,
    pub(super) drain: Duration,
}

/// Says that nothing of this is real.
const DEMO: HeaderName = HeaderName::from_static("x-stagedoor-demo");

/// All that serving a connection needs.
pub(super) struct Connection {
    pub(super) peer: SocketAddr,
    pub(super) router: Router,
    pub(super) timeouts: Timeouts,
    pub(super) label: ListenerLabel,
    pub(super) counters: Counters,
    /// The listener ends: finish what is under way.
    pub(super) ending: CancellationToken,
    /// Every answer says that this is a demonstration.
    pub(super) demo: bool,
}

impl Connection {
    pub(super) async fn serve(self, stream: PlacedStream) {
        let service = service_fn(|request| self.answer(request));
        let serving = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.timeouts.header)
            .max_buf_size(MAX_HEAD_BYTES)
            .max_headers(MAX_HEADERS)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut serving = pin!(serving);
        let served = tokio::select! {
            served = serving.as_mut() => Ok(served),
            () = self.ending.cancelled() => {
                serving.as_mut().graceful_shutdown();
                timeout(self.timeouts.drain, serving).await
            }
        };
        if let Ok(Err(error)) = served {
            // Clients break off, dawdle and stammer: their business, unless somebody looks for it.
            tracing::debug!(%error, peer = %self.peer, "connection ended early");
        }
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response, Infallible> {
        let answering = self.router.clone().oneshot(request);
        let mut response = match timeout(self.timeouts.request, answering).await {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            Err(_) => ApiError::too_slow().into_response(),
        };
        let labels = ResponseLabels { listener: self.label, class: class(response.status()) };
        self.counters.responses.get_or_create(&labels).inc();
        if self.demo {
            response.headers_mut().insert(DEMO, HeaderValue::from_static("true"));
        }
        Ok(response)
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}
