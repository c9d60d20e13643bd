//! Feeds dead letters through again: by itself, or while a run goes on.

use std::{
    io,
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
    Collector, Mode, RunError, Stages, Summary, error::chain, files::blocking, shared::Shared, shutdown::Shutdown,
};
use crate::{ledger::Replay, mapper::Mapper, pipeline::dead_letter::AsideError};

mod feed;
mod letters;

use feed::feed;
use letters::Letters;

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
        source: io::Error,
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
pub async fn replay(stages: Stages, file: &Path) -> Result<Replayed, ReplayError> {
    let mappers = mappers(&stages);
    let Stages { outputs, dead_letter, ledger, backoff, health, .. } = stages;
    // Nobody tells it to stop.
    let (_stop, stopped) = watch::channel(false);
    let broke_off = |reason: &RunError| ReplayError::BrokeOff { path: file.to_owned(), reason: chain(reason) };
    let shared = Shared::new(ledger, outputs, dead_letter, (Mode::Once, backoff), stopped.clone(), health)
        .map_err(|error| broke_off(&error.into()))?;
    replay_file(&shared, &mappers, file, &Shutdown::new(stopped)).await
}

/// What maps the records of a source.
pub(super) struct SourceMapper {
    /// What the settings call the source.
    pub(super) label: String,
    /// What the ledger knows it by.
    pub(super) name: String,
    pub(super) mapper: Mapper,
}

/// What maps the records of every source.
pub(super) fn mappers(stages: &Stages) -> Vec<SourceMapper> {
    let collectors = stages.collectors.iter();
    let mapper = |collector: &Collector| SourceMapper {
        label: collector.label().to_owned(),
        name: collector.name().to_owned(),
        mapper: collector.mapper().clone(),
    };
    collectors.map(mapper).collect()
}

async fn replay_file(
    shared: &Shared,
    mappers: &[SourceMapper],
    file: &Path,
    shutdown: &Shutdown,
) -> Result<Replayed, ReplayError> {
    let asked = file;
    let (path, is_aside) = shared.set_aside(file).await?;
    let unread = |source| ReplayError::Read { path: path.clone(), source };
    let broke_off = |error: RunError| match error {
        RunError::Abandoned { .. } => ReplayError::Stopped { path: path.clone() },
        error => ReplayError::BrokeOff { path: path.clone(), reason: chain(&error) },
    };
    let dead_letter = shared.dead_letter_path();
    let others = is_aside.then(|| path.with_extension("unreadable"));
    let file = path.clone();
    let opened = spawn_blocking(move || Letters::open(&file, others)).await.map_err(|error| broke_off(error.into()))?;
    let mut letters = opened.map_err(unread)?;
    let file = letters.identity;
    let done = shared.ledger(move |ledger| ledger.replayed_until(&file)).await.map_err(broke_off)?;
    if let Some(done) = done {
        let gone_on;
        (letters, gone_on) = blocking(letters, move |letters| letters.go_on_at(done)).await.map_err(broke_off)?;
        gone_on.map_err(unread)?;
    }
    let mut summary = Summary::default();
    loop {
        let batch;
        (letters, batch) = blocking(letters, Letters::next_batch).await.map_err(broke_off)?;
        let (batch, offset) = batch.map_err(unread)?;
        if batch.is_empty() {
            break;
        }
        if shutdown.is_told() {
            return Err(ReplayError::Stopped { path });
        }
        summary += feed(shared, mappers, batch, Replay { file, offset }).await.map_err(broke_off)?;
    }
    let kept;
    (letters, kept) = blocking(letters, Letters::end).await.map_err(broke_off)?;
    let kept = kept.map_err(unread)?;
    shared.ledger(move |ledger| ledger.end_replay(&file)).await.map_err(broke_off)?;
    let Letters { count, unreadable, examples, .. } = letters;
    Ok(Replayed { letters: count, summary, file: asked.to_owned(), unreadable, examples, kept, dead_letter })
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
    shared: Shared,
    mappers: Vec<SourceMapper>,
    mut requests: ReplayRequests,
    mut shutdown: Shutdown,
) {
    while let Some(Some(Wanted { file, answer, place })) = shutdown.or(requests.0.recv()).await {
        let replayed = replay_file(&shared, &mappers, &file, &shutdown).await;
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
