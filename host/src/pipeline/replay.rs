//! Feeds dead letters through again: by itself, or while a run goes on.

use std::{path::Path, sync::Arc};

use tokio::{sync::watch, task::spawn_blocking};
use tracing::{info, warn};

use super::{
    error::chain,
    mode::Mode,
    pipeline::Pipeline,
    run_context::{RunContext, RunParts},
    shutdown::Shutdown,
    source::Source as _,
    source_identity::SourceIdentity,
    source_run::SourceRun,
    summary::Summary,
    worker::{PollEnd, poll},
};
use crate::ledger::REPLAY;

mod dead_letter_reader;
mod dead_letter_source;
mod replay_requests;
mod replayed;

use dead_letter_reader::DeadLetterReader;
use dead_letter_source::{DeadLetterSource, LABEL};
use replay_requests::WantedReplay;
pub(crate) use replay_requests::{ReplayRequests, Replays};
pub(crate) use replayed::{ReplayError, Replayed};

/// Maps and delivers what a file of letters has again: what an output refused goes to that output, everything else to
/// all. The dead letter itself is moved away before, since what fails again is added to it.
///
/// # Errors
///
/// When the file cannot be read, or delivering fails: the next replay of the file goes on behind what is done.
pub(crate) async fn replay(pipeline: Pipeline, file: &Path) -> Result<Replayed, ReplayError> {
    let Pipeline { sources, outputs, dead_letter, archive, ledger, backoff, health, .. } = pipeline;
    // Nobody tells it to stop.
    let (_stop, stopped) = watch::channel(false);
    let parts = RunParts { ledger, outputs, dead_letter, archive, mode: Mode::Once, backoff, health };
    let run = RunContext::new(parts, stopped.clone()).map_err(|error| ReplayError::of(file, error.into()))?;
    let sources: Vec<_> = sources.into_iter().map(|source| source.identity).collect();
    replay_file(&run, &sources, file, &mut Shutdown::new(stopped)).await
}

async fn replay_file(
    run: &RunContext,
    sources: &[Arc<SourceIdentity>],
    asked: &Path,
    shutdown: &mut Shutdown,
) -> Result<Replayed, ReplayError> {
    let (path, is_claimed) = run.claim(asked).await?;
    let others = is_claimed.then(|| path.with_extension("unreadable"));
    let failed = |error| ReplayError::of(&path, error);
    let file = path.clone();
    let opened =
        spawn_blocking(move || DeadLetterReader::open(&file, others)).await.map_err(|error| failed(error.into()))?;
    let letters = opened.map_err(|error| ReplayError::Read { path: path.clone(), source: error.into() })?;
    let letters = letters.opened_by(run.sealer());
    let outputs = run.targets.iter().map(|target| target.name.clone()).collect();
    let mut source = DeadLetterSource::new(letters, sources.to_vec(), outputs);
    let context = SourceRun::new(run.clone(), REPLAY, LABEL);
    source.begin(&context).await.map_err(failed)?;
    let mut summary = Summary::default();
    if poll(&mut source, &context, shutdown, &mut summary).await.map_err(failed)? == PollEnd::Stopped {
        return Err(ReplayError::Stopped { path });
    }
    let (letters, kept) = source.end(&context).await.map_err(failed)?;
    let (file, dead_letter) = (asked.to_owned(), run.dead_letter_path());
    let mut replayed = Replayed { summary, file, kept, dead_letter, ..Replayed::default() };
    if let Some(DeadLetterReader { count, unreadable, examples, .. }) = letters {
        (replayed.letters, replayed.unreadable, replayed.examples) = (count, unreadable, examples);
    }
    Ok(replayed)
}

/// Does what the run is asked, until it is told to stop: then between two batches.
pub(super) async fn serve(
    run: RunContext,
    sources: Vec<Arc<SourceIdentity>>,
    mut requests: ReplayRequests,
    mut shutdown: Shutdown,
) {
    while let Some(Some(WantedReplay { file, answer, place })) = shutdown.or(requests.receive()).await {
        let replayed = replay_file(&run, &sources, &file, &mut run.shutdown()).await;
        match &replayed {
            Ok(Replayed { letters, summary, .. }) => {
                info!(letters, documents = summary.documents, rejected = summary.rejected, "dead letters are replayed");
            }
            Err(error) => warn!(error = chain(error), "dead letters are not replayed"),
        }
        drop(place);
        // Who asked may have gone.
        drop(answer.send(replayed));
    }
}
