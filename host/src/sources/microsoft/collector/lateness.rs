//! How late rows are, and how far back a poll reads again for that.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    super::{
        judge::{Belongs, Times},
        page::Row,
    },
    ServiceCollector,
};
use crate::{
    ledger::Lateness,
    pipeline::{RunError, SourceRun},
    support::clock::signed,
};

impl ServiceCollector {
    /// Finds out how far back the poll that begins reads again; says whether that is as far as any does, to measure.
    pub(super) async fn choose_look_back(&mut self, context: &SourceRun) -> Result<bool, RunError> {
        if self.reading.is_some() {
            return Ok(false);
        }
        let (lateness, looked_back_at) = context.ledger(|ledger, source| ledger.lateness(source)).await?;
        let is_deep = self.look_back.is_deep(self.source.now(), looked_back_at);
        let usual = self.look_back.usual(&lateness);
        self.usual_look_back = usual;
        self.counts.look_back_seconds(usual);
        self.settings.additional_look_back = if is_deep { self.look_back.longest() } else { usual };
        Ok(is_deep)
    }

    /// Notes that the poll that has begun measures.
    pub(super) async fn note_look_back(&self, context: &SourceRun) -> Result<(), RunError> {
        let now = self.source.now();
        context.ledger(move |ledger, source| ledger.note_look_back(source, now)).await
    }

    /// How late the rows of a page are that are delivered, where everything was covered up to `known_until`.
    pub(super) fn lateness(&self, rows: &[Row], times: Times, known_until: Option<DateTime<Utc>>) -> Lateness {
        let mut lateness = Lateness::default();
        let Some(known_until) = known_until.filter(|_| self.reading.is_none()) else { return lateness };
        let most = signed(self.usual_look_back.saturating_mul(2));
        for row in rows.iter().filter(|row| times.place(row.received) == Belongs::Here) {
            let Some(received) = row.received else { continue };
            // When a poll that looks back further finds a row, the row has shown up after the usual polls had read its
            // time for the last time: how much later, nobody knows. So the estimate doubles from day to day at most.
            let late = (known_until - received).clamp(TimeDelta::zero(), most);
            lateness.add(late);
            self.counts.lateness_seconds.observe(late.as_seconds_f64());
        }
        lateness
    }
}
