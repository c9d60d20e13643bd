//! Believable mail as records of a given length.

use exotrace_simulator::{Tenant, TenantConfig};
use serde_json::{Value, json};

/// The interface that the records look like.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    /// The Reporting Web Service.
    Legacy,
    /// Microsoft Graph.
    Graph,
}

/// As many records as asked for, NDJSON, each padded in its subject to `length` bytes with its line feed.
pub(crate) fn records(shape: Shape, count: usize, length: usize) -> String {
    let tenant = Tenant::new(TenantConfig { rows: count, ..TenantConfig::default() });
    let mut records = String::new();
    for (index, row) in tenant.rows().iter().take(count).enumerate() {
        let row = serde_json::to_value(row).expect("a row is JSON");
        let (mut record, subject) = match shape {
            Shape::Legacy => (legacy(&row, index), "Subject"),
            Shape::Graph => (row, "subject"),
        };
        let missing = (length - 1).saturating_sub(record.to_string().len());
        let text = record[subject].as_str().unwrap_or_default().to_owned();
        let padding: String = " and so on".chars().cycle().take(missing).collect();
        record[subject] = Value::String(text + &padding);
        records.push_str(&record.to_string());
        records.push('\n');
    }
    records
}

fn legacy(row: &Value, index: usize) -> Value {
    let received = row["receivedDateTime"].as_str().unwrap_or_default().trim_end_matches('Z');
    json!({
        "Organization": "contoso.onmicrosoft.com",
        "MessageId": row["messageId"],
        "Received": format!("{received}4907"),
        "SenderAddress": row["senderAddress"],
        "RecipientAddress": row["recipientAddress"],
        "Subject": row["subject"],
        "Status": row["status"],
        "ToIP": row["toIP"],
        "FromIP": row["fromIP"],
        "Size": row["size"],
        "MessageTraceId": row["id"],
        "StartDate": "2026-11-23T08:00:00.0369423Z",
        "EndDate": "2026-11-23T09:00:00.0369423Z",
        "Index": index,
    })
}
