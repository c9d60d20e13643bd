//! How often the tenant was asked for what.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use serde::Serialize;

use crate::faults::{Fault, throttle::RunningWindow};

/// How often the tenant was asked for what.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Stats {
    /// Requests for an access token.
    pub(crate) token_requests: u64,
    /// Requests for a page of the message trace.
    page_requests: u64,
    /// Requests for the details of a delivery, which have a limit of their own.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) details_requests: u64,
    /// The most of them in any 300 seconds of the tenant's time.
    #[serde(skip_serializing_if = "is_zero")]
    max_details_requests_in_300_s: u64,
    /// Answers of 400 and above, by status.
    pub(crate) errors: BTreeMap<u16, u64>,
    /// How often each fault happened. Those of clock and mail, such as late rows, are not counted.
    faults: BTreeMap<&'static str, u64>,
    /// Page requests to the foreign host.
    foreign_requests: u64,
    /// Those of them that gave it an access token.
    foreign_tokens: u64,
    /// The most page requests in any 300 seconds of the tenant's time.
    pub(crate) max_page_requests_in_300_s: usize,
    /// The longest time range of a query that was not refused.
    max_range_days: f64,
    #[serde(skip)]
    window: RunningWindow,
    #[serde(skip)]
    details_window: RunningWindow,
}

/// Most tests ask for no details.
fn is_zero(count: &u64) -> bool {
    *count == 0
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

    pub(crate) fn count_page_request(&mut self, now: DateTime<Utc>) {
        self.page_requests += 1;
        self.max_page_requests_in_300_s = self.max_page_requests_in_300_s.max(self.window.count(now));
    }

    pub(crate) fn count_details_request(&mut self, now: DateTime<Utc>) {
        self.details_requests += 1;
        let requests = u64::try_from(self.details_window.count(now)).unwrap_or(u64::MAX);
        self.max_details_requests_in_300_s = self.max_details_requests_in_300_s.max(requests);
    }

    pub(crate) fn count_foreign(&mut self, has_token: bool) {
        self.foreign_requests += 1;
        self.foreign_tokens += u64::from(has_token);
    }
}
