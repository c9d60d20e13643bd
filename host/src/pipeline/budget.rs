//! How many requests a tenant may be sent: the service counts in a running window, and others share it with us
//! (ms-api.md, section 1.10).

use std::time::Duration;

use chrono::Utc;
use tokio::time::sleep;
use tracing::debug;

use super::{RunError, shared::Shared};

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
                let sent = ledger.requests(&tenant, now, BUDGET_WINDOW)?;
                match sent.first.filter(|_| sent.count >= limit) {
                    // A clock that was put back must not make it wait for longer than the window.
                    Some(first) => {
                        Ok(Some((first + BUDGET_WINDOW - now).to_std().unwrap_or_default().min(BUDGET_WINDOW)))
                    }
                    None => ledger.note_request(&tenant, now, now - BUDGET_WINDOW).map(|()| None),
                }
            });
            let Some(wait) = wait.await? else { return Ok(()) };
            debug!(wait_ms = wait.as_millis(), "request budget is used up");
            // A millisecond more: then the oldest is outside of the window, and not at its edge.
            sleep(wait + Duration::from_millis(1)).await;
        }
    }
}
