//! Keeps a batch, again and again for as long as that may be of use: the ledger must not move before.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::{task::spawn_blocking, time::sleep};
use tracing::{error, info};

use super::Archive;
use crate::{
    observe::{health::Part, metrics::metrics},
    pipeline::{
        backoffs::{MEND_OUTPUT_BACKOFF, disk_delay},
        error::{RunError, chain},
        mode::Mode,
        record_batch::RecordBatch,
        source_run::SourceRun,
    },
    support::retry::{Attempt, RetryError, retry},
};

/// Keeps a batch, if raw records are kept. What is for one output alone was kept before.
pub(in crate::pipeline) async fn archive(context: &SourceRun, batch: &Arc<RecordBatch>) -> Result<(), RunError> {
    let Some(archive) = context.run.archive.clone().filter(|_| batch.output.is_none()) else { return Ok(()) };
    match retry(&mut ArchiveWrite { context, archive, batch }).await {
        Ok(written) => {
            let counts = metrics().source(&batch.source.label);
            counts.archived_records.inc_by(batch.count() as u64);
            counts.archived_bytes.inc_by(written.output);
            if written.attempts > 1 {
                info!(source = context.label(), "keeping raw records again");
            }
            context.run.health.working(Part::Archive, "");
            Ok(())
        }
        Err(RetryError::Final(error)) => Err(error),
        Err(RetryError::Stopped(_)) => Err(RunError::Abandoned { name: "the archive".to_owned() }),
    }
}

/// A batch that is to be kept.
struct ArchiveWrite<'a> {
    context: &'a SourceRun,
    archive: Arc<Archive>,
    batch: &'a Arc<RecordBatch>,
}

#[async_trait]
impl Attempt for ArchiveWrite<'_> {
    type Output = u64;
    type Error = RunError;

    async fn attempt(&mut self) -> Result<u64, RunError> {
        let (archive, batch) = (Arc::clone(&self.archive), Arc::clone(self.batch));
        let now = self.context.clock().wall();
        let written = spawn_blocking(move || archive.append(&batch, now));
        Ok(self.context.run.health.wait_for_disk(Part::Archive, "", written).await??)
    }

    fn delay(&self, error: &RunError, attempt: u32) -> Option<Duration> {
        let RunError::Archive(error) = error else { return None };
        match (error.is_transient(), self.context.run.mode) {
            (true, mode) => disk_delay(mode, attempt),
            (false, Mode::Daemon) => MEND_OUTPUT_BACKOFF.delay(attempt, None, rand::random()),
            (false, Mode::Once) => None,
        }
    }

    async fn failed(&mut self, error: &RunError, attempt: u32, delay: Option<Duration>) {
        if !matches!(error, RunError::Archive(_)) {
            return;
        }
        let text = chain(error);
        self.context.run.health.needs_attention(Part::Archive, "", text.clone());
        let Some(delay) = delay else { return };
        error!(attempt, delay_ms = delay.as_millis(), error = text, "could not keep raw records; trying again");
        self.context.note_failure(error).await;
    }

    async fn wait(&mut self, delay: Duration) -> bool {
        self.context.run.shutdown().or(sleep(delay)).await.is_some()
    }
}
