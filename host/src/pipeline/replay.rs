//! Feeds dead letters through again: by itself, or while a run goes on.

use std::{
    error::Error,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch},
    task::spawn_blocking,
};
use tracing::{info, warn};

use super::{
    dead_letter::AsideError,
    error::{RunError, chain},
    mode::Mode,
    run::Pipeline,
    run_context::{RunContext, RunParts},
    shutdown::Shutdown,
    source::{Source as _, SourceIdentity},
    source_run::SourceRun,
    summary::Summary,
    worker::{PollEnd, poll},
};
use crate::ledger::REPLAY;

mod dead_letter_reader;
mod dead_letter_source;

use dead_letter_reader::Letters;
use dead_letter_source::{DeadLetterSource, LABEL};

/// What came of a replay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replayed {
    /// Letters read.
    pub letters: u64,
    /// What was done with them; rejected are those that went to the dead letter again.
    pub summary: Summary,
    /// The file that was read, under the name that was asked for.
    #[serde(default)]
    pub file: PathBuf,
    /// Lines that are no letters.
    pub unreadable: u64,
    /// The first of them, counted from 1, and why they are none.
    pub examples: Vec<(usize, String)>,
    /// Where those lines are, if their file was deleted.
    pub kept: Option<PathBuf>,
    /// What failed again went there.
    pub dead_letter: PathBuf,
}

/// Why letters were not fed through, or not all.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// They cannot be had.
    #[error(transparent)]
    Aside(#[from] AsideError),
    /// They cannot be read.
    #[error("could not read `{}`", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// Mapping, delivering or noting failed.
    #[error("replay of `{}` broke off: {reason}", path.display())]
    BrokeOff {
        /// Where the letters are.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The run that was to do it was told to stop.
    #[error("replay of `{}` broke off: the process was told to stop, or to reload", path.display())]
    Stopped {
        /// Where the letters are.
        path: PathBuf,
    },
    /// The run that was to do it has ended.
    #[error("replay of `{}` broke off: the process has ended", .0.display())]
    Ended(PathBuf),
    /// One at a time.
    #[error("another replay is under way\nhint: wait until it is done")]
    Busy,
}

/// Maps and delivers what a file of letters has again: what an output refused goes to that output, everything else to
/// all. The dead letter itself is moved away before, since what fails again is added to it.
///
/// # Errors
///
/// When the file cannot be read, or delivering fails: the next replay of the file goes on behind what is done.
pub async fn replay(pipeline: Pipeline, file: &Path) -> Result<Replayed, ReplayError> {
    let Pipeline { sources, outputs, dead_letter, ledger, backoff, health, .. } = pipeline;
    // Nobody tells it to stop.
    let (_stop, stopped) = watch::channel(false);
    let parts = RunParts { ledger, outputs, dead_letter, mode: Mode::Once, backoff, health };
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
    let opened = spawn_blocking(move || Letters::open(&file, others)).await.map_err(|error| failed(error.into()))?;
    let letters = opened.map_err(|error| ReplayError::Read { path: path.clone(), source: error.into() })?;
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
    if let Some(Letters { count, unreadable, examples, .. }) = letters {
        (replayed.letters, replayed.unreadable, replayed.examples) = (count, unreadable, examples);
    }
    Ok(replayed)
}

impl ReplayError {
    /// A replay of this file failed.
    fn of(path: &Path, error: RunError) -> Self {
        let path = path.to_owned();
        match error {
            RunError::Abandoned { .. } => Self::Stopped { path },
            RunError::Source { source, .. } => Self::Read { path, source: source.into_cause() },
            error => Self::BrokeOff { path, reason: chain(&error) },
        }
    }
}

/// Asks a run to feed letters through again, one file at a time. Cheap to clone.
#[derive(Clone)]
pub struct Replays {
    asks: mpsc::Sender<Wanted>,
    place: Arc<Semaphore>,
}

/// What a run hears of that.
pub struct ReplayRequests(mpsc::Receiver<Wanted>);

struct Wanted {
    file: PathBuf,
    answer: oneshot::Sender<Result<Replayed, ReplayError>>,
    /// Until it is done.
    place: OwnedSemaphorePermit,
}

impl Replays {
    /// What asks, and what a run hears of it.
    pub fn channel() -> (Self, ReplayRequests) {
        let (asks, hears) = mpsc::channel(1);
        (Self { asks, place: Arc::new(Semaphore::new(1)) }, ReplayRequests(hears))
    }

    /// Whether letters are being fed through.
    pub fn is_busy(&self) -> bool {
        self.place.available_permits() == 0
    }

    /// Has the letters of a file fed through again; that goes on when nobody waits for the answer any more.
    ///
    /// # Errors
    ///
    /// As [`replay`], when another one is under way, and when the run ends before.
    pub async fn replay(&self, file: PathBuf) -> Result<Replayed, ReplayError> {
        let place = Arc::clone(&self.place).try_acquire_owned().map_err(|_| ReplayError::Busy)?;
        let (answer, answered) = oneshot::channel();
        let ended = || ReplayError::Ended(file.clone());
        self.asks.send(Wanted { file: file.clone(), answer, place }).await.map_err(|_| ended())?;
        answered.await.map_err(|_| ended())?
    }
}

/// Does what the run is asked, until it is told to stop: then between two batches.
pub(super) async fn serve(
    run: RunContext,
    sources: Vec<Arc<SourceIdentity>>,
    mut requests: ReplayRequests,
    mut shutdown: Shutdown,
) {
    while let Some(Some(Wanted { file, answer, place })) = shutdown.or(requests.0.recv()).await {
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
