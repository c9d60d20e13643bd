//! Poll, map, deliver, note: a page at a time.

use std::{future::Future, ops::ControlFlow, time::Duration};

use chrono::{DateTime, Utc};
use tokio::time::{Instant, sleep_until};
use tracing::{error, info};

mod collector;
mod error;
mod shutdown;
mod summary;

pub use collector::{Collector, source_name};
pub use error::RunError;
pub use summary::Summary;

use crate::{ledger::Ledger, output::Output, retry::Backoff};
use error::chain;
use shutdown::Shutdown;

/// How the service is asked again: after 2, 4, 8, 16 seconds, or when it says.
pub const BACKOFF: Backoff =
    Backoff { shortest: Duration::from_secs(2), longest: Duration::from_secs(300), attempts: 5 };

/// When to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// When every source is caught up with the time at which the run began.
    Once,
    /// When told to.
    Daemon,
}

/// All that takes part in a run.
pub struct Stages {
    /// The sources, each with its mapper.
    pub collectors: Vec<Collector>,
    /// Every document goes to every one of them.
    pub outputs: Vec<Output>,
    /// What is done.
    pub ledger: Ledger,
    /// How to ask a source again that failed.
    pub backoff: Backoff,
}

/// Runs until `mode` says so or `shutdown` completes. Stops between pages only, so nothing is half done.
///
/// # Errors
///
/// When mapping, delivering or noting fails, or a page cannot be had; [`Mode::Daemon`] goes on when the page may be
/// had later. What was delivered before is noted; another run goes on from there.
pub async fn run(mut stages: Stages, mode: Mode, shutdown: impl Future<Output = ()>) -> Result<Summary, RunError> {
    info!(sources = stages.collectors.len(), outputs = stages.outputs.len(), "started");
    let mut shutdown = Shutdown::new(shutdown);
    let mut summary = Summary::default();
    match mode {
        Mode::Once => stages.run_once(&mut shutdown, &mut summary).await?,
        Mode::Daemon => stages.run_daemon(&mut shutdown, &mut summary).await?,
    }
    info!(pages = summary.pages, documents = summary.documents, failed = summary.failed, "stopped");
    Ok(summary)
}

impl Stages {
    async fn run_once<S>(&mut self, shutdown: &mut Shutdown<S>, summary: &mut Summary) -> Result<(), RunError>
    where
        S: Future<Output = ()>,
    {
        let now = Utc::now();
        for index in 0..self.collectors.len() {
            if self.catch_up(index, now, shutdown, summary).await?.is_break() {
                break;
            }
        }
        Ok(())
    }

    async fn run_daemon<S>(&mut self, shutdown: &mut Shutdown<S>, summary: &mut Summary) -> Result<(), RunError>
    where
        S: Future<Output = ()>,
    {
        let mut due = vec![Instant::now(); self.collectors.len()];
        while let Some((index, at)) = due.iter().copied().enumerate().min_by_key(|(_, at)| *at) {
            if shutdown.or(sleep_until(at)).await.is_none() {
                break;
            }
            match self.catch_up(index, Utc::now(), shutdown, summary).await {
                Ok(ControlFlow::Break(())) => break,
                Ok(ControlFlow::Continue(())) => {}
                // The service may be back at the next poll, which begins where this one ended: nothing is lost.
                Err(error) if error.may_pass() => {
                    error!(error = chain(&error), "could not collect; trying again at the next poll");
                }
                Err(error) => return Err(error),
            }
            due[index] = (at + self.collectors[index].interval).max(Instant::now());
        }
        Ok(())
    }

    /// Reads a source until it is caught up with `now`; `Break` when told to stop before.
    async fn catch_up<S>(
        &mut self,
        index: usize,
        now: DateTime<Utc>,
        shutdown: &mut Shutdown<S>,
        summary: &mut Summary,
    ) -> Result<ControlFlow<()>, RunError>
    where
        S: Future<Output = ()>,
    {
        let Self { collectors, outputs, ledger, backoff } = self;
        let collector = &mut collectors[index];
        while let Some(polled) = shutdown.or(collector.poll(ledger, now, backoff)).await {
            let Some(page) = polled? else { return Ok(ControlFlow::Continue(())) };
            *summary += collector.deliver(page, outputs, ledger).await?;
        }
        Ok(ControlFlow::Break(()))
    }
}

#[cfg(test)]
mod tests;
