//! Feeds dead letters through again: by itself, or while a run goes on.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::spawn_blocking,
};
use tracing::{info, warn};

use super::{Mode, RunError, Stages, Summary, error::chain, files::blocking, shared::Shared, shutdown::Shutdown};
use crate::{dead_letter::AsideError, mapper::Mapper};

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
    /// Lines that are no letters.
    pub unreadable: u64,
    /// The first of them, counted from 1, and why they are none.
    pub examples: Vec<(usize, String)>,
    /// Where the letters still are, if their file was moved and has lines that are none.
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
    #[error("replay broke off: {reason}\nhint: `exotrace replay {}` does it again; ids stay the same", path.display())]
    BrokeOff {
        /// Where the letters are.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The run that was to do it has ended.
    #[error("replay broke off: the process was told to stop, or to reload\nhint: `exotrace replay {}` does it again", path.display())]
    Stopped {
        /// Where the letters are.
        path: PathBuf,
    },
}

/// Maps and delivers what a file of letters has again: what an output refused goes to that output, everything else to
/// all. The dead letter itself is moved away before, since what fails again is added to it.
///
/// # Errors
///
/// When the file cannot be read, or delivering fails. What was delivered before is delivered again the next time, under
/// the same ids.
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

/// The mapper of every source.
pub(super) fn mappers(stages: &Stages) -> Vec<(String, Mapper)> {
    let collectors = stages.collectors.iter();
    collectors.map(|collector| (collector.name().to_owned(), collector.mapper().clone())).collect()
}

async fn replay_file(
    shared: &Shared,
    mappers: &[(String, Mapper)],
    file: &Path,
    shutdown: &Shutdown,
) -> Result<Replayed, ReplayError> {
    let (path, is_aside) = shared.set_aside(file).await?;
    let unread = |source| ReplayError::Read { path: path.clone(), source };
    let broke_off = |error: RunError| match error {
        RunError::Abandoned { .. } => ReplayError::Stopped { path: path.clone() },
        error => ReplayError::BrokeOff { path: path.clone(), reason: chain(&error) },
    };
    let file = path.clone();
    let opened = spawn_blocking(move || Letters::open(&file)).await.map_err(|error| broke_off(error.into()))?;
    let mut letters = opened.map_err(unread)?;
    let mut summary = Summary::default();
    loop {
        let batch;
        (letters, batch) = blocking(letters, Letters::next_batch).await.map_err(broke_off)?;
        let batch = batch.map_err(unread)?;
        if batch.is_empty() {
            break;
        }
        if shutdown.is_told() {
            return Err(ReplayError::Stopped { path });
        }
        summary += feed(shared, mappers, batch).await.map_err(broke_off)?;
    }
    let Letters { count, unreadable, examples, .. } = letters;
    let dead_letter = shared.dead_letter_path();
    let mut replayed = Replayed { letters: count, summary, unreadable, examples, kept: None, dead_letter };
    if is_aside && replayed.unreadable == 0 {
        // Whatever it had is delivered, or in the dead letter again.
        fs::remove_file(&path).map_err(unread)?;
    } else if is_aside {
        replayed.kept = Some(path);
    }
    Ok(replayed)
}

/// Asks a run to feed letters through again. Cheap to clone.
#[derive(Clone)]
pub struct Replays(mpsc::Sender<Wanted>);

/// What a run hears of that.
pub struct ReplayRequests(mpsc::Receiver<Wanted>);

struct Wanted {
    file: PathBuf,
    answer: oneshot::Sender<Result<Replayed, ReplayError>>,
}

impl Replays {
    /// What asks, and what a run hears of it.
    pub fn channel() -> (Self, ReplayRequests) {
        let (asks, hears) = mpsc::channel(1);
        (Self(asks), ReplayRequests(hears))
    }

    /// Has the letters of a file fed through again; one file after the other.
    ///
    /// # Errors
    ///
    /// As [`replay`], and when the run ends before.
    pub async fn replay(&self, file: PathBuf) -> Result<Replayed, ReplayError> {
        let (answer, answered) = oneshot::channel();
        let stopped = || ReplayError::Stopped { path: file.clone() };
        self.0.send(Wanted { file: file.clone(), answer }).await.map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?
    }
}

/// Does what the run is asked, until it is told to stop: then between two batches.
pub(super) async fn serve(
    shared: Shared,
    mappers: Vec<(String, Mapper)>,
    mut requests: ReplayRequests,
    mut shutdown: Shutdown,
) {
    while let Some(Some(Wanted { file, answer })) = shutdown.or(requests.0.recv()).await {
        let replayed = replay_file(&shared, &mappers, &file, &shutdown).await;
        match &replayed {
            Ok(Replayed { letters, summary, .. }) => {
                info!(letters, documents = summary.documents, rejected = summary.rejected, "dead letters are replayed");
            }
            Err(error) => warn!(error = chain(error), "dead letters are not replayed"),
        }
        // Who asked may have gone.
        drop(answer.send(replayed));
    }
}
