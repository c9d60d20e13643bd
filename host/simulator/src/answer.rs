//! The one place every answer of the sign-in and message-trace services passes through.
//!
//! Here requests are counted; what an answer says was decided before.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use tracing::debug;

use crate::{Tenant, details, faults::Fault};

/// Lets a request through and dates its answer by the tenant's clock.
pub(crate) async fn date(State(tenant): State<Arc<Tenant>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Ok(date) = HeaderValue::try_from(http_date(tenant.date())) {
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
    let now = tenant.now();
    let headers = request.headers();
    let is_foreign = headers.get(header::HOST).is_some_and(|host| host == tenant.config().foreign_host.as_str());
    let has_token = headers.contains_key(header::AUTHORIZATION);
    let is_details_request = details::is_details(request.uri().path());
    tenant.count(|stats| match (is_token_request, is_details_request) {
        (true, _) => stats.token_requests += 1,
        (false, true) => stats.count_details_request(now),
        (false, false) => stats.count_page_request(now),
    });
    if is_foreign {
        tenant.count(|stats| stats.count_foreign(has_token));
    }
    let response = marked(&tenant, next.run(request).await).await;
    let status = response.status();
    if status.is_client_error() || status.is_server_error() {
        tenant.count(|stats| *stats.errors.entry(status.as_u16()).or_default() += 1);
    }
    debug!(status = status.as_u16(), is_token_request, "request answered");
    response
}

/// Puts a byte order mark in front of an answer, if it has to be.
async fn marked(tenant: &Tenant, response: Response) -> Response {
    let number = tenant.number_answer();
    if !tenant.strikes(Fault::Bom, number) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    match to_bytes(body, usize::MAX).await {
        Ok(body) => Response::from_parts(parts, Body::from([b"\xef\xbb\xbf", &*body].concat())),
        // It was to be cut.
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
