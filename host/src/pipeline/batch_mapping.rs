//! Maps a batch, as soon as this machine can.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::{
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
    mapper::{MappedBatch, MapperError},
    support::retry::{Attempt, RetryError, retry},
};

/// A batch that is being mapped, whether anybody waits for that or not.
pub(super) struct BegunBatch {
    pub(super) batch: Arc<RecordBatch>,
    /// What goes to the dead letter unmapped.
    pub(super) refused: Vec<DeadLetter>,
    /// None where there is nothing to map.
    pub(super) mapping: Option<BegunMapping>,
}

type BegunMapping = JoinHandle<Result<MappedBatch, MapperError>>;

impl BegunBatch {
    /// Begins to map a batch.
    pub(super) fn new(mut batch: RecordBatch) -> Self {
        let refused = std::mem::take(&mut batch.dead_letters);
        let batch = Arc::new(batch);
        let mapping = (!batch.keys.is_empty()).then(|| begin(&batch));
        Self { batch, refused, mapping }
    }
}

/// Maps a batch whose mapping has begun, again and again for as long as the machine has too little to run the mapping.
pub(super) async fn map(
    context: &SourceRun,
    batch: &Arc<RecordBatch>,
    begun: BegunMapping,
) -> Result<MappedBatch, RunError> {
    let mapped = match retry(&mut Mapping { context, batch, begun: Some(begun) }).await {
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
    check(batch, begin(batch).await??)
}

/// Maps where work does no harm to what waits for the network.
fn begin(batch: &Arc<RecordBatch>) -> BegunMapping {
    let batch = Arc::clone(batch);
    spawn_blocking(move || batch.source.mapper.map_batch(&batch.records, &batch.origin))
}

fn check(batch: &RecordBatch, mapped: MappedBatch) -> Result<MappedBatch, RunError> {
    if mapped.outcomes.len() != batch.keys.len() {
        // The ledger would note rows of which nothing was delivered.
        let problem = format!("{} outcomes for {} records", mapped.outcomes.len(), batch.keys.len());
        return Err(MapperError::Contract(problem).into());
    }
    let (source, records) = (&batch.source.label, batch.keys.len());
    debug!(source, records, mapping = mapped.versions(), "batch mapped");
    Ok(mapped)
}

/// A batch that is being mapped.
struct Mapping<'m> {
    context: &'m SourceRun,
    batch: &'m Arc<RecordBatch>,
    /// The first attempt.
    begun: Option<BegunMapping>,
}

#[async_trait]
impl Attempt for Mapping<'_> {
    type Output = MappedBatch;
    type Error = RunError;

    async fn attempt(&mut self) -> Result<MappedBatch, RunError> {
        let mapping = self.begun.take().unwrap_or_else(|| begin(self.batch));
        Ok(mapping.await??)
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
