//! An element of a page: mostly a row, now and then something else.

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    Row, Status, Tenant,
    faults::{Fault, chance},
    request_number::RequestNumber,
};

/// One element of a page.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Element {
    /// A row as it is.
    Row(Row),
    /// Anything else.
    Odd(Value),
}

/// Returns the elements that show rows to a client, who may or may not want statuses that are
/// newer than the first edition of the interface.
pub(super) fn elements(
    rows: Vec<Row>,
    tenant: &Tenant,
    number: RequestNumber,
    wants_new_statuses: bool,
) -> Vec<Element> {
    let mut elements: Vec<Element> = rows.into_iter().map(|row| element(row, tenant, wants_new_statuses)).collect();
    if tenant.strikes(Fault::BrokenRow, number) {
        let lot = tenant.lot(Fault::BrokenRow, number);
        let broken = [json!(7), json!("row"), Value::Null, json!([]), json!(true)];
        let index = usize::try_from(lot >> 8).unwrap_or_default() % (elements.len() + 1);
        elements.insert(index, Element::Odd(broken[(lot % 5) as usize].clone()));
    }
    elements
}

fn element(row: Row, tenant: &Tenant, wants_new_statuses: bool) -> Element {
    let is_hidden = row.status == Status::Recalled && !wants_new_statuses;
    let has_unknown_keys = has_unknown_keys(&row, tenant);
    if !is_hidden && !has_unknown_keys {
        return Element::Row(row);
    }
    let mut value = json!(row);
    if is_hidden {
        value["status"] = json!("unknownFutureValue");
    }
    if has_unknown_keys {
        tenant.injected(Fault::UnknownKeys);
        value["@odata.type"] = json!("#microsoft.graph.exchangeMessageTrace");
        value["direction"] = json!("inbound");
        value["connector"] = Value::Null;
        value["recipientCounts"] = json!({"to": [1, 2], "cc": {}});
    }
    Element::Odd(value)
}

fn has_unknown_keys(row: &Row, tenant: &Tenant) -> bool {
    let rate = tenant.faults().rate(Fault::UnknownKeys);
    let parts = [Fault::UnknownKeys.name().as_bytes(), row.id.as_bytes(), row.recipient.as_bytes()];
    rate > 0.0 && chance::share(tenant.config().seed, &parts) < rate
}
