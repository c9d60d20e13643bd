//! What the ledger notes with a batch of a file.

use std::sync::{Arc, OnceLock};

use crate::{
    ledger::{FileState, Ledger, LedgerError, Mark},
    pipeline::Checkpoint,
};

/// How far a file is read with a batch.
pub(super) struct FileCheckpoint {
    pub(super) state: FileState,
    pub(super) records: u64,
    /// What the ledger knows the file by, from its first batch on.
    pub(super) id: Arc<OnceLock<i64>>,
}

impl Checkpoint for FileCheckpoint {
    fn note(&self, ledger: &mut Ledger, source: &str, marks: &[Mark]) -> Result<(), LedgerError> {
        let state = FileState { id: self.id.get().copied().unwrap_or(self.state.id), ..self.state.clone() };
        let id = ledger.commit_file(source, &state, self.records, marks)?;
        self.id.get_or_init(|| id);
        Ok(())
    }
}
