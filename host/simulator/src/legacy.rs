//! The Reporting Web Service, which came before Graph and is being switched off.
//!
//! Shows the same rows under other names, oldest first, in one of three shapes.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Query, Request, State},
    http::{HeaderMap, Uri, header, uri::PathAndQuery},
    response::Response,
};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::{Row, Tenant, faults::Fault, request_number::RequestNumber, sign_in::bearer, tenant::TokenState};

mod error;
mod filter;
mod link;
mod page;
mod path;
mod record;
mod shape;
mod status;
#[cfg(test)]
mod tests;

pub(crate) use path::PATH;

use error::LegacyError;
use page::{LegacyPage, LegacyParameters};
use shape::Shape;

/// Gives the path of the report its usual case, so that the router knows it.
pub(crate) async fn with_usual_case(mut request: Request) -> Request {
    let uri = request.uri();
    if uri.path().eq_ignore_ascii_case(PATH) {
        let target = uri.query().map_or(PATH.to_owned(), |query| format!("{PATH}?{query}"));
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = PathAndQuery::try_from(target).ok();
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
    request
}

/// Returns a row as the report shows it to who asks for light JSON.
pub(crate) fn json(row: &Row, index: usize, range: [DateTime<Utc>; 2], domain: &str) -> Map<String, Value> {
    shape::light_object(&record::record(row, index, range, domain))
}

/// Answers with one page of the report.
pub(crate) async fn list(
    State(tenant): State<Arc<Tenant>>,
    Extension(number): Extension<RequestNumber>,
    uri: Uri,
    headers: HeaderMap,
    Query(parameters): Query<LegacyParameters>,
) -> Response {
    match list_page(&tenant, &headers, &parameters) {
        Ok(page) => {
            let next_query = page.next_offset.map(|offset| link::query(&uri, offset));
            shape(&tenant, number, &headers, &parameters).answer(&page, next_query.as_deref())
        }
        Err(error) => error.answer(),
    }
}

fn list_page(tenant: &Tenant, headers: &HeaderMap, parameters: &LegacyParameters) -> Result<LegacyPage, LegacyError> {
    let is_known = bearer(headers).is_some_and(|token| tenant.token_state(token) == TokenState::Valid);
    if !is_known {
        return Err(LegacyError::BadAccessToken);
    }
    if tenant.faults().is_on(Fault::NoPermission) {
        tenant.injected(Fault::NoPermission);
        return Err(LegacyError::NoPermission);
    }
    LegacyPage::of(tenant, parameters)
}

/// Returns the shape of an answer: what the `Accept` header says counts more than `$format`.
fn shape(tenant: &Tenant, number: RequestNumber, headers: &HeaderMap, parameters: &LegacyParameters) -> Shape {
    if tenant.strikes(Fault::LegacyAtom, number) {
        return Shape::Atom;
    }
    if tenant.faults().is_on(Fault::LegacyVerbose) {
        tenant.injected(Fault::LegacyVerbose);
        return Shape::Verbose;
    }
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accept.to_ascii_lowercase().contains("application/json") {
        return Shape::Light;
    }
    match &parameters.format {
        Some(format) if format.eq_ignore_ascii_case("json") => Shape::Verbose,
        _ => Shape::Atom,
    }
}
