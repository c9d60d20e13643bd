//! Searches for mail: asks a source page by page, within its request budget, and again when that may help.

use std::time::{Duration, Instant};

use async_trait::async_trait;

use super::{
    asked_source::{AskedSource, choose, range},
    queryable::Search,
    question_error::QuestionError,
    trace_answer::{FoundDeliveries, TraceAnswer},
    trace_query::TraceQuery,
    traced_details::{MOST_DETAILED, TracedDetails},
    traced_row::TracedRow,
};
use crate::{
    pipeline::{error::RunError, run_context::RunContext, source_error::Remedy, source_run::SourceRun},
    support::retry::{Attempt, RetryError, retry},
};

/// Searches for mail in one of these sources.
pub(super) async fn trace(
    run: &RunContext,
    sources: &[AskedSource],
    query: TraceQuery,
) -> Result<TraceAnswer, QuestionError> {
    let (source, asked) = choose(sources, query.source.as_deref())?;
    let window = range(query.from, query.to, run.clock().wall(), asked)?;
    let query = TraceQuery { from: window.start, to: window.end, ..query };
    let mut search = asked.search(&query)?;
    let context = SourceRun::new(run.once(), &source.settings.ledger_name(), &source.name);
    let (began, mut found, mut is_cut) = (Instant::now(), FoundDeliveries::default(), false);
    while let Some(rows) = next(&mut *search, &context).await? {
        if !rows.into_iter().all(|row| found.take(row)) {
            is_cut = true;
            break;
        }
    }
    let mut deliveries = found.into_sorted();
    if query.details {
        for delivery in deliveries.iter_mut().take(MOST_DETAILED) {
            delivery.details = Some(details(&mut *search, &context, &delivery.row).await?);
        }
    }
    Ok(TraceAnswer {
        source: source.name.clone(),
        tenant: asked.tenant().to_owned(),
        from: query.from,
        to: query.to,
        requests: search.requests(),
        took_seconds: began.elapsed().as_secs_f64(),
        is_cut,
        unread: search.unread().to_vec(),
        deliveries,
    })
}

async fn next(search: &mut dyn Search, context: &SourceRun) -> Result<Option<Vec<TracedRow>>, RunError> {
    match retry(&mut NextRows { search, context }).await {
        Ok(read) => Ok(read.output),
        Err(RetryError::Final(error) | RetryError::Stopped(error)) => Err(error),
    }
}

async fn details(search: &mut dyn Search, context: &SourceRun, row: &TracedRow) -> Result<TracedDetails, RunError> {
    match retry(&mut Steps { search, context, row }).await {
        Ok(read) => Ok(read.output),
        Err(RetryError::Final(error) | RetryError::Stopped(error)) => Err(error),
    }
}

/// How long until what failed is tried again; none when that is of no use.
fn delay(context: &SourceRun, error: &RunError, attempt: u32) -> Option<Duration> {
    let RunError::Source { source, .. } = error else { return None };
    let Remedy::Retry { after } = source.remedy() else { return None };
    context.run.backoff.delay(attempt, after, rand::random())
}

/// A search that is asked for the steps of a delivery.
struct Steps<'s> {
    search: &'s mut dyn Search,
    context: &'s SourceRun,
    row: &'s TracedRow,
}

#[async_trait]
impl Attempt for Steps<'_> {
    type Output = TracedDetails;
    type Error = RunError;

    async fn attempt(&mut self) -> Result<TracedDetails, RunError> {
        self.search.details(self.row, self.context).await
    }

    fn delay(&self, error: &RunError, attempt: u32) -> Option<Duration> {
        delay(self.context, error, attempt)
    }

    async fn failed(&mut self, _: &RunError, _: u32, _: Option<Duration>) {}
}

/// A search that is asked for its next page.
struct NextRows<'s> {
    search: &'s mut dyn Search,
    context: &'s SourceRun,
}

#[async_trait]
impl Attempt for NextRows<'_> {
    type Output = Option<Vec<TracedRow>>;
    type Error = RunError;

    async fn attempt(&mut self) -> Result<Self::Output, RunError> {
        self.search.next(self.context).await
    }

    fn delay(&self, error: &RunError, attempt: u32) -> Option<Duration> {
        delay(self.context, error, attempt)
    }

    /// Who asked hears of it, and nobody else: the source itself may be well.
    async fn failed(&mut self, _: &RunError, _: u32, _: Option<Duration>) {}
}
