//! What everything in a run shares: the ledger, the outputs and the dead letter.

use std::{
    path::{Path, PathBuf},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use tokio::{
    sync::watch,
    task::{JoinSet, spawn_blocking},
    time::sleep,
};
use tracing::{error, warn};

use super::{
    archive::Archive,
    backoffs::disk_delay,
    dead_letter::{ClaimError, DeadLetter, DeadLetterError, DeadLetterFile, Overview, Reason, Sealer, masked},
    error::{RunError, chain},
    mode::Mode,
    output::Output,
    precedence::Precedence,
    shutdown::Shutdown,
    tap::Taps,
    target::Target,
};
use crate::{
    ledger::{Ledger, LedgerError},
    mapper::most_spares,
    observe::{
        health::{Health, Part},
        metrics::metrics,
    },
    support::{
        clock::Clock,
        retry::{Attempt, Backoff, RetryError, retry},
    },
};

/// How often outputs are asked to do what time makes necessary: what is kept for days is not kept an hour more.
const TIDY_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// Maximum number of reasons of a batch's dead letters in the log; `exotrace replay --list` shows all.
const TOLD_REASONS: usize = 5;

/// The most batches of a source that wait for their turn. A batch of usual records has 0.7 MiB, and delivery is slower
/// than reading, so more would only take memory.
const MOST_BATCHES: usize = 8;

/// What everything in a run shares. Cheap to clone.
#[derive(Clone)]
pub(crate) struct RunContext {
    ledger: Arc<Mutex<Ledger>>,
    clock: Clock,
    pub(super) targets: Arc<[Target]>,
    dead_letter: Arc<Mutex<DeadLetterFile>>,
    /// Where raw records are kept, if they are.
    pub(super) archive: Option<Arc<Archive>>,
    pub(super) mode: Mode,
    pub(super) backoff: Backoff,
    stopped: watch::Receiver<bool>,
    pub(super) health: Arc<Health>,
    precedence: Precedence,
    /// Who watches the documents that pass.
    pub(super) taps: Taps,
    /// How many batches of a source are read and mapped before it is their turn.
    pub(super) most_ahead: usize,
}

/// With what a run begins.
pub(super) struct RunParts {
    pub(super) ledger: Ledger,
    pub(super) outputs: Vec<(String, Box<dyn Output>)>,
    pub(super) dead_letter: DeadLetterFile,
    pub(super) archive: Option<Arc<Archive>>,
    pub(super) mode: Mode,
    pub(super) backoff: Backoff,
    pub(super) health: Arc<Health>,
}

impl RunContext {
    /// `stopped` says when the run is told to stop.
    pub(super) fn new(parts: RunParts, stopped: watch::Receiver<bool>) -> Result<Self, LedgerError> {
        let RunParts { ledger, outputs, dead_letter, archive, mode, backoff, health } = parts;
        let targets: Result<_, LedgerError> =
            outputs.into_iter().map(|(name, output)| Target::new(name, output, &ledger)).collect();
        let (targets, clock) = (targets?, ledger.clock().clone());
        let (ledger, dead_letter) = (Arc::new(Mutex::new(ledger)), Arc::new(Mutex::new(dead_letter)));
        Ok(Self {
            ledger,
            clock,
            targets,
            dead_letter,
            archive,
            mode,
            backoff,
            stopped,
            health,
            precedence: Precedence::default(),
            taps: Taps::default(),
            most_ahead: usual_most_ahead(),
        })
    }

    /// The same, which gives up what a daemon tries for ever.
    pub(super) fn once(&self) -> Self {
        Self { mode: Mode::Once, ..self.clone() }
    }

    /// The same, which is told to stop by somebody else.
    pub(super) fn until(&self, stopped: watch::Receiver<bool>) -> Self {
        Self { stopped, ..self.clone() }
    }

    /// The same, whose documents others may watch.
    pub(super) fn watched_by(self, taps: Taps) -> Self {
        Self { taps, ..self }
    }

    /// The same, with this number of batches ahead.
    #[cfg(test)]
    pub(super) fn reading_ahead(self, most_ahead: usize) -> Self {
        Self { most_ahead, ..self }
    }

    /// The same, which keeps no raw records: those that it delivers are kept.
    pub(super) fn without_archive(&self) -> Self {
        Self { archive: None, ..self.clone() }
    }

    /// Who goes first.
    pub(super) fn precedence(&self) -> &Precedence {
        &self.precedence
    }

    /// What everything of a run tells the time by: the clock of the ledger.
    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Hears when the run is told to stop.
    pub(super) fn shutdown(&self) -> Shutdown {
        Shutdown::new(self.stopped.clone())
    }

    /// Lets outputs do what a run before has left undone, and what time makes necessary, beside everything else.
    pub(super) fn look_after_outputs(&self, beside: &mut JoinSet<()>) {
        for target in &*self.targets {
            let (output, mut shutdown) = (Arc::clone(&target.output), self.shutdown());
            beside.spawn(async move {
                let mut ready = Arc::clone(&output).lock_owned().await;
                // What ends then is said by the output itself.
                drop(spawn_blocking(move || ready.noted()).await);
                let next = async || {
                    sleep(TIDY_INTERVAL).await;
                    Arc::clone(&output).lock_owned().await
                };
                while let Some(mut ready) = shutdown.or(next()).await {
                    drop(spawn_blocking(move || ready.tidy()).await);
                }
            });
        }
    }

    /// Deletes raw records that were kept for long enough, beside everything else.
    pub(super) fn look_after_archive(&self, beside: &mut JoinSet<()>) {
        let Some(archive) = self.archive.clone() else { return };
        let (run, mut shutdown) = (self.clone(), self.shutdown());
        beside.spawn(async move {
            loop {
                let (archive, now) = (Arc::clone(&archive), run.clock().wall());
                // What goes wrong is said by the archive itself.
                drop(spawn_blocking(move || archive.tidy(now)).await);
                if shutdown.or(sleep(TIDY_INTERVAL)).await.is_none() {
                    return;
                }
            }
        });
    }

    /// Lets the ledger do some work, off the threads that wait for the network. Does it again when the disk is full:
    /// what was delivered would otherwise come twice.
    pub(super) fn ledger<'r, T: Send + 'static>(
        &'r self,
        work: impl Fn(&mut Ledger) -> Result<T, LedgerError> + Send + Sync + 'static,
    ) -> Pin<Box<dyn Future<Output = Result<T, RunError>> + Send + 'r>> {
        let work = Arc::new(work);
        // In a box: the compiler loses sight of what is `Send` otherwise.
        Box::pin(async move {
            match retry(&mut LedgerWork { run: self, work }).await {
                Ok(done) => {
                    if done.attempts > 1 {
                        self.health.working(Part::Ledger, "");
                    }
                    Ok(done.output)
                }
                Err(RetryError::Final(error) | RetryError::Stopped(error)) => Err(error),
            }
        })
    }

    /// Lets the ledger note something that nothing depends on.
    pub(super) async fn ledger_once(&self, work: impl FnOnce(&mut Ledger) -> Result<(), LedgerError> + Send + 'static) {
        let ledger = Arc::clone(&self.ledger);
        let noted = spawn_blocking(move || work(&mut ledger.lock().unwrap_or_else(PoisonError::into_inner)));
        if let Ok(Err(error)) = noted.await {
            warn!(error = chain(&error), "could not save statistics");
        }
    }

    /// Notes for `exotrace status` that a source failed. Nothing depends on it, so nothing waits for it.
    pub(super) async fn note_failure(&self, source: &str, error: &RunError) {
        let (source, failure) = (source.to_owned(), chain(error));
        let now = self.clock.wall();
        self.ledger_once(move |ledger| ledger.note_failure(&source, now, &failure)).await;
    }

    /// Writes letters to the dead letter; tries for long when the disk is full, since the ledger must not move before.
    pub(super) async fn write_dead_letters(&self, letters: Vec<DeadLetter>) -> Result<(), RunError> {
        if letters.is_empty() {
            return Ok(());
        }
        self.tell(&letters);
        let count = letters.len() as u64;
        match retry(&mut DeadLetterWrite { run: self, letters: Arc::new(letters) }).await {
            Ok(_) => {
                metrics().dead_letters.inc_by(count);
                self.health.working(Part::DeadLetter, "");
                Ok(())
            }
            Err(RetryError::Final(error)) => Err(error),
            Err(RetryError::Stopped(_)) => Err(RunError::Abandoned { name: "the dead letter".to_owned() }),
        }
    }

    /// Says that letters go to the dead letter, and why, without anything of the records.
    fn tell(&self, letters: &[DeadLetter]) {
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
    pub(super) async fn claim(&self, file: &Path) -> Result<(PathBuf, bool), ClaimError> {
        let (dead_letter, file) = (Arc::clone(&self.dead_letter), file.to_owned());
        let claim = {
            let file = file.clone();
            move || dead_letter.lock().unwrap_or_else(PoisonError::into_inner).claim(&file)
        };
        spawn_blocking(claim).await.unwrap_or_else(|error| Err(ClaimError::moving(file, error.into())))
    }

    /// What seals and opens the records of letters.
    pub(super) fn sealer(&self) -> Option<Arc<Sealer>> {
        self.dead_letter.lock().unwrap_or_else(PoisonError::into_inner).sealer()
    }

    /// Where letters are written to.
    pub(super) fn dead_letter_path(&self) -> PathBuf {
        self.dead_letter.lock().unwrap_or_else(PoisonError::into_inner).path().to_owned()
    }
}

/// How many batches are read and mapped before it is their turn: one for each core, and none where there is only one.
fn usual_most_ahead() -> usize {
    match most_spares() {
        0 => 0,
        spares => (spares + 1).min(MOST_BATCHES),
    }
}

/// Something that the ledger is to do.
struct LedgerWork<'r, W> {
    run: &'r RunContext,
    work: Arc<W>,
}

#[async_trait]
impl<T, W> Attempt for LedgerWork<'_, W>
where
    T: Send + 'static,
    W: Fn(&mut Ledger) -> Result<T, LedgerError> + Send + Sync + 'static,
{
    type Output = T;
    type Error = RunError;

    async fn attempt(&mut self) -> Result<T, RunError> {
        let (ledger, work) = (Arc::clone(&self.run.ledger), Arc::clone(&self.work));
        let done = spawn_blocking(move || {
            let mut ledger = ledger.lock().unwrap_or_else(PoisonError::into_inner);
            work(&mut ledger).map_err(|error| error.at(ledger.path()))
        });
        Ok(self.run.health.wait_for_disk(Part::Ledger, "", done).await??)
    }

    fn delay(&self, error: &RunError, attempt: u32) -> Option<Duration> {
        match error {
            RunError::Ledger(error) if error.may_pass() => disk_delay(self.run.mode, attempt),
            _ => None,
        }
    }

    async fn failed(&mut self, error: &RunError, attempt: u32, delay: Option<Duration>) {
        let RunError::Ledger(error) = error else { return };
        if !error.may_pass() {
            return;
        }
        if error.passes_by_itself() {
            self.run.health.retrying(Part::Ledger, "", chain(error));
        } else {
            self.run.health.needs_attention(Part::Ledger, "", chain(error));
        }
        let Some(delay) = delay else { return };
        let delay_ms = delay.as_millis();
        warn!(attempt, delay_ms, error = chain(error), "could not use the ledger; trying again");
    }
}

/// Letters that are to be written.
struct DeadLetterWrite<'r> {
    run: &'r RunContext,
    letters: Arc<Vec<DeadLetter>>,
}

#[async_trait]
impl Attempt for DeadLetterWrite<'_> {
    type Output = ();
    type Error = RunError;

    async fn attempt(&mut self) -> Result<(), RunError> {
        let (dead_letter, letters) = (Arc::clone(&self.run.dead_letter), Arc::clone(&self.letters));
        let write = move || dead_letter.lock().unwrap_or_else(PoisonError::into_inner).append(&letters);
        Ok(self.run.health.wait_for_disk(Part::DeadLetter, "", spawn_blocking(write)).await??)
    }

    fn delay(&self, error: &RunError, attempt: u32) -> Option<Duration> {
        if matches!(error, RunError::DeadLetter(_)) { disk_delay(self.run.mode, attempt) } else { None }
    }

    async fn failed(&mut self, error: &RunError, attempt: u32, delay: Option<Duration>) {
        let RunError::DeadLetter(error) = error else { return };
        let error: &DeadLetterError = error;
        self.run.health.needs_attention(Part::DeadLetter, "", chain(error));
        let Some(delay) = delay else { return };
        error!(attempt, delay_ms = delay.as_millis(), error = chain(error), "trying again");
    }

    async fn wait(&mut self, delay: Duration) -> bool {
        self.run.shutdown().or(sleep(delay)).await.is_some()
    }
}
