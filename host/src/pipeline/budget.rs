//! How many requests a tenant may be sent: the service counts in a running window, and others share it with us
//! (ms-api.md, section 1.10).

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::sleep;
use tracing::debug;

use super::{RunError, shared::Shared};
use crate::ledger::Requests;

/// The window in which the service counts.
pub const BUDGET_WINDOW: Duration = Duration::from_secs(5 * 60);

/// What is left of a tenant's requests. Kept in the ledger, so that a restart does not begin anew.
pub(super) struct Budget {
    tenant: String,
    limit: u32,
}

impl Budget {
    pub(super) fn new(tenant: String, limit: u32) -> Self {
        Self { tenant, limit }
    }

    /// Waits until a request may be sent, and counts it.
    pub(super) async fn take(&self, shared: &Shared) -> Result<(), RunError> {
        loop {
            let (tenant, limit) = (self.tenant.clone(), self.limit);
            let wait = shared.ledger(move |ledger| {
                let now = Utc::now();
                let wait = wait(ledger.requests(&tenant, now, BUDGET_WINDOW)?, limit, now);
                if wait.is_none() {
                    ledger.note_request(&tenant, now, now - BUDGET_WINDOW)?;
                }
                Ok(wait)
            });
            let Some(wait) = wait.await? else { return Ok(()) };
            debug!(wait_ms = wait.as_millis(), "request budget is used up");
            // A millisecond more: then the oldest is outside of the window, and not at its edge.
            sleep(wait + Duration::from_millis(1)).await;
        }
    }
}

/// How long until there is room for another request; none when there is.
fn wait(sent: Requests, limit: u32, now: DateTime<Utc>) -> Option<Duration> {
    let first = sent.first.filter(|_| sent.count >= limit)?;
    // A clock that was put back must not make it wait for longer than the window.
    Some((first + BUDGET_WINDOW - now).to_std().unwrap_or_default().min(BUDGET_WINDOW))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(count: u32, seconds_ago: i64, expected: Option<u64>) {
        let now = DateTime::UNIX_EPOCH;
        let first = Some(now - chrono::Duration::seconds(seconds_ago));
        assert_eq!(wait(Requests { count, first }, 3, now).map(|wait| wait.as_secs()), expected);
    }

    #[test]
    fn a_request_waits_for_room() {
        check(2, 10, None);
        check(3, 10, Some(290));
        check(4, 299, Some(1));
    }

    #[test]
    fn a_clock_that_was_put_back_makes_no_longer_wait() {
        check(3, -1000, Some(300));
    }
}
