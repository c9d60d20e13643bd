//! What can happen to any request for a page, whichever interface it is for: a limit, a gateway
//! that fails, a slow or cut connection.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use chrono::Duration;

use crate::{
    Tenant, answer, details,
    faults::{Fault, cut::CutBody},
    request_number::RequestNumber,
    sign_in::bearer,
    traces,
};

/// How long a random 429 asks to wait: short, so that tests need not.
const RANDOM_WAIT: Duration = Duration::seconds(1);

/// Lets a request for a page through, unless a fault says otherwise.
pub(crate) async fn pass(State(tenant): State<Arc<Tenant>>, mut request: Request, next: Next) -> Response {
    let number = tenant.number_page_request();
    request.extensions_mut().insert(number);
    tenant.pass_gate().await;
    if let Some(delay) = tenant.faults().duration(Fault::Slow) {
        tenant.injected(Fault::Slow);
        tokio::time::sleep(delay.to_std().unwrap_or_default()).await;
    }
    let is_details = details::is_details(request.uri().path());
    if let Some(refusal) =
        refusal(&tenant, number, is_details, request.headers()).or_else(|| refused_link(&tenant, &request))
    {
        return refusal;
    }
    if let Some(token) = bearer(request.headers())
        && tenant.strikes(Fault::RevokedToken, number)
    {
        tenant.revoke(token);
    }
    let response = next.run(request).await;
    if response.status() != StatusCode::OK {
        return response;
    }
    damaged(&tenant, number, response).await
}

/// Returns the answer of a service that does not get as far as to look at the request.
fn refusal(tenant: &Tenant, number: RequestNumber, is_details: bool, headers: &HeaderMap) -> Option<Response> {
    if let Err(wait) = if is_details { tenant.admit_details() } else { tenant.admit() } {
        tenant.injected(Fault::Throttle);
        return Some(throttled(tenant, headers, wait));
    }
    if tenant.strikes(Fault::ThrottleRandom, number) {
        return Some(throttled(tenant, headers, RANDOM_WAIT));
    }
    if tenant.strikes(Fault::ServerError, number) {
        let status = match tenant.lot(Fault::ServerError, number) % 2 {
            0 => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::GATEWAY_TIMEOUT,
        };
        let page = format!("<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>");
        return Some((status, Html(page)).into_response());
    }
    None
}

/// Returns the answer to a next link that is refused, for every target.
fn refused_link(tenant: &Tenant, request: &Request) -> Option<Response> {
    let status = tenant.faults().count(Fault::LinkStatus)?;
    let is_link = request.uri().query().is_some_and(|query| query.contains("skiptoken"));
    let status = StatusCode::from_u16(u16::try_from(status).ok()?).ok().filter(|_| is_link)?;
    tenant.injected(Fault::LinkStatus);
    Some(status.into_response())
}

/// Returns a 429 that says in the chosen way how long to wait.
fn throttled(tenant: &Tenant, headers: &HeaderMap, wait: Duration) -> Response {
    let wait = match tenant.faults().count(Fault::RetryAfterSeconds) {
        Some(seconds) => Duration::seconds(i64::try_from(seconds).unwrap_or(i64::from(u32::MAX))),
        None => wait,
    };
    // Rounded up: who comes back after the whole seconds must find room.
    let seconds = wait.num_seconds() + i64::from(wait.subsec_nanos() > 0);
    let retry_after = match tenant.faults().word(Fault::RetryAfter) {
        Some("none") => None,
        Some("date") => Some(answer::http_date(tenant.now() + Duration::seconds(seconds + 1))),
        _ => Some(seconds.to_string()),
    };
    let mut response = traces::throttled(tenant, headers);
    if let Some(value) = retry_after.and_then(|text| HeaderValue::try_from(text).ok()) {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}

/// Breaks a good answer, if it has to be.
async fn damaged(tenant: &Tenant, number: RequestNumber, response: Response) -> Response {
    let is_broken = tenant.strikes(Fault::BrokenPage, number);
    let is_cut = tenant.strikes(Fault::Cut, number);
    let is_markup = tenant.strikes(Fault::HtmlPage, number);
    if !is_broken && !is_cut && !is_markup {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(mut body) = to_bytes(body, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    if is_broken {
        parts.headers.remove(header::CONTENT_LENGTH);
        body = broken(tenant.lot(Fault::BrokenPage, number), &body);
    }
    if is_markup {
        parts.headers.remove(header::CONTENT_LENGTH);
        parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
        body =
            Bytes::from_static(b"<html><head><title>Sign in to continue</title></head><body>Web gateway</body></html>");
    }
    let body = if is_cut { Body::new(CutBody::new(&body)) } else { Body::from(body) };
    Response::from_parts(parts, body)
}

/// Returns one of several things that are not a page.
fn broken(lot: u64, body: &Bytes) -> Bytes {
    match lot % 4 {
        0 => Bytes::from_static(b"<html><body>Please wait.</body></html>"),
        1 => body.slice(..body.len() / 2),
        2 => Bytes::from_static(br#"{"value":"nothing here"}"#),
        _ => Bytes::from_static(b"[]"),
    }
}
