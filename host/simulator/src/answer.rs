//! The one place every answer of the sign-in and message-trace services passes through.
//!
//! Here requests are counted; what an answer says was decided before.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Duration, Utc};
use serde::Serialize;
use tracing::debug;

use crate::{
    Tenant,
    faults::{Fault, throttle::RunningWindow},
};

/// How often the tenant was asked for what.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Stats {
    /// Requests for an access token.
    token_requests: u64,
    /// Requests for a page of the message trace.
    page_requests: u64,
    /// Answers of 400 and above, by status.
    errors: BTreeMap<u16, u64>,
    /// How often each fault happened. Those of clock and mail, such as late rows, are not counted.
    faults: BTreeMap<&'static str, u64>,
    /// Page requests to the foreign host.
    foreign_requests: u64,
    /// Those of them that gave it an access token.
    foreign_tokens: u64,
    /// The most page requests in any 300 seconds of the tenant's time.
    max_page_requests_in_300_s: usize,
    /// The longest time range of a query that was not refused.
    max_range_days: f64,
    #[serde(skip)]
    window: RunningWindow,
}

impl Stats {
    /// Counts a fault that happened.
    pub(crate) fn count_fault(&mut self, fault: Fault) {
        *self.faults.entry(fault.name()).or_default() += 1;
    }

    /// Counts the time range of a query.
    pub(crate) fn count_range(&mut self, span: Duration) {
        self.max_range_days = self.max_range_days.max(span.num_milliseconds() as f64 / 86_400_000.0);
    }

    fn count_page_request(&mut self, now: DateTime<Utc>) {
        self.page_requests += 1;
        self.max_page_requests_in_300_s = self.max_page_requests_in_300_s.max(self.window.count(now));
    }

    fn count_foreign(&mut self, has_token: bool) {
        self.foreign_requests += 1;
        self.foreign_tokens += u64::from(has_token);
    }
}

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
    tenant.count(|stats| match is_token_request {
        true => stats.token_requests += 1,
        false => stats.count_page_request(now),
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
