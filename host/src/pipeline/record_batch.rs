//! Records on their way: what a source gives to the loop.

use std::sync::Arc;

use super::{
    dead_letter::DeadLetter, record_keys::RecordKeys, source_identity::SourceIdentity, source_position::SourcePosition,
};
use crate::{
    ledger::{Ledger, LedgerError, Mark},
    mapper::Origin,
    support::record_key::RecordKey,
};

/// Records that are mapped, delivered and noted together.
pub(crate) struct RecordBatch {
    /// The source that they were read from.
    pub source: Arc<SourceIdentity>,
    /// The records, one a line. None at all when there is only something to note.
    pub records: String,
    /// What each is known by.
    pub keys: RecordKeys,
    /// Where they were read.
    pub origin: Origin,
    /// The one output that they are for; `None`: all.
    pub output: Option<String>,
    /// What goes to the dead letter with them, unmapped.
    pub dead_letters: Vec<DeadLetter>,
    /// How far the source has read then, where its service keeps that instead of the ledger.
    pub position: Option<Arc<dyn SourcePosition>>,
    /// What is noted when every output has accepted them.
    pub checkpoint: Arc<dyn Checkpoint>,
}

impl RecordBatch {
    /// How many records it has.
    pub(super) fn count(&self) -> usize {
        self.keys.count()
    }

    /// What each of its records is known by.
    pub(super) fn keys(&self) -> &[RecordKey] {
        self.keys.of(&self.records)
    }
}

/// What the ledger notes when every output has accepted a batch.
pub(crate) trait Checkpoint: Send + Sync {
    /// Notes it in one transaction, together with how far files of outputs are written. Done again when it fails.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written; then nothing is noted.
    fn note(&self, ledger: &mut Ledger, source: &str, marks: &[Mark]) -> Result<(), LedgerError>;
}
