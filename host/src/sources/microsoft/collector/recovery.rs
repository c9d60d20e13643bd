//! What to do when a page cannot be read in the way that was tried: another way to its rows, at a pace.

use chrono::SecondsFormat;
use tracing::{error, warn};

use super::{
    super::{
        PollError,
        window_cursor::{MOST_PASSED_OVER, Recovery, WindowCursor},
    },
    ServiceCollector, poll_error,
};
use crate::{
    ledger::Window,
    pipeline::{RunError, SourceRun},
    support::error_text::chain,
};

/// So often the same page is asked for, before another way to its rows is looked for.
const PAGE_ATTEMPTS: u32 = 3;

/// When too many places in a row could not be read, another one takes this many additional attempts.
const ATTEMPTS_BETWEEN: u32 = 4;

/// Why rows of a gap could not be read.
const NO_WAY: &str = "the service refused every way to read them";

/// Why rows of a gap cannot be read.
const TOO_OLD: &str = "older than the service keeps records";

/// So often in a pass a service is believed that it was asked for the future.
const MOST_FUTURE_ENDS: u32 = 3;

impl ServiceCollector {
    /// What cannot be answered in this way is asked for in another one, without waiting; says whether there is one.
    pub(super) async fn recover(&mut self, context: &SourceRun, error: &RunError) -> Result<bool, RunError> {
        let Some(source) = poll_error(error) else { return Ok(false) };
        let attempt = self.failures + 1;
        if matches!(source, PollError::FutureEnd { .. }) {
            self.future_ends += 1;
            if self.future_ends > MOST_FUTURE_ENDS {
                return Ok(false);
            }
            warn!(source = self.identity.label, error = chain(error), "clocks differ; asking for a shorter time range");
            (self.plan, self.cursor) = (None, None);
            return Ok(true);
        }
        let Some(cursor) = &mut self.cursor else { return Ok(false) };
        if !is_needed(cursor, source, attempt) {
            return Ok(false);
        }
        warn!(
            source = self.identity.label,
            error = chain(error),
            window_start = %cursor.asked().start,
            reached = %cursor.reached(),
            "could not read page; continuing after the last accepted row"
        );
        let recovery = if source.is_bad_page() { cursor.narrow(self.batch_size) } else { cursor.recover() };
        self.go(context, recovery).await?;
        Ok(true)
    }

    /// Leaves a place from which pages lead no further, and says whether there was one.
    pub(super) async fn leave_place(&mut self, context: &SourceRun) -> Result<bool, RunError> {
        let Some(recovery) = self.cursor.as_mut().and_then(WindowCursor::leave) else { return Ok(false) };
        self.go(context, recovery).await?;
        Ok(true)
    }

    async fn go(&mut self, context: &SourceRun, recovery: Recovery) -> Result<(), RunError> {
        match recovery {
            Recovery::Again => context.ledger(|ledger, source| ledger.drop_link(source)).await,
            Recovery::PassOver(gap) => self.note_gap(context, gap, NO_WAY).await,
            Recovery::GiveUp(gap) => {
                self.note_gap(context, gap, NO_WAY).await?;
                self.finish_window(context).await
            }
        }
    }

    pub(super) async fn note_gap(
        &mut self,
        context: &SourceRun,
        gap: Window,
        reason: &'static str,
    ) -> Result<(), RunError> {
        let [from, to] = [gap.start, gap.end].map(|time| time.to_rfc3339_opts(SecondsFormat::Millis, true));
        error!(source = self.identity.label, from, to, reason, "records are missing");
        self.summary.gaps += 1;
        context.ledger(move |ledger, source| ledger.note_gap(source, gap, reason)).await
    }

    pub(super) async fn note_lost(&mut self, context: &SourceRun, lost: Window) -> Result<(), RunError> {
        let [from, to] = [lost.start, lost.end].map(|time| time.to_rfc3339_opts(SecondsFormat::Millis, true));
        error!(source = self.identity.label, from, to, reason = TOO_OLD, "records are missing");
        self.summary.gaps += 1;
        context.ledger(move |ledger, source| ledger.note_lost(source, lost, TOO_OLD)).await
    }
}

fn is_needed(cursor: &WindowCursor, error: &PollError, attempt: u32) -> bool {
    if !error.is_of_page() {
        return false;
    }
    if cursor.is_on_link() {
        // A bad link, however long it stays bad, loses no rows: they can be read without it.
        return error.is_bad_link() || !error.is_transient() || attempt >= PAGE_ATTEMPTS;
    }
    // What is not a page at all says nothing of a place: there, only time helps.
    let pause = match cursor.passed_in_a_row() {
        // A page that is too long stays so.
        passed if passed < MOST_PASSED_OVER => {
            if error.is_long_page() {
                1
            } else {
                PAGE_ATTEMPTS
            }
        }
        passed => PAGE_ATTEMPTS + passed.saturating_mul(ATTEMPTS_BETWEEN),
    };
    error.is_bad_page() && attempt >= pause
}
