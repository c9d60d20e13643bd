//! What all sources share: the ledger, the outputs and the dead letter.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
    time::Duration,
};

use tokio::{
    sync::{Mutex as AsyncMutex, watch},
    task::{JoinSet, spawn_blocking},
    time::sleep,
};
use tracing::{error, warn};

use super::{
    Mode, RunError,
    delivery::Target,
    error::chain,
    output::{Output, Tail, WritePosition},
    shutdown::Shutdown,
};
use crate::{
    ledger::{Ledger, LedgerError, Mark},
    observe::{
        health::{Health, Part},
        metrics::metrics,
    },
    pipeline::dead_letter::{AsideError, DeadLetter, Letter, Overview, Reason, masked},
    support::{clock::Clock, retry::Backoff},
};

/// How a ledger is asked again that cannot be written, as on a full disk.
const PATIENCE: Backoff =
    Backoff { shortest: Duration::from_millis(500), longest: Duration::from_secs(30), attempts: 8 };

/// So many reasons of a batch's letters are in the log; `exotrace replay --list` shows all.
const TOLD_REASONS: usize = 5;

/// What all sources share. Cheap to clone.
#[derive(Clone)]
pub(super) struct Shared {
    ledger: Arc<Mutex<Ledger>>,
    clock: Clock,
    pub(super) targets: Arc<[Target]>,
    dead_letter: Arc<Mutex<DeadLetter>>,
    pub(super) mode: Mode,
    pub(super) backoff: Backoff,
    stopped: watch::Receiver<bool>,
    pub(super) health: Arc<Health>,
}

impl Shared {
    /// `stopped` says when the run is told to stop.
    pub(super) fn new(
        ledger: Ledger,
        outputs: Vec<(String, Box<dyn Output>)>,
        dead_letter: DeadLetter,
        (mode, backoff): (Mode, Backoff),
        stopped: watch::Receiver<bool>,
        health: Arc<Health>,
    ) -> Result<Self, LedgerError> {
        let mut targets = Vec::new();
        for (name, mut output) in outputs {
            if let Some(Mark { device, inode, length, began, tail, .. }) = ledger.mark(&name)? {
                let tail = Tail { length: tail.length, hash: tail.hash };
                output.recover(WritePosition { device, inode, length, began, tail });
            }
            let (counts, output) = (metrics().output(&name), Arc::new(AsyncMutex::new(output)));
            let is_troubled = AtomicBool::new(ledger.output_trouble(&name)?.is_some());
            targets.push(Target { name, output, counts, is_troubled });
        }
        let clock = ledger.clock().clone();
        let (ledger, dead_letter) = (Arc::new(Mutex::new(ledger)), Arc::new(Mutex::new(dead_letter)));
        Ok(Self { ledger, clock, targets: targets.into(), dead_letter, mode, backoff, stopped, health })
    }

    /// What everything of a run tells the time by: the clock of the ledger.
    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Lets outputs do what a run before has left undone, beside everything else.
    pub(super) fn catch_up(&self, beside: &mut JoinSet<()>) {
        for target in &*self.targets {
            let output = Arc::clone(&target.output);
            beside.spawn(async move {
                let mut output = output.lock_owned().await;
                // What ends then is said by the output itself.
                drop(spawn_blocking(move || output.noted()).await);
            });
        }
    }

    /// Lets the ledger do some work, off the threads that wait for the network. Does it again when the disk is full:
    /// what was delivered would otherwise come twice.
    pub(super) async fn ledger<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Ledger) -> Result<T, LedgerError> + Send + Sync + 'static,
    ) -> Result<T, RunError> {
        let work = Arc::new(work);
        let mut attempt = 1;
        loop {
            let (ledger, work) = (Arc::clone(&self.ledger), Arc::clone(&work));
            let done = spawn_blocking(move || {
                let mut ledger = ledger.lock().unwrap_or_else(PoisonError::into_inner);
                work(&mut ledger).map_err(|error| error.at(ledger.path()))
            });
            let done = self.health.wait_for_disk(Part::Ledger, "", done).await;
            let error = match done? {
                Err(error) if error.may_pass() => error,
                done => {
                    if attempt > 1 && done.is_ok() {
                        self.health.working(Part::Ledger, "");
                    }
                    return Ok(done?);
                }
            };
            if error.passes_by_itself() {
                self.health.retrying(Part::Ledger, "", chain(&error));
            } else {
                self.health.needs_attention(Part::Ledger, "", chain(&error));
            }
            let Some(delay) = self.patience(attempt) else { return Err(error.into()) };
            warn!(
                attempt,
                delay_ms = delay.as_millis(),
                error = chain(&error),
                "could not use the ledger; trying again"
            );
            sleep(delay).await;
            attempt += 1;
        }
    }

    /// Writes letters to the dead letter; tries for long when the disk is full, since the ledger must not move before.
    pub(super) async fn bury(&self, letters: Vec<Letter>) -> Result<(), RunError> {
        if letters.is_empty() {
            return Ok(());
        }
        self.tell(&letters);
        let letters = Arc::new(letters);
        let mut attempt = 1;
        loop {
            let (dead_letter, letters) = (Arc::clone(&self.dead_letter), Arc::clone(&letters));
            let count = letters.len() as u64;
            let write = move || dead_letter.lock().unwrap_or_else(PoisonError::into_inner).append(&letters);
            let written = self.health.wait_for_disk(Part::DeadLetter, "", spawn_blocking(write)).await;
            let Err(error) = written? else {
                metrics().dead_letters.inc_by(count);
                self.health.working(Part::DeadLetter, "");
                return Ok(());
            };
            self.health.needs_attention(Part::DeadLetter, "", chain(&error));
            let Some(delay) = self.patience(attempt) else { return Err(error.into()) };
            error!(attempt, delay_ms = delay.as_millis(), error = chain(&error), "trying again");
            if self.shutdown().or(sleep(delay)).await.is_none() {
                return Err(RunError::Abandoned { name: "the dead letter".to_owned() });
            }
            attempt += 1;
        }
    }

    /// Says that letters go to the dead letter, and why, without anything of the records.
    fn tell(&self, letters: &[Letter]) {
        let file = self.dead_letter_path();
        let overview = Overview::of(&file, letters);
        let (Some(first), Some(letter)) = (overview.reasons.first(), letters.first()) else { return };
        let reasons: Vec<_> = overview.reasons.iter().take(TOLD_REASONS).map(Reason::counted).collect();
        error!(
            source = letter.source,
            output = first.output,
            records = letters.len(),
            reason = masked(&letter.reason, &letter.record),
            reasons = reasons.join("; "),
            file = %file.display(),
            "records go to the dead letter"
        );
    }

    /// Gets a file of letters ready to be read: the dead letter is moved away, between two letters.
    pub(super) async fn set_aside(&self, file: &Path) -> Result<(PathBuf, bool), AsideError> {
        let (dead_letter, file) = (Arc::clone(&self.dead_letter), file.to_owned());
        let set_aside = {
            let file = file.clone();
            move || dead_letter.lock().unwrap_or_else(PoisonError::into_inner).set_aside(&file)
        };
        spawn_blocking(set_aside).await.unwrap_or_else(|error| Err(AsideError::moving(file, error.into())))
    }

    /// Where letters are written to.
    pub(super) fn dead_letter_path(&self) -> PathBuf {
        self.dead_letter.lock().unwrap_or_else(PoisonError::into_inner).path().to_owned()
    }

    fn patience(&self, attempt: u32) -> Option<Duration> {
        match self.mode {
            Mode::Once => PATIENCE.delay(attempt, None, 0.0),
            Mode::Daemon => Backoff { attempts: u32::MAX, ..PATIENCE }.delay(attempt, None, 0.0),
        }
    }

    /// Hears when the run is told to stop.
    pub(super) fn shutdown(&self) -> Shutdown {
        Shutdown::new(self.stopped.clone())
    }

    /// Notes for `exotrace status` that a source failed. Nothing depends on it, so nothing waits for it.
    pub(super) async fn note_failure(&self, source: &str, error: &RunError) {
        let (source, failure) = (source.to_owned(), chain(error));
        let now = self.clock.wall();
        self.ledger_once(move |ledger| ledger.note_failure(&source, now, &failure)).await;
    }

    /// Lets the ledger note something that nothing depends on.
    pub(super) async fn ledger_once(&self, work: impl FnOnce(&mut Ledger) -> Result<(), LedgerError> + Send + 'static) {
        let ledger = Arc::clone(&self.ledger);
        let noted = spawn_blocking(move || work(&mut ledger.lock().unwrap_or_else(PoisonError::into_inner)));
        if let Ok(Err(error)) = noted.await {
            warn!(error = chain(&error), "could not note how it goes");
        }
    }
}
