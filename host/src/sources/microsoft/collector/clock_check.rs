//! Whether the clocks can be relied on when a pass begins, and what to do when the ledger was told a wrong time.

use chrono::{DateTime, Utc};
use tracing::{error, warn};

use super::{
    super::{PollError, budget::Purpose, clock::AGREEMENT},
    ServiceCollector,
};
use crate::{
    ledger::SourceProgress,
    pipeline::{RunError, SourceRun},
};

/// Number of answers that are requested to learn the time before a pass: two that agree, and one that does not.
const MOST_LOOKS: u32 = 3;

impl ServiceCollector {
    /// Sees that the time of the service is known well enough to begin a pass.
    pub(super) async fn tell_time(&mut self, context: &SourceRun) -> Result<(), RunError> {
        for _ in 0..MOST_LOOKS {
            if !self.source.is_clock_stale() {
                break;
            }
            self.look_at_clock(context).await?;
        }
        Ok(())
    }

    /// How far the source has come. What was noted as covered and lies in the future is taken back: mail that comes
    /// until then would never be asked for.
    pub(super) async fn progress(&mut self, context: &SourceRun) -> Result<SourceProgress, RunError> {
        let progress = self.read_progress(context).await?;
        let in_progress = progress.in_progress.as_ref().map(|it| it.window.end);
        let latest = progress.covered_until.max(in_progress);
        let is_future = |now: DateTime<Utc>| latest.is_some_and(|latest| latest > now + AGREEMENT);
        self.is_ahead = false;
        if !is_future(self.source.told()) {
            return Ok(progress);
        }
        // Nothing would be asked for, so nobody would tell the time again.
        self.look_at_clock(context).await?;
        for _ in 1..MOST_LOOKS {
            if self.source.is_clock_told() && !self.source.is_clock_stale() {
                break;
            }
            self.look_at_clock(context).await?;
        }
        let (theirs, ours) = (self.source.told(), self.source.ours().wall());
        if !is_future(theirs) {
            return Ok(progress);
        }
        let now = theirs.max(ours);
        // Known rows do not come twice, whichever clock is wrong; others would.
        let is_harmless = progress.known_from.is_none_or(|known_from| known_from <= now);
        let is_certain = self.source.is_clock_told() && (theirs - ours).abs() <= AGREEMENT;
        if !is_future(ours) || !(is_harmless || is_certain) {
            // One of the clocks is wrong, and nobody can tell which: nothing is forgotten for that.
            self.is_ahead = true;
            return Ok(progress);
        }
        self.take_back(context, &progress, now).await?;
        self.read_progress(context).await
    }

    async fn take_back(
        &mut self,
        context: &SourceRun,
        progress: &SourceProgress,
        now: DateTime<Utc>,
    ) -> Result<(), RunError> {
        let Some(covered) = progress.covered_until.filter(|covered| *covered > now + AGREEMENT) else {
            // Only the window that was begun reaches into the future.
            return context.ledger(|ledger, source| ledger.drop_window(source)).await;
        };
        let from = last_good_end(progress, now);
        error!(
            source = self.identity.label,
            covered_until = %covered,
            now = %now,
            reading_again_from = %from,
            "covered time lies in the future because of a wrong clock; it is read again"
        );
        self.taken_back = Some(covered);
        self.counts.coverage_taken_back.inc();
        context.ledger(move |ledger, source| ledger.read_again(source, from)).await
    }

    async fn read_progress(&self, context: &SourceRun) -> Result<SourceProgress, RunError> {
        context.ledger(|ledger, source| ledger.progress(source)).await
    }

    async fn look_at_clock(&mut self, context: &SourceRun) -> Result<(), RunError> {
        warn!(source = self.identity.label, "clocks differ or have jumped; asking the service for the time");
        self.budget.take(context, &self.source.ours().clone(), Purpose::Reading).await?;
        match self.source.look_at_clock().await {
            // That tells the time as well.
            Err(PollError::FutureEnd { .. }) => Ok(()),
            looked => looked.map_err(|error| self.failed(error)),
        }
    }

    /// What a person has to look at although pages come.
    pub(super) fn attention(&self) -> Option<String> {
        if let Some(covered) = self.taken_back {
            return Some(format!(
                "covered until {covered} was noted, which is the future: a clock was wrong; reading again what came since"
            ));
        }
        let ahead = self.source.ahead();
        if self.is_ahead {
            return Some(format!(
                "what is covered lies in the future by the clock of the service, which differs by {} s from that of this \
                 machine; nothing newer is read until they agree\nhint: set the clock of this machine, for example with NTP",
                ahead.num_seconds()
            ));
        }
        if ahead.abs() < AGREEMENT {
            return None;
        }
        Some(format!(
            "the clock of the service is ahead of that of this machine by {} s; everything is read, and nothing later than \
             the earlier of both is noted as covered\nhint: set the clock of this machine, for example with NTP",
            ahead.num_seconds()
        ))
    }
}

/// Up to when everything was certainly read: as far as rows are known that were delivered, since none of those was ever
/// received in the future. A ledger of an earlier version may have forgotten them all: then up to when it was written
/// last; and when that is the future as well, from its beginning, since reading twice is better than never.
fn last_good_end(progress: &SourceProgress, now: DateTime<Utc>) -> DateTime<Utc> {
    let is_past = |time: &DateTime<Utc>| *time <= now;
    let known = progress.known_from.filter(is_past);
    let written = progress.polled_at.filter(is_past);
    known.or(written).or(progress.covered_from.filter(is_past)).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(seconds, 0)
    }

    #[track_caller]
    fn check(known_from: i64, polled_at: i64, covered_from: i64, expected: i64) {
        let (known_from, polled_at, covered_from) = (at(known_from), at(polled_at), at(covered_from));
        let progress = SourceProgress { known_from, polled_at, covered_from, ..SourceProgress::default() };
        assert_eq!(Some(last_good_end(&progress, at(100).unwrap())), at(expected));
    }

    #[test]
    fn reading_again_begins_where_the_ledger_is_certain() {
        check(90, 95, 10, 90);
        check(200, 95, 10, 95);
        check(200, 300, 10, 10);
        check(200, 300, 150, 100);
    }
}
