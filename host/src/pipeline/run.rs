//! A run: every source at its own pace, until it is over.

use std::{future::Future, sync::Arc, time::Duration};

use chrono::Utc;
use tokio::{sync::watch, task::JoinSet, time::timeout};
use tracing::{debug, info, warn};

use super::{
    error::{RunError, chain},
    mode::Mode,
    pipeline::Pipeline,
    pipeline_source::PipelineSource,
    questions::{self, AskedSource},
    replay,
    run_context::{RunContext, RunParts},
    shutdown::Shutdown,
    source_run::SourceRun,
    summary::Summary,
    worker,
};
use crate::observe::{health::Part, metrics::metrics};

/// How long a page that is under way may take to be finished when the program is told to stop.
pub(crate) const GRACE: Duration = Duration::from_secs(30);

/// Runs until `mode` says so or `shutdown` completes. Stops between pages, or where an output is down: what others have
/// accepted is noted then.
///
/// # Errors
///
/// When mapping, delivering or noting fails; with [`Mode::Once`] also when a page cannot be read. What was delivered
/// before is noted; another run goes on from there.
pub(crate) async fn run(
    pipeline: Pipeline,
    mode: Mode,
    shutdown: impl Future<Output = ()>,
) -> Result<Summary, RunError> {
    let Pipeline { sources, outputs, archive, health, .. } = &pipeline;
    let labels = || sources.iter().map(|source| source.identity.label.as_str());
    metrics().keep(labels(), outputs.iter().map(|(name, _)| name.as_str()));
    health.begin(labels(), outputs.iter().map(|(name, _)| name.as_str()));
    if archive.is_some() {
        health.add(Part::Archive);
    }
    run_part(pipeline, mode, shutdown).await
}

/// The same for a part of what the process runs: who watches hears of the whole from somebody else.
///
/// # Errors
///
/// As [`run`].
pub(crate) async fn run_part(
    pipeline: Pipeline,
    mode: Mode,
    shutdown: impl Future<Output = ()>,
) -> Result<Summary, RunError> {
    let Pipeline { sources, outputs, dead_letter, archive, ledger, backoff, replays, questions, taps, grace, health } =
        pipeline;
    for PipelineSource { identity, .. } in &sources {
        // What the ledger has and nothing else says: names are for people.
        debug!(source = identity.label, ledger = identity.name, "source");
    }
    let (stop, stopped) = watch::channel(false);
    let parts = RunParts { ledger, outputs, dead_letter, archive, mode, backoff, health };
    let context = RunContext::new(parts, stopped.clone())?.watched_by(taps);
    let mut beside = JoinSet::new();
    context.look_after_outputs(&mut beside);
    context.look_after_archive(&mut beside);
    let identities = sources.iter().map(|source| Arc::clone(&source.identity)).collect();
    beside.spawn(replay::serve(context.clone(), identities, replays, Shutdown::new(stopped.clone())));
    let asked = sources.iter().map(AskedSource::from).collect();
    beside.spawn(questions::serve(context.clone(), asked, questions, Shutdown::new(stopped.clone())));
    let mut workers = JoinSet::new();
    for PipelineSource { identity, source, .. } in sources {
        let context = SourceRun::new(context.clone(), &identity.name, &identity.label);
        workers.spawn(worker::work(source, context, Shutdown::new(stopped.clone())));
    }
    let mut result = RunResult::default();
    result.wait(&mut workers, shutdown).await?;
    if !workers.is_empty() {
        info!("stopping; pages under way are finished first");
    }
    // Workers that are still busy finish their page.
    stop.send_replace(true);
    match timeout(grace, result.finish(&mut workers, &mut beside)).await {
        Ok(finished) => finished?,
        Err(_) => warn!("page under way took too long; it will be read again"),
    }
    let RunResult { summary, error } = result;
    let failure = error.as_ref().map(|error| chain(error));
    context.ledger_once(move |ledger| ledger.end_run(Utc::now(), failure.as_deref())).await;
    summary.tell(error.is_some());
    error.map_or(Ok(summary), Err)
}

/// What the workers have come to.
type WorkerResult = (Summary, Result<(), RunError>);

/// What a run has come to.
#[derive(Default)]
struct RunResult {
    summary: Summary,
    error: Option<RunError>,
}

impl RunResult {
    /// Waits until all workers are done, one has failed so that the others have to stop, or `shutdown` completes.
    async fn wait(
        &mut self,
        workers: &mut JoinSet<WorkerResult>,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), RunError> {
        tokio::pin!(shutdown);
        loop {
            let done = tokio::select! {
                () = &mut shutdown => return Ok(()),
                done = workers.join_next() => done,
            };
            let Some(done) = done else { return Ok(()) };
            if self.take(done?) {
                return Ok(());
            }
        }
    }

    /// Waits until all workers have ended.
    async fn finish(&mut self, workers: &mut JoinSet<WorkerResult>, beside: &mut JoinSet<()>) -> Result<(), RunError> {
        while let Some(done) = workers.join_next().await {
            self.take(done?);
        }
        while let Some(done) = beside.join_next().await {
            done?;
        }
        Ok(())
    }

    /// Takes what a worker has come to; says whether the others have to stop.
    fn take(&mut self, (summary, ended): WorkerResult) -> bool {
        self.summary += summary;
        let Err(error) = ended else { return false };
        // A source that cannot be read keeps no other from being read.
        let is_fatal = !matches!(error, RunError::Source { .. });
        self.error.get_or_insert(error);
        is_fatal
    }
}
