//! The admin listener: for those who run the server.
//!
//! | path | answer |
//! |---|---|
//! | `GET /live` | 200 while the process answers at all |
//! | `GET /ready` | 200 when all conditions hold, else 503; both name them |
//! | `GET /metrics` | OpenMetrics text |

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{StatusCode, header};
use serde_json::{Value, json};

use super::ApiError;
use crate::{METRICS_CONTENT_TYPE, Metrics, Readiness};

#[derive(Clone)]
struct Admin {
    readiness: Readiness,
    metrics: Metrics,
}

pub(crate) fn router(readiness: Readiness, metrics: Metrics) -> Router {
    Router::new()
        .route("/live", get(live))
        .route("/ready", get(ready))
        .route("/metrics", get(show_metrics))
        .fallback(|| async { ApiError::not_found() })
        .method_not_allowed_fallback(|| async { ApiError::method_not_allowed() })
        .with_state(Admin { readiness, metrics })
}

async fn live() -> Json<Value> {
    Json(json!({ "live": true }))
}

async fn ready(State(admin): State<Admin>) -> Response {
    let report = admin.readiness.report();
    let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(report)).into_response()
}

async fn show_metrics(State(admin): State<Admin>) -> Response {
    ([(header::CONTENT_TYPE, METRICS_CONTENT_TYPE)], admin.metrics.render()).into_response()
}
