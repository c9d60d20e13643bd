//! The details of a delivery: `getDetailsByRecipient`, which tells its steps.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use chrono::Duration;
use serde_json::{Value, json};

use crate::{
    Row, Tenant,
    faults::{Fault, chance},
    traces::{TraceError, check_client},
};

mod steps;
#[cfg(test)]
mod tests;

/// How long the service keeps details.
const KEPT: Duration = Duration::days(90);

/// Whether a path is that of details.
pub(crate) fn is_details(path: &str) -> bool {
    path.contains("/getDetailsByRecipient")
}

/// Answers with the steps of a delivery.
pub(crate) async fn answer(
    State(tenant): State<Arc<Tenant>>,
    Path((id, function)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    match details(&tenant, &id, &function, &headers) {
        Ok(value) => Json(value).into_response(),
        Err(error) => error.answer(&tenant, &headers),
    }
}

fn details(tenant: &Tenant, id: &str, function: &str, headers: &HeaderMap) -> Result<Value, TraceError> {
    check_client(tenant, headers)?;
    let recipient = function
        .strip_prefix("getDetailsByRecipient(recipientAddress='")
        .and_then(|rest| rest.strip_suffix("')"))
        .ok_or(TraceError::NoSuchTrace)?
        .replace("''", "'");
    let row = find(tenant, id, &recipient).ok_or(TraceError::NoSuchTrace)?;
    let now = tenant.now();
    if row.received < now - KEPT {
        return Err(TraceError::DetailsTooOld);
    }
    let parts = [Fault::MissingDetails.name().as_bytes(), row.id.as_bytes(), row.recipient.as_bytes()];
    if chance::share(tenant.config().seed, &parts) < tenant.faults().rate(Fault::MissingDetails) {
        tenant.injected(Fault::MissingDetails);
        return Err(TraceError::NoSuchTrace);
    }
    Ok(json!({
        "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#Collection(microsoft.graph.exchangeMessageTraceDetail)",
        "value": steps::steps_of(&row, tenant.config().seed),
    }))
}

/// The delivery as it shows now.
fn find(tenant: &Tenant, id: &str, recipient: &str) -> Option<Row> {
    let now = tenant.now();
    let is_it = |row: &&Row| row.id.eq_ignore_ascii_case(id) && row.recipient.eq_ignore_ascii_case(recipient);
    tenant.mail().until(now).find_map(|block| {
        let row = block.iter().find(is_it)?;
        tenant.timeline().state(row, now).map(std::borrow::Cow::into_owned)
    })
}
