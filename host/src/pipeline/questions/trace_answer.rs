//! What came of a search for mail.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{traced_details::TracedDetails, traced_row::TracedRow};
use crate::ledger::Gap;

/// Maximum number of deliveries in an answer.
pub(crate) const MOST_DELIVERIES: usize = 10_000;

/// Maximum length of all texts of an answer, in bytes: it goes over the control socket.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// What came of a search for mail. Holds personal data: not for logs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct TraceAnswer {
    /// The source that was asked.
    pub source: String,
    /// Whose mail it is.
    pub tenant: String,
    /// Received from here on.
    pub from: DateTime<Utc>,
    /// Received up to here.
    pub to: DateTime<Utc>,
    /// How many pages were requested.
    pub requests: u32,
    /// How long they have waited for the request budget and the service, in seconds.
    pub took_seconds: f64,
    /// Whether there is more than is shown: then the newest are.
    pub is_cut: bool,
    /// Times of receipt that the service could not be asked for, and why.
    pub unread: Vec<Gap>,
    /// The deliveries, the newest first.
    pub deliveries: Vec<TracedDelivery>,
}

/// One message to one recipient, with all statuses in which it was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TracedDelivery {
    /// As it was read last.
    #[serde(flatten)]
    pub row: TracedRow,
    /// The statuses in which it was read, in that order.
    pub statuses: Vec<String>,
    /// Its steps, if somebody wants them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<TracedDetails>,
}

/// Rows that are found one after the other become deliveries.
#[derive(Debug, Default)]
pub(super) struct FoundDeliveries {
    deliveries: Vec<TracedDelivery>,
    /// The place of every delivery, by its trace id and recipient.
    places: HashMap<(String, String), usize>,
    bytes: usize,
}

impl FoundDeliveries {
    /// Takes a row; says whether there is room for more.
    pub(super) fn take(&mut self, row: TracedRow) -> bool {
        let statuses: Vec<_> = row.status.iter().cloned().collect();
        let key = row.trace_id.as_ref().zip(row.recipient.as_ref());
        let key = key.map(|(id, recipient)| (id.to_lowercase(), recipient.to_lowercase()));
        if let Some(place) = key.as_ref().and_then(|key| self.places.get(key)) {
            let known = &mut self.deliveries[*place];
            let new: Vec<_> = statuses.into_iter().filter(|status| !known.statuses.contains(status)).collect();
            known.statuses.extend(new);
            known.row = row;
            return true;
        }
        self.bytes += row.length();
        if self.deliveries.len() >= MOST_DELIVERIES || self.bytes > MOST_BYTES {
            return false;
        }
        if let Some(key) = key {
            self.places.insert(key, self.deliveries.len());
        }
        self.deliveries.push(TracedDelivery { row, statuses, details: None });
        true
    }

    /// All of them, the newest first.
    pub(super) fn into_sorted(self) -> Vec<TracedDelivery> {
        let mut deliveries = self.deliveries;
        deliveries.sort_by(|one, other| {
            let newer = other.row.received.cmp(&one.row.received);
            newer.then_with(|| one.row.recipient.cmp(&other.row.recipient))
        });
        deliveries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(recipient: &str, status: &str, seconds: i64) -> TracedRow {
        let text = |text: &str| Some(text.to_owned());
        TracedRow {
            received: DateTime::from_timestamp(seconds, 0),
            trace_id: text("1"),
            recipient: text(recipient),
            status: text(status),
            ..TracedRow::default()
        }
    }

    #[test]
    fn a_delivery_that_is_read_again_is_one_with_all_its_statuses() {
        let mut found = FoundDeliveries::default();
        for (recipient, status, seconds) in [
            ("ann@x.y", "pending", 1),
            ("bob@x.y", "failed", 2),
            ("ANN@x.y", "delivered", 1),
            ("ann@x.y", "pending", 1),
        ] {
            assert!(found.take(row(recipient, status, seconds)));
        }
        let deliveries = found.into_sorted();
        let shown: Vec<_> =
            deliveries.iter().map(|it| (it.row.recipient.as_deref().unwrap(), it.statuses.join(","))).collect();
        assert_eq!(shown, [("bob@x.y", "failed".to_owned()), ("ann@x.y", "pending,delivered".to_owned())]);
    }

    #[test]
    fn an_answer_is_bounded() {
        let mut found = FoundDeliveries::default();
        let taken = (0..MOST_DELIVERIES + 5).filter(|number| found.take(row(&number.to_string(), "failed", 1))).count();
        assert_eq!(taken, MOST_DELIVERIES);
        let mut found = FoundDeliveries::default();
        let long = "x".repeat(MOST_BYTES / 3);
        let taken = (0..9).filter(|number| found.take(row(&format!("{number}{long}"), "failed", 1))).count();
        assert_eq!(taken, 2);
    }
}
