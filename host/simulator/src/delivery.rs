//! Whether what was delivered is what the tenant has: for tests.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use crate::{Row, Tenant};

/// A row and what may change about it: id, recipient, status, size and the address that it was sent to.
pub type State = [String; 5];

/// What is wrong with a delivery.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// A state came more than once.
    #[error("{count} of {all} came more than once, among them {example:?}")]
    Twice {
        /// How many.
        count: usize,
        /// How many came at all.
        all: usize,
        /// One of them.
        example: Box<State>,
    },
    /// A row did not come as it is now.
    #[error("{count} of {all} rows are missing, among them {example:?}")]
    Missing {
        /// How many.
        count: usize,
        /// How many there are.
        all: usize,
        /// One of them.
        example: Box<State>,
    },
    /// A row never was as it came.
    #[error("never like that: {0:?}")]
    Invented(Box<State>),
}

/// The states that documents tell of, those apart that come from no row.
pub fn delivered(documents: &[Value]) -> Vec<State> {
    let records = documents.iter().map(|document| &document["microsoft"]["online_message_trace"]);
    let text = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let names = ["MessageTraceId", "RecipientAddress", "Status", "Size", "ToIP"];
    let rows = records.filter(|record| record["MessageTraceId"].is_string());
    let states = rows.map(|record| names.map(|name| text(&record[name])));
    // A collector is free to take `PENDING` for the `pending` that it was.
    states.map(|[id, recipient, status, size, ip]| [id, recipient, status.to_lowercase(), size, ip]).collect()
}

impl Tenant {
    /// Checks that every row was delivered as it is now, none as it never was, and nothing twice.
    ///
    /// # Errors
    ///
    /// The first of these that is not so.
    pub fn check_delivery(&self, documents: &[Value]) -> Result<(), DeliveryError> {
        let delivered = delivered(documents);
        let mut unique = BTreeSet::new();
        let twice: Vec<_> = delivered.iter().filter(|state| !unique.insert((*state).clone())).collect();
        if let Some(example) = twice.first() {
            return Err(DeliveryError::Twice {
                count: twice.len(),
                all: delivered.len(),
                example: Box::new((*example).clone()),
            });
        }
        let now: BTreeSet<_> = self.visible_rows().iter().map(state).collect();
        let mut missing = now.difference(&unique);
        if let Some(example) = missing.next() {
            return Err(DeliveryError::Missing {
                count: 1 + missing.count(),
                all: now.len(),
                example: Box::new(example.clone()),
            });
        }
        let ever: HashSet<_> = self.history().iter().map(state).collect();
        match unique.into_iter().find(|state| !ever.contains(state)) {
            Some(state) => Err(DeliveryError::Invented(Box::new(state))),
            None => Ok(()),
        }
    }
}

fn state(row: &Row) -> State {
    let status = row.status.as_str().to_lowercase();
    [row.id.clone(), row.recipient.clone(), status, row.size.to_string(), row.to_ip.clone().unwrap_or_default()]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::TenantConfig;

    fn document(row: &Row) -> Value {
        let [id, recipient, status, size, to_ip] = state(row);
        let size: u64 = size.parse().unwrap();
        let record = json!({
            "MessageTraceId": id, "RecipientAddress": recipient, "Status": status, "Size": size, "ToIP": to_ip,
        });
        json!({ "microsoft": { "online_message_trace": record } })
    }

    #[test]
    fn a_delivery_is_told_from_one_that_is_not_whole() {
        let tenant = Tenant::new(TenantConfig { rows: 20, ..TenantConfig::default() });
        let mut documents: Vec<_> = tenant.visible_rows().iter().map(document).collect();
        tenant.check_delivery(&documents).unwrap();

        documents.push(documents[3].clone());
        assert!(matches!(tenant.check_delivery(&documents), Err(DeliveryError::Twice { count: 1, all: 21, .. })));
        documents.truncate(19);
        assert!(matches!(tenant.check_delivery(&documents), Err(DeliveryError::Missing { count: 1, all: 20, .. })));
        documents.push(document(&tenant.visible_rows()[19]));
        documents[0]["microsoft"]["online_message_trace"]["Status"] = json!("failed");
        documents.push(document(&tenant.visible_rows()[0]));
        assert!(matches!(tenant.check_delivery(&documents), Err(DeliveryError::Invented(_))));
    }

    #[test]
    fn what_comes_from_no_row_does_not_count() {
        assert_eq!(delivered(&[json!({ "event": { "kind": "pipeline_error" } })]), Vec::<State>::new());
    }
}
