//! Batches that a source has read before it is their turn: they are mapped beside the delivery of those in front of them.

use std::{collections::VecDeque, sync::Arc};

use super::{
    batch_mapping::BatchToMap, error::RunError, record_batch::RecordBatch, source::Source, source_run::SourceRun,
};
use crate::mapper::Ahead;

/// The most bytes of records that wait for their turn, for each source; only a batch that is longer than the one in front
/// of it may exceed it.
pub(super) const MOST_RECORD_BYTES: usize = 8 * 1024 * 1024;

/// Batches in the order in which a source gave them, and what maps them ahead for as long as a poll takes.
#[derive(Default)]
pub(super) struct ReadAhead {
    waiting: VecDeque<BatchToMap>,
    /// How many bytes the last one has.
    last: usize,
    ahead: Arc<Ahead>,
}

impl ReadAhead {
    /// Begins with the batch whose turn it is; those that waited before are given up.
    pub(super) fn begin(&mut self, first: RecordBatch) {
        if self.ahead.is_over() {
            self.ahead = Arc::default();
        }
        self.last = first.records.len();
        self.waiting = [first.into()].into();
    }

    /// The batch whose turn it is.
    pub(super) fn next(&mut self) -> Option<BatchToMap> {
        self.waiting.pop_front()
    }

    /// Reads more batches as long as the source has some and there is room, and begins to map them.
    pub(super) async fn fill(&mut self, source: &mut dyn Source, context: &SourceRun) -> Result<(), RunError> {
        let mut shutdown = context.run.shutdown();
        while self.has_room(context.run.most_ahead) {
            // A disk that hangs delays no stop. Nothing of what is given up then is noted.
            let Some(read) = shutdown.or(source.read_ahead(context)).await else { break };
            let Some(batch) = read? else { break };
            self.last = batch.records.len();
            self.waiting.push_back(BatchToMap::from(batch).begin_ahead(&self.ahead));
        }
        Ok(())
    }

    /// Whether another batch may be read. It is as long as the last one, as a rule.
    fn has_room(&self, most: usize) -> bool {
        let bytes: usize = self.waiting.iter().map(|waiting| waiting.batch.records.len()).sum();
        self.waiting.len() < most && bytes + self.last <= MOST_RECORD_BYTES
    }
}

impl Drop for ReadAhead {
    fn drop(&mut self) {
        self.ahead.end();
    }
}
