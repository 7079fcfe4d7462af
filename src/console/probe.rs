//! What programs ask: whether the console can do its work, and the figures.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use jiff::SignedDuration;

use super::Console;
use crate::metrics::figures;

/// A night and half a day.
const LATE_AFTER: SignedDuration = SignedDuration::from_hours(36);

/// `ok` when the store can be read.
pub async fn ready(State(console): State<Arc<Console>>) -> Response {
    match console.store.trail_state().await {
        Ok(_) => (StatusCode::OK, "ok\n").into_response(),
        Err(error) => unavailable(&error),
    }
}

/// The figures, in the text format of Prometheus.
pub async fn metrics(State(console): State<Arc<Console>>) -> Response {
    match figures(&console.store, console.now().timestamp(), LATE_AFTER).await {
        Ok(figures) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            (StatusCode::OK, [(CONTENT_TYPE, kind)], figures).into_response()
        }
        Err(error) => unavailable(&error),
    }
}

fn unavailable(error: &dyn std::error::Error) -> Response {
    tracing::warn!(%error, "the store cannot be read");
    (StatusCode::SERVICE_UNAVAILABLE, "the store cannot be read\n").into_response()
}
