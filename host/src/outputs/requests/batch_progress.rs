//! How far a batch has come, so that only the rest is sent again.

use std::collections::VecDeque;

use sha2::{Digest as _, Sha256};

use super::batch_document::BatchDocument;
use crate::pipeline::{Receipt, RejectedDocument};

/// How far the documents of a batch have come.
#[derive(Debug, Default)]
pub(crate) struct BatchProgress {
    /// For every document, whether it need not be sent again.
    settled: Vec<bool>,
    receipt: Receipt,
}

impl BatchProgress {
    fn of(documents: &[BatchDocument<'_>]) -> Self {
        Self { settled: vec![false; documents.len()], receipt: Receipt::default() }
    }

    /// The places of the documents that have to be sent.
    pub(crate) fn rest(&self) -> Vec<usize> {
        (0..self.settled.len()).filter(|place| !self.settled[*place]).collect()
    }

    /// The document at this place was stored.
    pub(crate) fn accept(&mut self, place: usize) {
        self.settled[place] = true;
    }

    /// The document at this place had been stored before.
    pub(crate) fn accept_duplicate(&mut self, place: usize) {
        self.settled[place] = true;
        self.receipt.duplicates += 1;
    }

    /// The document at this place will never be stored.
    pub(crate) fn reject(&mut self, place: usize, document: &BatchDocument<'_>, reason: String) {
        self.settled[place] = true;
        self.receipt.rejected.push(RejectedDocument { outcome: document.outcome, reason });
    }

    /// What to say of the batch when nothing is left of it.
    pub(crate) fn into_receipt(mut self) -> Receipt {
        self.receipt.rejected.sort_by_key(|rejected| rejected.outcome);
        self.receipt
    }
}

/// Maximum number of failed batches that are remembered: those of several sources, and of a replay beside them, take turns.
const REMEMBERED: usize = 8;

/// Remembers how far the last batches came that failed. Nothing depends on it but the work of sending twice.
#[derive(Default)]
pub(crate) struct ProgressMemory {
    kept: VecDeque<([u8; 32], BatchProgress)>,
}

impl ProgressMemory {
    /// How far the batch came before.
    pub(crate) fn recall(&mut self, documents: &[BatchDocument<'_>]) -> BatchProgress {
        if self.kept.is_empty() {
            return BatchProgress::of(documents);
        }
        let identity = identity(documents);
        let place = self.kept.iter().position(|(kept, _)| *kept == identity);
        let kept = place.and_then(|place| self.kept.remove(place));
        kept.map_or_else(|| BatchProgress::of(documents), |(_, progress)| progress)
    }

    /// Keeps how far the batch has come.
    pub(crate) fn keep(&mut self, documents: &[BatchDocument<'_>], progress: BatchProgress) {
        if self.kept.len() == REMEMBERED {
            self.kept.pop_front();
        }
        self.kept.push_back((identity(documents), progress));
    }
}

/// What a batch is known by: all that is sent of it. Computed only when something has failed.
fn identity(documents: &[BatchDocument<'_>]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for document in documents {
        for part in [document.id, document.text] {
            digest.update(part.len().to_le_bytes());
            digest.update(part);
        }
    }
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outputs::requests::batch_document::{documents, testing::batch};

    #[test]
    fn only_the_same_batch_is_gone_on_with() {
        let (one, other) = (batch(&["a", "b", "c"]), batch(&["a", "b", "d"]));
        let mut memory = ProgressMemory::default();
        let mut progress = memory.recall(&documents(&one));
        progress.accept(1);
        memory.keep(&documents(&one), progress);
        let progress = memory.recall(&documents(&one));
        assert_eq!(progress.rest(), [0, 2]);
        memory.keep(&documents(&one), progress);
        assert_eq!(memory.recall(&documents(&other)).rest(), [0, 1, 2]);
        assert_eq!(memory.recall(&documents(&one)).rest(), [0, 2], "after another batch");
        assert_eq!(memory.recall(&documents(&one)).rest(), [0, 1, 2], "it has come further");
    }

    #[test]
    fn what_was_rejected_is_told_in_order() {
        let batch = batch(&["a", "b", "c"]);
        let documents = documents(&batch);
        let mut progress = ProgressMemory::default().recall(&documents);
        progress.reject(2, &documents[2], "second".to_owned());
        progress.accept_duplicate(1);
        progress.reject(0, &documents[0], "first".to_owned());
        let receipt = progress.into_receipt();
        assert_eq!(receipt.duplicates, 1);
        assert_eq!(receipt.rejected.iter().map(|it| it.outcome).collect::<Vec<_>>(), [0, 2]);
    }
}
