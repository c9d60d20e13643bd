//! What became of a batch of records: the outcomes, and the documents beside them.

use std::{iter::repeat_n, sync::Arc};

use super::{description::DocumentSchema, outcome::Outcome};
use crate::support::distinct::distinct;

/// What became of a batch.
#[derive(Debug, Default)]
pub struct MappedBatch {
    /// The documents in order, each followed by a line feed.
    pub documents: String,
    /// One outcome per record, in order.
    pub outcomes: Vec<Outcome>,
    /// Which mapping made how many of the outcomes, in order.
    pub mapped_by: Vec<(Arc<MappedBy>, usize)>,
    /// Namespace of the data stream that the documents are for; none: that of the output.
    pub namespace: Option<Arc<str>>,
    /// The tenant whose records they are, as far as that is known.
    pub tenant: Option<Arc<str>>,
}

/// The mapping that made something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedBy {
    /// Name of the mapping, for people.
    pub name: String,
    /// Version of the mapping.
    pub version: String,
    /// The SHA-256 of its component, in hexadecimal digits.
    pub digest: String,
    /// What its documents look like.
    pub schema: DocumentSchema,
}

/// One outcome of a batch with its document and what made it.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'b> {
    /// What became of the record.
    pub outcome: &'b Outcome,
    /// Its document, without the line feed, if it has one.
    pub document: Option<&'b str>,
    /// The mapping that made it, where that is known.
    pub mapping: Option<&'b Arc<MappedBy>>,
}

#[cfg(test)]
impl MappedBatch {
    /// Outcomes with these ids, and without documents.
    pub(crate) fn of_ids(ids: &[&str]) -> Self {
        let timestamp = chrono::DateTime::UNIX_EPOCH;
        let outcome =
            |id: &&str| Outcome::Mapped { id: (*id).to_owned(), delivery_id: (*id).to_owned(), timestamp, length: 2 };
        Self { outcomes: ids.iter().map(outcome).collect(), ..Self::default() }
    }
}

impl MappedBatch {
    /// What became of each record, in order.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let mut mappings = self.mapped_by.iter().flat_map(|(mapping, outcomes)| repeat_n(mapping, *outcomes));
        let mut rest = self.documents.as_str();
        self.outcomes.iter().map(move |outcome| {
            let document = outcome.length().and_then(|length| rest.split_at_checked(length));
            if let Some((_, after)) = document {
                rest = after.strip_prefix('\n').unwrap_or(after);
            }
            Entry { outcome, document: document.map(|(document, _)| document), mapping: mappings.next() }
        })
    }

    /// The documents one by one, each with its `_id`, in order.
    pub fn documents(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries().filter_map(|entry| entry.outcome.id().zip(entry.document))
    }

    /// Adds what became of the records that follow.
    pub(crate) fn append(&mut self, next: Self) {
        if self.outcomes.is_empty() {
            *self = next;
            return;
        }
        self.documents.push_str(&next.documents);
        self.outcomes.extend(next.outcomes);
        for (mapping, outcomes) in next.mapped_by {
            self.note(&mapping, outcomes);
        }
    }

    /// Adds an outcome of another batch.
    pub(crate) fn push(&mut self, Entry { outcome, document, mapping }: Entry<'_>) {
        self.outcomes.push(outcome.clone());
        if let Some(document) = document {
            self.documents.push_str(document);
            self.documents.push('\n');
        }
        if let Some(mapping) = mapping {
            self.note(mapping, 1);
        }
    }

    /// Notes which mapping made the outcomes that follow.
    pub(super) fn note(&mut self, mapping: &Arc<MappedBy>, outcomes: usize) {
        match self.mapped_by.last_mut() {
            Some((last, count)) if last.digest == mapping.digest => *count += outcomes,
            _ => self.mapped_by.push((Arc::clone(mapping), outcomes)),
        }
    }

    /// The mapping that made the outcome at this place.
    pub fn mapping_of(&self, place: usize) -> Option<&Arc<MappedBy>> {
        self.entries().nth(place).and_then(|entry| entry.mapping)
    }

    /// The versions of the mappings that made the outcomes, for logs: one, unless another one is on trial.
    pub fn versions(&self) -> String {
        distinct(self.mapped_by.iter().map(|(mapping, _)| mapping.version.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::mapper::DropReason;

    #[test]
    fn every_outcome_has_its_document_and_its_mapping() {
        let mapped = |length: u32| {
            let (id, delivery_id) = (length.to_string(), length.to_string());
            Outcome::Mapped { id, delivery_id, timestamp: DateTime::UNIX_EPOCH, length }
        };
        let by = |digest: &str| {
            let [name, version, digest] = ["mail", "1.0.0", digest].map(str::to_owned);
            Arc::new(MappedBy { name, version, digest, schema: DocumentSchema::ecs("8.11.0".to_owned()) })
        };
        let batch = MappedBatch {
            documents: "{}\n{\"a\":1}\n".to_owned(),
            outcomes: vec![mapped(2), Outcome::Dropped(DropReason::Status), mapped(7), mapped(9)],
            mapped_by: vec![(by("a"), 2), (by("b"), 1)],
            ..MappedBatch::default()
        };
        let found: Vec<_> =
            batch.entries().map(|entry| (entry.document, entry.mapping.map(|by| by.digest.as_str()))).collect();
        let expected = [(Some("{}"), Some("a")), (None, Some("a")), (Some("{\"a\":1}"), Some("b")), (None, None)];
        assert_eq!(found, expected);
        let documents: Vec<_> = batch.documents().collect();
        assert_eq!(documents, [("2", "{}"), ("7", "{\"a\":1}")]);
        let mut copy = MappedBatch::default();
        batch.entries().for_each(|entry| copy.push(entry));
        assert_eq!((copy.documents, copy.mapped_by), (batch.documents, batch.mapped_by));
    }
}
