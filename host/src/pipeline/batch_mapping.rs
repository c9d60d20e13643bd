//! Maps a batch, as soon as this machine can.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::{task::spawn_blocking, time::sleep};
use tracing::{debug, info, warn};

use super::{
    backoffs::in_mode,
    error::{RunError, chain},
    record_batch::RecordBatch,
    source_run::SourceRun,
};
use crate::{
    mapper::{MappedBatch, MapperError},
    support::retry::{Attempt, RetryError, retry},
};

/// Maps a batch, again and again for as long as the machine has too little to run the mapping.
pub(super) async fn map(context: &SourceRun, batch: &Arc<RecordBatch>) -> Result<MappedBatch, RunError> {
    let mapped = match retry(&mut Mapping { context, batch }).await {
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
    check(batch, attempt(batch).await?)
}

/// Maps where work does no harm to what waits for the network.
async fn attempt(batch: &Arc<RecordBatch>) -> Result<MappedBatch, RunError> {
    let batch = Arc::clone(batch);
    Ok(spawn_blocking(move || batch.source.mapper.map_batch(&batch.records, &batch.origin)).await??)
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
}

#[async_trait]
impl Attempt for Mapping<'_> {
    type Output = MappedBatch;
    type Error = RunError;

    async fn attempt(&mut self) -> Result<MappedBatch, RunError> {
        attempt(self.batch).await
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
