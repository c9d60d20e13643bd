//! An output within a run: its name, its counts, and what it has accepted of a batch.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::{Mutex, OwnedMutexGuard};

use super::output::{Output, Receipt, RejectedDocument, Tail, WritePosition};
use crate::{
    ledger::{Companion, FileHash, FileMark, Ledger, LedgerError, Mark},
    mapper::MappedBatch,
    observe::metrics::{OfOutput, metrics},
};

/// An output, and what it is called.
pub(super) struct Target {
    pub(super) name: String,
    pub(super) output: Arc<Mutex<Box<dyn Output>>>,
    pub(super) counts: OfOutput,
    /// Whether the ledger knows it to be in trouble.
    pub(super) is_troubled: AtomicBool,
    /// Whether it has written what the ledger was not told.
    is_unnoted: Arc<AtomicBool>,
}

impl Target {
    /// Takes an output into a run: it hears of the position that the ledger has.
    pub(super) fn new(name: String, mut output: Box<dyn Output>, ledger: &Ledger) -> Result<Self, LedgerError> {
        if let Some(mark) = ledger.mark(&name)? {
            output.recover(position(mark));
        }
        let (counts, output) = (metrics().output(&name), Arc::new(Mutex::new(output)));
        let is_troubled = AtomicBool::new(ledger.output_trouble(&name)?.is_some());
        Ok(Self { name, output, counts, is_troubled, is_unnoted: Arc::default() })
    }

    /// The output for a delivery, and whether one before was not noted: then it has to hear of the position that the
    /// ledger has, as after a crash.
    pub(super) async fn ready(&self) -> (OwnedMutexGuard<Box<dyn Output>>, bool) {
        let output = Arc::clone(&self.output).lock_owned().await;
        (output, self.is_unnoted.load(Ordering::Relaxed))
    }

    /// What an output holds that has a position: from here on it has written what the ledger does not know.
    pub(super) fn hold(&self, output: OwnedMutexGuard<Box<dyn Output>>) -> Option<HeldOutput> {
        output.has_position().then(|| {
            self.is_unnoted.store(true, Ordering::Relaxed);
            HeldOutput { output, is_unnoted: Arc::clone(&self.is_unnoted) }
        })
    }

    /// It has accepted a part of a batch.
    pub(super) fn count(&self, portion: &Portion, accepted: &Accepted) {
        let rejected = accepted.rejected.len() as u64;
        let documents = portion.batch.outcomes.iter().filter(|outcome| outcome.has_document()).count() as u64;
        self.counts.documents_delivered.inc_by(documents.saturating_sub(rejected));
        self.counts.documents_duplicate.inc_by(accepted.duplicates);
        self.counts.documents_rejected.inc_by(rejected);
    }
}

/// What one output gets: what of a batch it has not accepted before.
pub(super) struct Portion {
    pub(super) batch: Arc<MappedBatch>,
    /// The places of its outcomes in the batch.
    pub(super) places: Vec<usize>,
}

/// What one output has accepted.
pub(super) struct Accepted {
    pub(super) name: String,
    pub(super) duplicates: u64,
    pub(super) rejected: Vec<RejectedDocument>,
    /// Whether the rejected are in the dead letter already.
    pub(super) is_told: bool,
    pub(super) places: Vec<usize>,
    pub(super) position: Option<WritePosition>,
    /// The documents, where they are delivered only when the ledger notes them.
    pub(super) companion: Option<Arc<dyn Companion>>,
    /// Held until the position is in the ledger: what another source writes behind it must not get there first.
    pub(super) output: Option<HeldOutput>,
}

/// An output with a position, held until the ledger has it.
pub(super) struct HeldOutput {
    output: OwnedMutexGuard<Box<dyn Output>>,
    is_unnoted: Arc<AtomicBool>,
}

impl Accepted {
    /// The output has accepted what stands at these places.
    pub(super) fn take(&mut self, receipt: Receipt, places: &[usize]) {
        (self.duplicates, self.rejected) = (receipt.duplicates, receipt.rejected);
        self.places = places.to_vec();
    }

    /// How far the file of the output is written, if it is one.
    pub(super) fn mark(&self) -> Option<Mark> {
        let WritePosition { device, inode, length, began, tail: Tail { length: tail_length, hash } } = self.position?;
        let tail = FileHash { length: tail_length, hash };
        Some(Mark::File(FileMark { output: self.name.clone(), device, inode, length, began, tail }))
    }

    /// The places in the batch of the documents that it will never take.
    pub(super) fn refused(&self) -> impl Iterator<Item = usize> + '_ {
        self.rejected.iter().filter_map(|it| self.places.get(it.outcome).copied())
    }

    /// Its mark is in the ledger.
    pub(super) fn noted(self) {
        if let Some(HeldOutput { mut output, is_unnoted }) = self.output {
            is_unnoted.store(false, Ordering::Relaxed);
            output.noted();
        }
    }
}

/// The position that a mark stands for.
pub(super) fn position(mark: FileMark) -> WritePosition {
    let FileMark { device, inode, length, began, tail, .. } = mark;
    WritePosition { device, inode, length, began, tail: Tail { length: tail.length, hash: tail.hash } }
}
