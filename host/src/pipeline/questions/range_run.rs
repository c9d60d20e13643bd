//! A range of the past while it is read: under a name of its own in the ledger, as a source of the loop.

use std::sync::Arc;

use chrono::TimeDelta;

use super::{
    asked_source::AskedSource,
    queryable::Queryable,
    question_error::QuestionError,
    range_reading::{RangeReading, RangeRows},
};
use crate::{
    ledger::{Gap, Ledger, LedgerError, PastReading, Window},
    pipeline::{
        delivery::Committed,
        error::RunError,
        record_batch::RecordBatch,
        run_context::RunContext,
        shutdown::Shutdown,
        source::Source,
        source_run::SourceRun,
        summary::Summary,
        worker::{self, NextStep, PollEnd},
    },
};

/// Why the end of a range was not read.
const NOT_PAST: &str = "not certainly past, by the clocks of the service and of this machine";

/// The `Date` of an answer has whole seconds: an end that is asked for at once is not shown to be past by it.
const DATE_STEP: TimeDelta = TimeDelta::seconds(2);

/// A range of the past while it is read.
pub(super) struct RangeRun {
    source: Box<dyn Source>,
    pub(super) context: SourceRun,
    run: RunContext,
    /// What the ledger knows it by.
    name: &'static str,
    range: Window,
    shutdown: Shutdown,
}

impl RangeRun {
    /// Goes on with what the ledger knows under this name, or begins it.
    pub(super) async fn begin(
        run: &RunContext,
        name: &'static str,
        (source, asked): (&AskedSource, &dyn Queryable),
        range: Window,
        rows: RangeRows,
    ) -> Result<Self, QuestionError> {
        let Some(identity) = source.identity.clone() else {
            return Err(QuestionError::Failed("nothing maps here".to_owned()));
        };
        let reading = RangeReading { range, rows };
        let mut reader = asked.read_range(identity, reading)?;
        let context = SourceRun::new(run.clone(), name, name);
        reader.begin(&context).await?;
        let shutdown = run.shutdown();
        Ok(Self { source: reader, context, run: run.clone(), name, range, shutdown })
    }

    /// Delivers all of it; what was done is added to `summary`.
    pub(super) async fn deliver(&mut self, summary: &mut Summary) -> Result<(), QuestionError> {
        let end = worker::poll(&mut *self.source, &self.context, &mut self.shutdown, summary).await;
        *summary += self.source.take_summary();
        if end? == PollEnd::Stopped { Err(QuestionError::Ended) } else { Ok(()) }
    }

    /// The next batch, for somebody who delivers it in another way, or not at all; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<RecordBatch>, QuestionError> {
        match worker::next_step(&mut *self.source, &self.context, &mut self.shutdown).await? {
            NextStep::Deliver(batch) => Ok(Some(*batch)),
            NextStep::End(PollEnd::CaughtUp) => Ok(None),
            NextStep::End(PollEnd::Stopped) => Err(QuestionError::Ended),
        }
    }

    /// Notes that a batch is done with.
    pub(super) async fn note(&mut self, batch: &RecordBatch) -> Result<(), QuestionError> {
        let checkpoint = Arc::clone(&batch.checkpoint);
        self.context.ledger(move |ledger, name| checkpoint.note(ledger, name, &[])).await?;
        self.source.committed(&Committed { summary: Summary::default(), newest: None }, &self.context);
        Ok(())
    }

    /// All is read: what the ledger knows of it, which it then forgets, and what could not be read.
    pub(super) async fn end(self) -> Result<(Option<PastReading>, Vec<Gap>), QuestionError> {
        let (name, range) = (self.name, self.range);
        let end = move |ledger: &mut Ledger| {
            let found = (ledger.past(name)?, unread(ledger, name, range)?);
            ledger.end_past(name)?;
            Ok(found)
        };
        Ok(self.run.ledger(end).await?)
    }
}

/// What of a range was not read, and why.
fn unread(ledger: &Ledger, name: &str, range: Window) -> Result<Vec<Gap>, LedgerError> {
    let Some(status) = ledger.status(name)? else { return Ok(Vec::new()) };
    let (mut gaps, until) = (status.gaps, status.covered_until.unwrap_or(range.start));
    if range.end - until > DATE_STEP {
        gaps.push(Gap { start: until, end: range.end, reason: NOT_PAST.to_owned() });
    }
    Ok(gaps)
}

/// What a run of another kind is told by the ledger.
pub(super) async fn reading(run: &RunContext, name: &'static str) -> Result<Option<PastReading>, RunError> {
    run.ledger(move |ledger| ledger.past(name)).await
}
