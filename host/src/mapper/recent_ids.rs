//! The ids that a mapping gave lately, over batches: a store keeps one document of each id, so another record with the
//! same one would be gone without a word.

use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::BuildHasher as _,
};

use super::{batch::MappedBatch, outcome::Outcome};
use crate::support::{
    lines::{Line, lines},
    record_key::RecordKey,
};

/// How many ids are remembered at least; twice as many are at most, with 24 bytes each.
const REMEMBERED: usize = 50_000;

/// Ids, as hashes, each with the identity of the delivery that got it.
type Known = HashMap<u64, [u8; 16]>;

/// The ids that a mapping gave lately.
#[derive(Default)]
pub(super) struct RecentIds {
    hasher: RandomState,
    newer: Known,
    older: Known,
}

impl RecentIds {
    /// Adds what became of some records; says which of them has the id of another record, if one has, and adds nothing
    /// then. Records of one delivery may have the same id.
    pub(super) fn add(&mut self, records: &str, mapped: &MappedBatch) -> Result<(), String> {
        let mut added = Vec::new();
        let records = lines(records).map(Line::record);
        for (place, (record, outcome)) in records.zip(&mapped.outcomes).enumerate() {
            // What is wrong with a record may leave it without what its id is made of.
            let Outcome::Mapped { id, .. } = outcome else { continue };
            let (id, delivery) = (self.hasher.hash_one(id), RecordKey::of(record).identity);
            let known = self.newer.get(&id).or_else(|| self.older.get(&id));
            if known.is_some_and(|known| *known != delivery) {
                return Err(format!(
                    "document {place} has the `_id` of another record, which was mapped shortly before"
                ));
            }
            added.push((id, delivery));
        }
        for (id, delivery) in added {
            if self.newer.len() == REMEMBERED {
                self.older = std::mem::take(&mut self.newer);
            }
            self.newer.insert(id, delivery);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: usize, more: &str) -> String {
        format!("{{\"id\":\"{number}\",\"recipientAddress\":\"a@b.c\"{more}}}\n")
    }

    #[test]
    fn the_id_of_another_record_is_known_over_batches() {
        let mut ids = RecentIds::default();
        assert_eq!(ids.add(&record(1, ""), &MappedBatch::of_ids(&["x"])), Ok(()));
        assert_eq!(ids.add(&record(1, ""), &MappedBatch::of_ids(&["x"])), Ok(()), "the same record, read again");
        assert_eq!(ids.add(&record(1, ",\"size\":2"), &MappedBatch::of_ids(&["x"])), Ok(()), "the same delivery");
        let problem = "document 1 has the `_id` of another record, which was mapped shortly before";
        let two = record(2, "") + &record(3, "");
        assert_eq!(ids.add(&two, &MappedBatch::of_ids(&["y", "x"])), Err(problem.to_owned()));
        assert_eq!(ids.add(&record(3, ""), &MappedBatch::of_ids(&["y"])), Ok(()), "nothing of what was refused");
    }

    #[test]
    fn memory_has_a_bound() {
        let mut ids = RecentIds::default();
        for number in 0..3 * REMEMBERED {
            ids.add(&record(number, ""), &MappedBatch::of_ids(&[&number.to_string()])).unwrap();
        }
        assert!(ids.newer.len() <= REMEMBERED && ids.older.len() <= REMEMBERED);
        let (last, first) = ((3 * REMEMBERED - 1).to_string(), "0");
        assert!(ids.add(&record(7, ",\"x\":1"), &MappedBatch::of_ids(&[&last])).is_err());
        assert_eq!(ids.add(&record(7, ",\"x\":1"), &MappedBatch::of_ids(&[first])), Ok(()), "forgotten");
    }
}
