//! The documents of a batch with what outputs need to know of them.

use crate::mapper::{Entry, MappedBatch};

/// One document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BatchDocument<'b> {
    /// Its place among the outcomes of the batch.
    pub(crate) outcome: usize,
    /// Its `_id`.
    pub(crate) id: &'b str,
    /// Its bytes: opaque.
    pub(crate) text: &'b str,
}

/// A document with its place among the documents of its batch.
pub(crate) type PlacedDocument<'b> = (usize, BatchDocument<'b>);

/// The documents of a batch, in order.
pub(crate) fn documents<'b>(batch: &'b MappedBatch) -> Vec<BatchDocument<'b>> {
    let document = |(outcome, entry): (usize, Entry<'b>)| {
        let (id, text) = entry.outcome.id().zip(entry.document)?;
        Some(BatchDocument { outcome, id, text })
    };
    batch.entries().enumerate().filter_map(document).collect()
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use crate::mapper::Outcome;

    /// A batch of documents with these ids.
    pub(crate) fn batch(ids: &[&str]) -> MappedBatch {
        let mut batch = MappedBatch::default();
        for id in ids {
            let document = format!("{{\"n\":\"{id}\"}}");
            batch.outcomes.push(Outcome::Mapped {
                id: (*id).to_owned(),
                delivery_id: (*id).to_owned(),
                timestamp: chrono::DateTime::UNIX_EPOCH,
                length: u32::try_from(document.len()).unwrap(),
            });
            batch.documents.push_str(&document);
            batch.documents.push('\n');
        }
        batch
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapper::{DropReason, Outcome};

    #[test]
    fn a_document_knows_its_outcome() {
        let mut batch = testing::batch(&["a", "b"]);
        batch.outcomes.insert(1, Outcome::Dropped(DropReason::Status));
        let found: Vec<_> = documents(&batch).iter().map(|it| (it.outcome, it.id, it.text)).collect();
        assert_eq!(found, [(0, "a", "{\"n\":\"a\"}"), (2, "b", "{\"n\":\"b\"}")]);
    }
}
