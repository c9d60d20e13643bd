//! The file that is being read, and what of it is on its way.

use std::{
    collections::VecDeque,
    sync::{Arc, OnceLock},
};

use exotrace_formats::Batch;

use super::{candidate::FileCandidate, error::FileError, open_file::OpenFile};
use crate::ledger::FileState;

/// The file that is being read.
pub(super) struct OpenCandidate {
    pub(super) candidate: FileCandidate,
    pub(super) file: OpenFile,
    /// How far it is read when each of the batches under way is noted, and how many records that has.
    pub(super) under_way: VecDeque<(FileState, u64)>,
    /// What the ledger knows it by, from its first batch on.
    pub(super) id: Arc<OnceLock<i64>>,
    /// What reading ahead has met that is no batch: it is told when nothing is under way any more.
    pub(super) end: Option<ReadOutcome>,
}

/// A batch, with how far the file is read then; none at the end of the file.
pub(super) type ReadOutcome = Result<Option<(Batch, FileState)>, FileError>;

impl OpenCandidate {
    /// Nothing of it is on its way.
    pub(super) fn new(candidate: FileCandidate, file: OpenFile) -> Self {
        Self { candidate, file, under_way: VecDeque::new(), id: Arc::default(), end: None }
    }
}
