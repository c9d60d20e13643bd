//! What to do when a page cannot be had in the way that was tried: another way to its rows, at a pace.

use tracing::warn;

use super::{
    RunError, ServiceCollector,
    error::chain,
    shared::Shared,
    walk::{Detour, MOST_PASSED_OVER, Walk},
};
use crate::sources::microsoft::PollError;

/// So often the same page is asked for, before another way to its rows is looked for.
const PAGE_ATTEMPTS: u32 = 3;

/// When too many places in a row could not be read, another one takes so many attempts more.
const ATTEMPTS_BETWEEN: u32 = 4;

/// Why rows of a gap could not be had.
pub(super) const NO_WAY: &str = "the service refused every way to read them";

/// So often in a pass a service is believed that it was asked for the future.
const MOST_FUTURE_ENDS: u32 = 3;

impl ServiceCollector {
    /// What cannot be answered in this way is asked for in another one, without waiting; `attempt` says how often the
    /// same was asked for.
    pub(super) async fn find_detour(
        &mut self,
        shared: &Shared,
        error: &RunError,
        attempt: u32,
    ) -> Result<bool, RunError> {
        let RunError::Poll { source, .. } = error else { return Ok(false) };
        if matches!(source, PollError::FutureEnd { .. }) {
            self.future_ends += 1;
            if self.future_ends > MOST_FUTURE_ENDS {
                return Ok(false);
            }
            warn!(source = self.label, error = chain(error), "clocks differ; asking for less");
            (self.pass, self.walk) = (None, None);
            return Ok(true);
        }
        let Some(walk) = &mut self.walk else { return Ok(false) };
        if !is_needed(walk, source, attempt) {
            return Ok(false);
        }
        warn!(
            source = self.label,
            error = chain(error),
            window_start = %walk.asked().start,
            reached = %walk.reached(),
            "page cannot be had; going on from the last row accepted"
        );
        let detour = if source.is_bad_page() { walk.narrow(self.batch_size) } else { walk.detour() };
        self.go(shared, detour).await?;
        Ok(true)
    }

    /// Leaves a place from which pages lead no further, and says whether there was one.
    pub(super) async fn leave_place(&mut self, shared: &Shared) -> Result<bool, RunError> {
        let Some(detour) = self.walk.as_mut().and_then(Walk::leave) else { return Ok(false) };
        self.go(shared, detour).await?;
        Ok(true)
    }

    async fn go(&mut self, shared: &Shared, detour: Detour) -> Result<(), RunError> {
        let name = self.name.clone();
        match detour {
            Detour::Again => shared.ledger(move |ledger| ledger.drop_link(&name)).await,
            Detour::PassOver(gap) => self.note_gap(shared, gap, NO_WAY).await,
            Detour::GiveUp(gap) => {
                self.note_gap(shared, gap, NO_WAY).await?;
                self.finish_window(shared).await
            }
        }
    }
}

fn is_needed(walk: &Walk, error: &PollError, attempt: u32) -> bool {
    if !error.is_of_page() {
        return false;
    }
    if walk.is_on_link() {
        // Whatever is wrong with a link, and for however long: its rows can be had without it.
        return error.is_bad_link() || !error.is_transient() || attempt >= PAGE_ATTEMPTS;
    }
    // What is no page at all says nothing of a place: there, only time helps.
    let pause = match walk.passed_in_a_row() {
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
