//! The loop: the next batch of a source is mapped, delivered and noted, again and again.

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::{error, info, warn};

use super::{
    backoffs::{MEND_SOURCE_BACKOFF, in_mode},
    batch_mapping::BatchToMap,
    delivery::{Committed, deliver},
    error::{RunError, chain},
    mode::Mode,
    read_ahead::ReadAhead,
    record_batch::RecordBatch,
    shutdown::Shutdown,
    source::Source,
    source_error::Remedy,
    source_run::SourceRun,
    summary::Summary,
};
use crate::{
    observe::metrics::metrics,
    support::{
        file_watch::WatchedFiles,
        retry::{Attempt, RetryError, retry},
    },
};

/// Why a poll ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PollEnd {
    /// Everything was read.
    CaughtUp,
    /// It was told to.
    Stopped,
}

/// Works until the source is caught up or told to stop; gives what was done in any case.
pub(super) async fn work(
    mut source: Box<dyn Source>,
    context: SourceRun,
    mut shutdown: Shutdown,
) -> (Summary, Result<(), RunError>) {
    let mut summary = Summary::default();
    let ended = poll_again_and_again(&mut *source, &context, &mut shutdown, &mut summary).await;
    summary += source.take_summary();
    match ended {
        Err(RunError::Abandoned { .. }) => (summary, Ok(())),
        ended => (summary, ended),
    }
}

async fn poll_again_and_again(
    source: &mut dyn Source,
    context: &SourceRun,
    shutdown: &mut Shutdown,
    summary: &mut Summary,
) -> Result<(), RunError> {
    source.begin(context).await?;
    loop {
        let began = Instant::now();
        let end = poll(source, context, shutdown, summary).await?;
        if end == PollEnd::Stopped || context.run.mode == Mode::Once {
            return Ok(());
        }
        if shutdown.or(sleep_until(began + source.interval())).await.is_none() {
            return Ok(());
        }
    }
}

/// Reads a source until it is caught up: every batch is mapped, given to every output, and noted in the ledger: last,
/// so that a crash repeats and never skips.
pub(super) async fn poll(
    source: &mut dyn Source,
    context: &SourceRun,
    shutdown: &mut Shutdown,
    summary: &mut Summary,
) -> Result<PollEnd, RunError> {
    let mut ahead = ReadAhead::default();
    loop {
        match next_step(source, context, shutdown).await? {
            NextStep::Deliver(batch) => {
                ahead.begin(*batch);
                advance(source, context, shutdown, &mut ahead, summary).await?;
            }
            NextStep::End(end) => return Ok(end),
        }
    }
}

/// Asks a source for its next batch, again and again for as long as that may be of use.
pub(super) async fn next_step(
    source: &mut dyn Source,
    context: &SourceRun,
    shutdown: &mut Shutdown,
) -> Result<NextStep, RunError> {
    match retry(&mut NextBatch { source, context, shutdown, secrets: WatchedFiles::default() }).await {
        Ok(read) => {
            if read.attempts > 1 {
                info!(source = context.label(), "collecting again");
            }
            Ok(read.output)
        }
        Err(RetryError::Final(error)) => Err(error),
        Err(RetryError::Stopped(_)) => Ok(NextStep::End(PollEnd::Stopped)),
    }
}

/// Takes the batch whose turn it is all the way, and those behind it that the source reads meanwhile. They are mapped at
/// the same time, and delivered and noted one after the other; those that wait when this ends are read again.
pub(super) async fn advance(
    source: &mut dyn Source,
    context: &SourceRun,
    shutdown: &Shutdown,
    ahead: &mut ReadAhead,
    summary: &mut Summary,
) -> Result<(), RunError> {
    while let Some(batch) = ahead.next() {
        let (committed, read) = tokio::join!(deliver_all(context, batch), ahead.fill(source, context));
        match committed {
            Ok(committed) => {
                source.committed(&committed, context);
                source.report_health(context);
                *summary += committed.summary;
            }
            Err(RunError::Released { .. }) => {
                info!(source = context.label(), "batch given up: somebody else reads it now");
                source.rewind();
                return Ok(());
            }
            Err(error) => {
                source.rewind();
                return Err(error);
            }
        }
        read?;
        if shutdown.is_told() && !source.has_read_ahead() {
            return Ok(());
        }
    }
    Ok(())
}

async fn deliver_all(context: &SourceRun, batch: BatchToMap) -> Result<Committed, RunError> {
    deliver(context, batch).await?.commit(context).await
}

/// What a source has answered.
pub(super) enum NextStep {
    /// Records.
    Deliver(Box<RecordBatch>),
    /// That there is nothing more.
    End(PollEnd),
}

/// A source that is asked for its next batch.
struct NextBatch<'p> {
    source: &'p mut dyn Source,
    context: &'p SourceRun,
    shutdown: &'p mut Shutdown,
    /// What the source reads its secrets from, as it was before the last attempt.
    secrets: WatchedFiles,
}

#[async_trait]
impl Attempt for NextBatch<'_> {
    type Output = NextStep;
    type Error = RunError;

    async fn attempt(&mut self) -> Result<NextStep, RunError> {
        self.secrets = WatchedFiles::new(self.source.secret_files());
        let read = if self.source.has_read_ahead() {
            self.source.next(self.context).await?
        } else {
            match self.shutdown.or(self.source.next(self.context)).await {
                Some(read) => read?,
                None => return Ok(NextStep::End(PollEnd::Stopped)),
            }
        };
        self.source.report_health(self.context);
        Ok(read.map_or(NextStep::End(PollEnd::CaughtUp), |batch| NextStep::Deliver(Box::new(batch))))
    }

    fn delay(&self, error: &RunError, attempt: u32) -> Option<Duration> {
        let RunError::Source { source: error, .. } = error else { return None };
        let run = &self.context.run;
        match (error.remedy(), run.mode) {
            (Remedy::Retry { after }, mode) => in_mode(run.backoff, mode).delay(attempt, after, rand::random()),
            (Remedy::Person, Mode::Daemon) => MEND_SOURCE_BACKOFF.delay(attempt, None, rand::random()),
            (Remedy::Person, Mode::Once) | (Remedy::None, _) => None,
        }
    }

    async fn failed(&mut self, error: &RunError, attempt: u32, delay: Option<Duration>) {
        let RunError::Source { source, .. } = error else { return };
        if source.remedy() == Remedy::None {
            return;
        }
        self.context.note_failure(error).await;
        let Some(delay) = delay else { return };
        metrics().source(self.context.label()).retries.inc();
        let (delay_ms, text) = (delay.as_millis(), chain(error));
        if matches!(source.remedy(), Remedy::Retry { .. }) {
            warn!(attempt, delay_ms, error = text, "could not collect; trying again");
            self.context.retrying(text);
        } else {
            error!(attempt, delay_ms, error = text, "could not collect; trying again");
            self.context.needs_attention(text);
        }
    }

    async fn wait(&mut self, delay: Duration) -> bool {
        let waited = async {
            tokio::select! {
                () = sleep(delay) => {}
                () = self.secrets.changed() => {}
            }
        };
        self.shutdown.or(waited).await.is_some()
    }
}
