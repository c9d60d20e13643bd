//! The one place every answer of the sign-in and message-trace services passes through.
//!
//! Here requests are counted; what an answer says was decided before.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderValue, header},
    middleware::Next,
    response::Response,
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use tracing::debug;

use crate::Tenant;

/// How often the tenant was asked for what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Stats {
    /// Requests for an access token.
    token_requests: u64,
    /// Requests for a page of the message trace.
    page_requests: u64,
    /// Answers of 400 and above, by status.
    errors: BTreeMap<u16, u64>,
}

/// Lets a request through and dates its answer by the tenant's clock.
pub(crate) async fn date(State(tenant): State<Arc<Tenant>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Ok(date) = HeaderValue::try_from(http_date(tenant.now())) {
        // The server would date it by the real clock, but leaves a date that is there.
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

/// Returns a time as HTTP headers have it.
pub(crate) fn http_date(time: DateTime<Utc>) -> String {
    time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Lets a request through and counts it with its answer.
pub(crate) async fn pass(State(tenant): State<Arc<Tenant>>, request: Request, next: Next) -> Response {
    let is_token_request = request.uri().path().ends_with("/token");
    let response = next.run(request).await;
    let status = response.status();
    tenant.count(|stats| {
        if is_token_request {
            stats.token_requests += 1;
        } else {
            stats.page_requests += 1;
        }
        if status.is_client_error() || status.is_server_error() {
            *stats.errors.entry(status.as_u16()).or_default() += 1;
        }
    });
    debug!(status = status.as_u16(), is_token_request, "request answered");
    response
}
