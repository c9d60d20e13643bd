//! Sees that different records get different ids: a store keeps one document of each id, and the others are gone.

use std::collections::HashMap;

use super::{batch::MappedBatch, outcome::Outcome};
use crate::support::{
    lines::{Line, lines},
    record_key::RecordKey,
};

/// The ids of a batch, each with the record that got it.
#[derive(Default)]
pub(super) struct Ids<'r>(HashMap<Box<str>, &'r str>);

impl<'r> Ids<'r> {
    /// Adds what became of some more records; says which of them has the id of another record, if one has, and adds
    /// nothing then. One delivery may be told of more than once: its records may have the same id.
    pub(super) fn add(&mut self, records: &'r str, mapped: &MappedBatch) -> Result<(), String> {
        let mut added: Vec<&str> = Vec::new();
        let records = lines(records).map(Line::record);
        for (place, (record, outcome)) in records.zip(&mapped.outcomes).enumerate() {
            // What is wrong with a record may leave it without what its id is made of.
            let Outcome::Mapped { id, .. } = outcome else { continue };
            match self.0.get(id.as_str()) {
                Some(known) if *known == record || is_same_delivery(known, record) => {}
                Some(_) => {
                    for id in added {
                        self.0.remove(id);
                    }
                    return Err(format!("document {place} has the `_id` of another record"));
                }
                None => {
                    self.0.insert(id.as_str().into(), record);
                    added.push(id);
                }
            }
        }
        Ok(())
    }
}

/// Whether two records tell of the same delivery: that of one message to one recipient.
fn is_same_delivery(first: &str, second: &str) -> bool {
    RecordKey::of(first).identity == RecordKey::of(second).identity
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_records_need_different_ids() {
        let record = |id: &str, more: &str| format!("{{\"id\":\"{id}\",\"recipientAddress\":\"a@b.c\",{more}}}\n");
        let (first, other) = (record("1", "\"size\":1"), record("2", "\"size\":1"));
        let again = record("1", "\"size\":2");
        let mut ids = Ids::default();
        assert_eq!(ids.add(&first, &MappedBatch::of_ids(&["x"])), Ok(()));
        assert_eq!(ids.add(&first, &MappedBatch::of_ids(&["x"])), Ok(()), "the same record");
        assert_eq!(ids.add(&again, &MappedBatch::of_ids(&["x"])), Ok(()), "the same delivery");
        let two = format!("\n{again}{other}");
        let problem = "document 1 has the `_id` of another record";
        assert_eq!(ids.add(&two, &MappedBatch::of_ids(&["y", "x"])), Err(problem.to_owned()));
        assert_eq!(ids.add(&other, &MappedBatch::of_ids(&["y"])), Ok(()), "nothing was added of what was refused");
        assert_eq!(
            Ids::default().add("{\"n\":1}\n{\"n\":2}\n", &MappedBatch::of_ids(&["x", "x"])),
            Err(problem.to_owned())
        );
    }
}
