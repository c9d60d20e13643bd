//! What all sources share: the ledger, and the outputs.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::Utc;
use tokio::{sync::Mutex as AsyncMutex, task::spawn_blocking, time::sleep};
use tracing::warn;

use super::{Mode, RunError, Summary, error::chain};
use crate::{
    ledger::{Ledger, LedgerError},
    mapper::{Mapper, MapperError, Origin},
    output::Output,
    retry::Backoff,
};

/// How a ledger is asked again that cannot be written, as on a full disk.
const PATIENCE: Backoff =
    Backoff { shortest: Duration::from_millis(500), longest: Duration::from_secs(30), attempts: 8 };

/// What all sources share. Cheap to clone.
#[derive(Clone)]
pub(super) struct Shared {
    ledger: Arc<Mutex<Ledger>>,
    outputs: Arc<AsyncMutex<Vec<Output>>>,
    pub(super) mode: Mode,
    pub(super) backoff: Backoff,
}

impl Shared {
    pub(super) fn new(ledger: Ledger, outputs: Vec<Output>, mode: Mode, backoff: Backoff) -> Self {
        Self { ledger: Arc::new(Mutex::new(ledger)), outputs: Arc::new(AsyncMutex::new(outputs)), mode, backoff }
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
            let done = spawn_blocking(move || work(&mut ledger.lock().unwrap_or_else(PoisonError::into_inner))).await?;
            let error = match done {
                Err(error) if error.may_pass() => error,
                done => return Ok(done?),
            };
            let delay = match self.mode {
                Mode::Once => PATIENCE.delay(attempt, None, 0.0),
                Mode::Daemon => Backoff { attempts: u32::MAX, ..PATIENCE }.delay(attempt, None, 0.0),
            };
            let Some(delay) = delay else { return Err(error.into()) };
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

    /// Maps records, so many of them, and gives the documents to every output; when it returns, all have accepted.
    pub(super) async fn deliver(
        &self,
        mapper: &Mapper,
        records: String,
        count: usize,
        origin: Origin,
    ) -> Result<Summary, RunError> {
        let mapper = mapper.clone();
        let batch = spawn_blocking(move || mapper.map_batch(&records, &origin)).await??;
        if batch.outcomes.len() != count {
            // The ledger would note rows of which nothing was delivered.
            let problem = format!("{} outcomes for {count} records", batch.outcomes.len());
            return Err(MapperError::Contract(problem).into());
        }
        for output in &mut *self.outputs.lock().await {
            let receipt = output.deliver(&batch).await?;
            // Until there is a dead letter, nobody would have them.
            if !receipt.rejected.is_empty() {
                return Err(RunError::Rejected { count: receipt.rejected.len() });
            }
        }
        let mut summary = Summary::default();
        summary.count(&batch);
        Ok(summary)
    }

    /// Notes for `exotrace status` that a source failed. Nothing depends on it, so nothing waits for it.
    pub(super) async fn note_failure(&self, source: &str, error: &RunError) {
        let ledger = Arc::clone(&self.ledger);
        let (source, failure) = (source.to_owned(), chain(error));
        let noted = spawn_blocking(move || {
            let mut ledger = ledger.lock().unwrap_or_else(PoisonError::into_inner);
            ledger.note_failure(&source, Utc::now(), &failure)
        });
        if let Ok(Err(error)) = noted.await {
            warn!(error = chain(&error), "could not note a failure");
        }
    }
}
