//! The message-trace API: who may ask, and the page that answers.

use std::{borrow::Cow, sync::Arc};

use axum::{
    Json,
    extract::{Query, State},
    http::{HeaderMap, Uri, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::{Row, Tenant, tenant::TokenState};

mod error;
mod filter;
mod page;
mod parameters;
mod range;
mod skip_token;
#[cfg(test)]
mod tests;
mod tokens;

use error::TraceError;
use page::PageRequest;
use parameters::Parameters;

/// One page of the message trace.
#[derive(Serialize)]
struct PageAnswer<'a> {
    #[serde(rename = "@odata.context")]
    context: &'static str,
    #[serde(rename = "@odata.nextLink", skip_serializing_if = "Option::is_none")]
    next_link: Option<String>,
    value: Vec<Cow<'a, Row>>,
}

/// Answers with one page of the message trace.
pub(crate) async fn list(
    State(tenant): State<Arc<Tenant>>,
    uri: Uri,
    headers: HeaderMap,
    Query(parameters): Query<Parameters>,
) -> Response {
    match list_page(&tenant, uri.path(), &headers, &parameters) {
        Ok(page) => Json(page).into_response(),
        Err(error) => error.answer(&tenant, &headers),
    }
}

fn list_page<'a>(
    tenant: &'a Tenant,
    path: &str,
    headers: &HeaderMap,
    parameters: &Parameters,
) -> Result<PageAnswer<'a>, TraceError> {
    check_bearer(tenant, headers)?;
    let now = tenant.now();
    let page = parameters.page_request(now)?.page(tenant, now);
    Ok(PageAnswer {
        context: context(path),
        next_link: page.next.map(|next| next_link(path, headers, &next)),
        value: page.rows,
    })
}

fn check_bearer(tenant: &Tenant, headers: &HeaderMap) -> Result<(), TraceError> {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let Some(token) = token else {
        return Err(TraceError::NoAccessToken);
    };
    match tenant.token_state(token) {
        TokenState::Valid => Ok(()),
        TokenState::Expired => Err(TraceError::ExpiredAccessToken),
        TokenState::Unknown => Err(TraceError::UnknownAccessToken),
    }
}

/// Returns the link to the next page at the address where the client found this one.
fn next_link(path: &str, headers: &HeaderMap, next: &PageRequest) -> String {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or("localhost");
    let skip_token = skip_token::encode(next);
    format!("http://{host}{path}?$skiptoken={skip_token}")
}

fn context(path: &str) -> &'static str {
    if path.starts_with("/beta/") {
        "https://graph.microsoft.com/beta/$metadata#admin/exchange/tracing/messageTraces"
    } else {
        "https://graph.microsoft.com/v1.0/$metadata#admin/exchange/tracing/messageTraces"
    }
}
