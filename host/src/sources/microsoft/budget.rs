//! How many requests a tenant may be sent: the service counts in a running window, and others share it with us
//! (host/docs/facts/ms-api.md, section 1.10).

use std::{sync::OnceLock, time::Duration};

use chrono::{DateTime, Utc};
use tokio::time::sleep;
use tracing::debug;

use crate::{
    ledger::Requests,
    pipeline::{RunError, SourceRun},
    support::clock::{Clock, Moment},
};

/// The window in which the service counts.
pub(crate) const BUDGET_WINDOW: Duration = Duration::from_secs(5 * 60);

/// One in this many requests may be a repair: it asks again for what could not be read.
const REPAIR_SHARE: u32 = 4;

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Reading on.
    Reading,
    /// Asking for the same place once more, in another way.
    Repair,
}

/// What is left of a tenant's requests. Kept in the ledger, so that a restart does not begin anew.
pub(super) struct Budget {
    tenant: String,
    limit: u32,
    /// When the first request was sent: from then on the steady clock counts, since the other one may jump.
    began: OnceLock<Moment>,
}

impl Budget {
    pub(super) fn new(tenant: String, limit: u32) -> Self {
        Self { tenant, limit, began: OnceLock::new() }
    }

    /// Waits until a request may be sent, and counts it.
    pub(super) async fn take(&self, context: &SourceRun, clock: &Clock, purpose: Purpose) -> Result<(), RunError> {
        if purpose == Purpose::Repair {
            let limit = (self.limit / REPAIR_SHARE).max(1);
            self.take_one(context, clock, format!("repair {}", self.tenant), limit).await?;
        }
        self.take_one(context, clock, self.tenant.clone(), self.limit).await
    }

    async fn take_one(&self, context: &SourceRun, clock: &Clock, kind: String, limit: u32) -> Result<(), RunError> {
        loop {
            let (began, read, kind) = (*self.began.get_or_init(|| clock.read()), clock.read(), kind.clone());
            let now = began.wall + read.steady.saturating_sub(began.steady);
            let wait = context.ledger(move |ledger, _| {
                ledger.settle_requests(&kind, now)?;
                let wait = wait(ledger.requests(&kind, now, BUDGET_WINDOW)?, limit, now);
                if wait.is_none() {
                    ledger.note_request(&kind, now, now - BUDGET_WINDOW)?;
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
