//! How many requests a tenant may be sent: the service counts in a running window, and others share it with us
//! (host/docs/facts/ms-api.md, section 1.10).

use std::{sync::OnceLock, time::Duration};

use chrono::{DateTime, Utc};
use tokio::time::sleep;
use tracing::debug;

use crate::{
    ledger::{Ledger, Requests},
    pipeline::{PollUnderWay, RunError, SourceRun},
    support::clock::{Clock, Moment},
};

/// The window in which the service counts.
pub(crate) const BUDGET_WINDOW: Duration = Duration::from_secs(5 * 60);

/// One in this many requests may be a repair: it asks again for what could not be read.
const REPAIR_SHARE: u32 = 4;

/// One request in this number is left to polls, regardless of how much of the past is to be read.
const POLL_SHARE: u32 = 10;

/// How many requests of a budget the past may use.
pub(super) fn limit_of_past(limit: u32) -> u32 {
    (limit - limit.div_ceil(POLL_SHARE)).max(1)
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Reading on.
    Reading,
    /// Asking for the same place once more, in another way.
    Repair,
    /// Reading a range of the past: after polls, and with less.
    Past,
    /// The same for a place that could not be read.
    PastRepair,
}

impl Purpose {
    /// What reading on is for, or asking for the same place once more.
    pub(super) fn new(is_past: bool, is_repair: bool) -> Self {
        match (is_past, is_repair) {
            (false, false) => Self::Reading,
            (false, true) => Self::Repair,
            (true, false) => Self::Past,
            (true, true) => Self::PastRepair,
        }
    }

    fn is_past(self) -> bool {
        matches!(self, Self::Past | Self::PastRepair)
    }

    fn is_repair(self) -> bool {
        matches!(self, Self::Repair | Self::PastRepair)
    }
}

/// How many requests for details may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DetailsLimits {
    /// Maximum number of requests in any five minutes.
    pub(super) requests: u32,
    /// Whether they count for the budget of the source as well.
    pub(super) shares_budget: bool,
}

/// What is left of a tenant's requests. Kept in the ledger, so that a restart does not begin again.
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
        if purpose.is_repair() {
            let limit = (self.limit / REPAIR_SHARE).max(1);
            self.take_one(context, clock, format!("repair {}", self.tenant), limit, purpose).await?;
        }
        let limit = if purpose.is_past() { limit_of_past(self.limit) } else { self.limit };
        self.take_one(context, clock, self.tenant.clone(), limit, purpose).await
    }

    /// Counts a request for details if it may be sent; else says how long until another may, and counts nothing. Polls go
    /// first, and a share of the budget is left to them.
    pub(super) async fn take_for_details(
        &self,
        context: &SourceRun,
        clock: &Clock,
        limits: DetailsLimits,
    ) -> Result<Option<Duration>, RunError> {
        context.precedence().wait_for_polls(&self.tenant).await;
        let now = self.now(clock);
        let mut counters = vec![(format!("details {}", self.tenant), limits.requests)];
        if limits.shares_budget {
            counters.push((self.tenant.clone(), limit_of_past(self.limit)));
        }
        let take = move |ledger: &mut Ledger, _: &str| {
            let mut longest = None;
            for (kind, limit) in &counters {
                ledger.settle_requests(kind, now)?;
                longest = longest.max(wait(ledger.requests(kind, now, BUDGET_WINDOW)?, *limit, now));
            }
            if longest.is_none() {
                for (kind, _) in &counters {
                    ledger.note_request(kind, now, now - BUDGET_WINDOW)?;
                }
            }
            Ok(longest)
        };
        context.ledger(take).await
    }

    /// The time of our clock, by its steady part.
    fn now(&self, clock: &Clock) -> DateTime<Utc> {
        let (began, read) = (*self.began.get_or_init(|| clock.read()), clock.read());
        began.wall + read.steady.saturating_sub(began.steady)
    }

    /// A poll begins: the past waits until it is over.
    pub(super) fn begin_poll(&self, context: &SourceRun) -> PollUnderWay {
        context.precedence().begin_poll(&self.tenant)
    }

    async fn take_one(
        &self,
        context: &SourceRun,
        clock: &Clock,
        kind: String,
        limit: u32,
        purpose: Purpose,
    ) -> Result<(), RunError> {
        loop {
            if purpose.is_past() {
                context.precedence().wait_for_polls(&self.tenant).await;
            }
            let (now, kind) = (self.now(clock), kind.clone());
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
    fn polls_keep_a_share_of_the_budget() {
        assert_eq!([1, 2, 10, 11, 90, 1_000_000].map(limit_of_past), [1, 1, 9, 9, 81, 900_000]);
    }

    #[test]
    fn a_clock_that_was_put_back_makes_no_longer_wait() {
        check(3, -1000, Some(300));
    }
}
