//! The message-trace API: who may ask, and the page that answers.

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::{Query, State},
    http::{HeaderMap, Uri},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    Tenant,
    faults::{Fault, chance},
    request_number::RequestNumber,
    sign_in::bearer,
    tenant::TokenState,
};

mod element;
mod error;
mod filter;
mod link;
mod page;
mod parameters;
mod range;
mod result_size;
mod skip_token;
#[cfg(test)]
mod tests;
pub(crate) mod tokens;

use element::{Element, elements};
pub(crate) use error::TraceError;
use link::LinkSource;
use page::{Page, PageRequest};
use parameters::Parameters;
pub(crate) use range::tick_text;

/// Without this a client gets `unknownFutureValue` for a status newer than the first edition.
const NEW_STATUSES: &str = "include-unknown-enum-members";

/// One page of the message trace.
#[derive(Serialize)]
struct PageAnswer {
    #[serde(rename = "@odata.context")]
    context: &'static str,
    #[serde(rename = "@odata.nextLink", skip_serializing_if = "Option::is_none")]
    next_link: Option<Value>,
    /// None for `null`.
    value: Option<Vec<Element>>,
}

/// Answers with one page of the message trace.
pub(crate) async fn list(
    State(tenant): State<Arc<Tenant>>,
    Extension(number): Extension<RequestNumber>,
    uri: Uri,
    headers: HeaderMap,
    Query(parameters): Query<Parameters>,
) -> Response {
    let source = LinkSource { tenant: &tenant, number, uri: &uri, headers: &headers };
    match list_page(&source, &parameters) {
        Ok(page) => Json(page).into_response(),
        Err(error) => error.answer(&tenant, &headers),
    }
}

/// Returns the answer to a request beyond the limit.
pub(crate) fn throttled(tenant: &Tenant, headers: &HeaderMap) -> Response {
    TraceError::Throttled.answer(tenant, headers)
}

fn list_page(source: &LinkSource<'_>, parameters: &Parameters) -> Result<PageAnswer, TraceError> {
    let LinkSource { tenant, number, uri, headers } = *source;
    check_client(tenant, headers)?;
    let now = tenant.now();
    let request = parameters.page_request(now)?;
    tenant.count(|stats| stats.count_range(request.range.span()));
    check_recipient(tenant, &request)?;
    let page = match request.hidden_behind_empty_page() {
        Some(hidden) if tenant.strikes(Fault::EmptyPage, number) => Page { rows: Vec::new(), next: Some(hidden) },
        _ => request.page(tenant, now),
    };
    Ok(PageAnswer {
        context: context(uri.path()),
        next_link: match page.next {
            Some(next) => Some(source.next_link(&next).into()),
            None => tenant.strikes(Fault::EmptyNextLink, number).then(|| no_link(tenant, number)),
        },
        value: (!tenant.strikes(Fault::NullValue, number))
            .then(|| elements(page.rows, tenant, number, wants_new_statuses(headers))),
    })
}

/// Returns what some write in the place of a link where there is none.
fn no_link(tenant: &Tenant, number: RequestNumber) -> Value {
    let forms = [Value::Null, json!(""), json!("  "), json!(0), json!(false)];
    forms[(tenant.lot(Fault::EmptyNextLink, number) % 5) as usize].clone()
}

/// Checks that a client may ask.
pub(crate) fn check_client(tenant: &Tenant, headers: &HeaderMap) -> Result<(), TraceError> {
    check_bearer(tenant, headers)?;
    check_access(tenant)
}

fn check_bearer(tenant: &Tenant, headers: &HeaderMap) -> Result<(), TraceError> {
    let Some(token) = bearer(headers) else {
        return Err(TraceError::NoAccessToken);
    };
    match tenant.token_state(token) {
        TokenState::Valid => Ok(()),
        TokenState::Expired => Err(TraceError::ExpiredAccessToken),
        TokenState::Unknown => Err(TraceError::UnknownAccessToken),
    }
}

/// Checks what a good token alone does not give.
fn check_access(tenant: &Tenant) -> Result<(), TraceError> {
    if let Some(delay) = tenant.faults().duration(Fault::ServicePrincipalMissing)
        && tenant.age() < delay
    {
        tenant.injected(Fault::ServicePrincipalMissing);
        return Err(TraceError::NoServicePrincipal);
    }
    if tenant.faults().is_on(Fault::NoPermission) {
        tenant.injected(Fault::NoPermission);
        return Err(TraceError::NoPermission);
    }
    Ok(())
}

/// Checks that the service can go on after the recipient where the page before ended.
fn check_recipient(tenant: &Tenant, request: &PageRequest) -> Result<(), TraceError> {
    let Some(recipient) = request.after_recipient.as_deref().filter(|recipient| !recipient.is_empty()) else {
        return Ok(());
    };
    let parts = [Fault::BadRecipient.name().as_bytes(), recipient.as_bytes()];
    if chance::share(tenant.config().seed, &parts) < tenant.faults().rate(Fault::BadRecipient) {
        tenant.injected(Fault::BadRecipient);
        return Err(TraceError::BadRecipient);
    }
    Ok(())
}

fn wants_new_statuses(headers: &HeaderMap) -> bool {
    headers.get_all("prefer").iter().any(|value| value.to_str().is_ok_and(|text| text.contains(NEW_STATUSES)))
}

fn context(path: &str) -> &'static str {
    if path.starts_with("/beta/") {
        "https://graph.microsoft.com/beta/$metadata#admin/exchange/tracing/messageTraces"
    } else {
        "https://graph.microsoft.com/v1.0/$metadata#admin/exchange/tracing/messageTraces"
    }
}
