//! Asking a run to feed dead letters through again.

use std::{path::PathBuf, sync::Arc};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::replayed::{ReplayError, Replayed};

/// Asks a run to feed letters through again, one file at a time. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Replays {
    asks: mpsc::Sender<WantedReplay>,
    place: Arc<Semaphore>,
}

/// What a run hears of that.
pub(crate) struct ReplayRequests(mpsc::Receiver<WantedReplay>);

/// A file that somebody wants to have replayed.
pub(in crate::pipeline) struct WantedReplay {
    pub(in crate::pipeline) file: PathBuf,
    pub(in crate::pipeline) answer: oneshot::Sender<Result<Replayed, ReplayError>>,
    /// Until it is done.
    pub(in crate::pipeline) place: OwnedSemaphorePermit,
}

impl Replays {
    /// What asks, and what a run hears of it.
    pub(crate) fn channel() -> (Self, ReplayRequests) {
        let (asks, hears) = mpsc::channel(1);
        (Self { asks, place: Arc::new(Semaphore::new(1)) }, ReplayRequests(hears))
    }

    /// Whether letters are being fed through.
    pub(crate) fn is_busy(&self) -> bool {
        self.place.available_permits() == 0
    }

    /// Has the letters of a file fed through again; it continues when nobody waits for the answer.
    ///
    /// # Errors
    ///
    /// As [`replay`](super::replay), when another one is under way, and when the run ends before.
    pub(crate) async fn replay(&self, file: PathBuf) -> Result<Replayed, ReplayError> {
        let place = Arc::clone(&self.place).try_acquire_owned().map_err(|_| ReplayError::Busy)?;
        let (answer, answered) = oneshot::channel();
        let ended = || ReplayError::Ended(file.clone());
        self.asks.send(WantedReplay { file: file.clone(), answer, place }).await.map_err(|_| ended())?;
        answered.await.map_err(|_| ended())?
    }
}

impl ReplayRequests {
    /// The next file that somebody wants to have replayed; none when all senders are gone.
    pub(in crate::pipeline) async fn receive(&mut self) -> Option<WantedReplay> {
        self.0.recv().await
    }
}
