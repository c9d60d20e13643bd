//! What the pipeline asks of an output. Every kind in `outputs` answers it; the pipeline knows none of them.
//!
//! An output does not ask again and knows no ledger: the pipeline decides when, and keeps positions.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;

use super::{inventory::Inventory, output_error::OutputError, source_position::SourcePosition};
use crate::{ledger::Companion, mapper::MappedBatch, support::finding::Finding};

/// Somewhere that documents go.
#[async_trait]
pub(crate) trait Output: Send {
    /// Whether it would take documents: every question with its answer. Delivers none.
    async fn examine(&mut self, options: &ExamineOptions<'_>) -> Vec<Finding>;

    /// Delivers all documents of a batch; when it returns, they are accepted.
    ///
    /// # Errors
    ///
    /// When not all of them are accepted: then the batch has to be delivered again.
    async fn deliver(&mut self, batch: &MappedBatch) -> Result<Receipt, OutputError>;

    /// Gets ready to deliver; gives the position of what it has begun, which has to be in the ledger before anything
    /// is delivered.
    ///
    /// # Errors
    ///
    /// When it cannot be got ready.
    fn prepare(&mut self) -> Result<Option<WritePosition>, OutputError> {
        Ok(None)
    }

    /// How far it is written, if that has to be in the ledger before anything else is delivered.
    fn position(&self) -> Option<WritePosition> {
        None
    }

    /// Hears of the position that the ledger has, before anything is delivered, and again after something was delivered
    /// that could not be noted: what is behind it comes again.
    fn recover(&mut self, _position: WritePosition) {}

    /// Hears that what was delivered is in the ledger, and does what is left to do then: at the start as well, for a run
    /// that was killed before it had.
    fn noted(&mut self) {}

    /// Does what time alone makes necessary. It is called now and then, never during a delivery.
    fn tidy(&mut self) {}

    /// What says which documents it has; `None` when it cannot say.
    fn inventory(&mut self) -> Option<&mut dyn Inventory> {
        None
    }

    /// What moves the position of a source together with what it writes; `None` when it cannot.
    fn mover(&mut self) -> Option<&mut dyn PositionMover> {
        None
    }

    /// What lets its documents count together with what the ledger of a cluster notes of them; `None` when it cannot.
    fn joiner(&mut self) -> Option<&mut dyn LedgerJoiner> {
        None
    }

    /// The files that it reads its secrets from. When one changes, what failed is tried again at once.
    fn secret_files(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Whether it has a position, so that only one batch at a time may be on its way to the ledger.
    fn has_position(&self) -> bool {
        false
    }
}

/// An output that can move the position of a source in the same transaction in which it writes: both happen, or neither.
#[async_trait]
pub(crate) trait PositionMover: Send {
    /// Whether it can move this one.
    fn keeps(&self, position: &dyn SourcePosition) -> bool;

    /// Writes all documents of a batch; they count when [`Self::conclude`] returns.
    ///
    /// # Errors
    ///
    /// When not all of them are written: then none of them counts.
    async fn write(&mut self, batch: &MappedBatch) -> Result<Receipt, OutputError>;

    /// Makes what was written count, and moves the position.
    ///
    /// # Errors
    ///
    /// When neither is done, or nobody knows: the position is told of doubt then.
    async fn conclude(&mut self, position: &dyn SourcePosition) -> Result<(), OutputError>;
}

/// An output whose documents count in the transaction in which the ledger of a cluster notes them: all of it, or nothing.
#[async_trait]
pub(crate) trait LedgerJoiner: Send {
    /// Gets documents ready to go along with what the ledger notes. They are delivered when that counts.
    ///
    /// # Errors
    ///
    /// When they could not be delivered now.
    async fn join(&mut self, batch: &MappedBatch) -> Result<Arc<dyn Companion>, OutputError>;
}

/// What an examination may do, and what it needs to know for hints.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ExamineOptions<'a> {
    /// The settings file, for commands in hints.
    pub settings: &'a Path,
    /// Whether outputs may be sent something without documents.
    pub may_post: bool,
}

/// The last bytes of a file, up to a kilobyte, by which it is known again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tail {
    /// How many bytes; none when nothing is known of them.
    pub length: u64,
    /// Half of their SHA-256.
    pub hash: [u8; 16],
}

/// How far a file is written, as the ledger keeps it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct WritePosition {
    /// Number of the device that the file is on.
    pub device: u64,
    /// Number of the file on its device.
    pub inode: u64,
    /// Length in bytes.
    pub length: u64,
    /// When the file was begun: milliseconds since 1970.
    pub began: i64,
    /// What stands before `length`.
    pub tail: Tail,
}

/// What an output says of a batch that it has accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Receipt {
    /// Documents that it had already, so that nothing was written.
    pub duplicates: u64,
    /// Documents that it will never take: they go to the dead letter.
    pub rejected: Vec<RejectedDocument>,
}

/// A document that an output will never take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RejectedDocument {
    /// Its place among the outcomes of the batch.
    pub outcome: usize,
    /// Why, for people.
    pub reason: String,
}
