//! Maps a batch, as soon as this machine can.

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use tokio::{
    sync::Semaphore,
    task::{JoinHandle, spawn_blocking},
    time::sleep,
};
use tracing::{debug, info, warn};

use super::{
    backoffs::in_mode,
    dead_letter::DeadLetter,
    error::{RunError, chain},
    record_batch::RecordBatch,
    source_run::SourceRun,
};
use crate::{
    mapper::{Ahead, MappedAhead, MappedBatch, MapperError, most_spares},
    support::retry::{Attempt, RetryError, retry},
};

/// Batches are mapped ahead at the same time for as many as there may be spare instances; the others wait.
static LANES: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(most_spares()));

/// A batch on its way to be mapped.
pub(super) struct BatchToMap {
    pub(super) batch: Arc<RecordBatch>,
    /// What goes to the dead letter unmapped.
    pub(super) refused: Vec<DeadLetter>,
    pub(super) ahead: Option<AheadMapping>,
}

impl From<RecordBatch> for BatchToMap {
    fn from(mut batch: RecordBatch) -> Self {
        let refused = std::mem::take(&mut batch.dead_letters);
        Self { batch: Arc::new(batch), refused, ahead: None }
    }
}

impl BatchToMap {
    /// The same, which may be mapped before it is its turn.
    pub(super) fn begin_ahead(self, ahead: &Arc<Ahead>) -> Self {
        let mapping = (self.batch.count() > 0).then(|| AheadMapping::begin(&self.batch, ahead));
        Self { ahead: mapping, ..self }
    }
}

/// The mapping of a batch before it is its turn.
pub(super) struct AheadMapping {
    /// Whether it is too late to leave it.
    begun: Arc<AtomicBool>,
    mapped: JoinHandle<Option<MappedAhead>>,
}

impl AheadMapping {
    fn begin(batch: &Arc<RecordBatch>, ahead: &Arc<Ahead>) -> Self {
        let (batch, ahead, begun) = (Arc::clone(batch), Arc::clone(ahead), Arc::<AtomicBool>::default());
        let is_left = Arc::clone(&begun);
        let mapped = tokio::spawn(async move {
            let _lane = LANES.acquire().await.ok()?;
            if is_left.swap(true, Ordering::Relaxed) {
                return None;
            }
            let map = move || batch.source.mapper.map_ahead(&batch.records, &batch.origin, &ahead);
            spawn_blocking(map).await.ok().flatten()
        });
        Self { begun, mapped }
    }

    /// What it has come to; nothing when it has not begun, or failed: then the batch is mapped in its turn.
    async fn finish(mut self) -> Option<MappedAhead> {
        if self.begun.swap(true, Ordering::Relaxed) { (&mut self.mapped).await.ok().flatten() } else { None }
    }
}

impl Drop for AheadMapping {
    /// One that still waits for its turn keeps no batch and no instance; one that has begun ends by itself.
    fn drop(&mut self) {
        self.mapped.abort();
    }
}

/// Maps a batch, again and again for as long as the machine has too little to run the mapping.
pub(super) async fn map(
    context: &SourceRun,
    batch: &Arc<RecordBatch>,
    ahead: Option<AheadMapping>,
) -> Result<MappedBatch, RunError> {
    let ahead = match ahead {
        Some(ahead) => ahead.finish().await,
        None => None,
    };
    let mapped = match retry(&mut Mapping { context, batch, ahead }).await {
        Ok(mapped) => {
            if mapped.attempts > 1 {
                info!(source = context.label(), "mapping again");
            }
            mapped.output
        }
        Err(RetryError::Final(error)) => return Err(error),
        Err(RetryError::Stopped(_)) => return Err(RunError::Abandoned { name: batch.source.label.clone() }),
    };
    check(batch, mapped)
}

/// Maps a batch, once.
pub(super) async fn map_once(batch: &Arc<RecordBatch>) -> Result<MappedBatch, RunError> {
    check(batch, attempt(batch, None).await?)
}

/// Maps where work does no harm to what waits for the network.
async fn attempt(batch: &Arc<RecordBatch>, ahead: Option<MappedAhead>) -> Result<MappedBatch, RunError> {
    let batch = Arc::clone(batch);
    Ok(spawn_blocking(move || batch.source.mapper.map_in_turn(&batch.records, &batch.origin, ahead)).await??)
}

fn check(batch: &RecordBatch, mapped: MappedBatch) -> Result<MappedBatch, RunError> {
    if mapped.outcomes.len() != batch.count() {
        // The ledger would note rows of which nothing was delivered.
        let problem = format!("{} outcomes for {} records", mapped.outcomes.len(), batch.count());
        return Err(MapperError::Contract(problem).into());
    }
    let (source, records) = (&batch.source.label, batch.count());
    debug!(source, records, mapping = mapped.versions(), "batch mapped");
    Ok(mapped)
}

/// A batch that is being mapped.
struct Mapping<'m> {
    context: &'m SourceRun,
    batch: &'m Arc<RecordBatch>,
    /// What was mapped ahead, for the first attempt.
    ahead: Option<MappedAhead>,
}

#[async_trait]
impl Attempt for Mapping<'_> {
    type Output = MappedBatch;
    type Error = RunError;

    async fn attempt(&mut self) -> Result<MappedBatch, RunError> {
        attempt(self.batch, self.ahead.take()).await
    }

    fn delay(&self, error: &RunError, attempt: u32) -> Option<Duration> {
        let run = &self.context.run;
        match error {
            RunError::Map(MapperError::Machine(_)) => {
                in_mode(run.backoff, run.mode).delay(attempt, None, rand::random())
            }
            _ => None,
        }
    }

    async fn failed(&mut self, error: &RunError, attempt: u32, delay: Option<Duration>) {
        self.context.note_failure(error).await;
        let Some(delay) = delay else { return };
        let (delay_ms, text) = (delay.as_millis(), chain(error));
        warn!(attempt, delay_ms, error = text, "could not map; trying again");
        self.context.retrying(text);
    }

    async fn wait(&mut self, delay: Duration) -> bool {
        self.context.run.shutdown().or(sleep(delay)).await.is_some()
    }
}
