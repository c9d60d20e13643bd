//! A range of kept records that is mapped again: how far it has come.

use rusqlite::{Connection, params};

use super::{
    Ledger, LedgerError, PastCounts, Window,
    marks::{Mark, put_marks},
    past::{begin, count},
    source_id,
};
use crate::support::record_key::RecordKey;

/// What the ledger knows the range by that is mapped again.
pub(crate) const REMAP: &str = "remap";

/// How finely it is kept how much is done: times of any calendar fit into a number of the ledger.
const STEPS: i64 = 1000;

/// What is noted with a batch that was mapped again.
#[derive(Debug, Clone)]
pub(crate) struct RemapDone {
    /// Everything up to here is done, in the words of who reads.
    pub position: String,
    /// How much that is, from 0 to 1.
    pub fraction: f64,
    /// The records of the batch.
    pub keys: Vec<RecordKey>,
    /// What was read since the batch before.
    pub counts: PastCounts,
}

impl Ledger {
    /// Begins to map a range again; what is known of another one is forgotten.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub(crate) fn begin_remap(
        &mut self,
        reading: &str,
        (source, range): (&str, Window),
        position: &str,
    ) -> Result<(), LedgerError> {
        let now = self.clock.wall().timestamp_millis();
        let transaction = self.write()?;
        begin(&transaction, reading, (source, range), now)?;
        let id = source_id(&transaction, reading)?;
        transaction.execute("DELETE FROM accepted WHERE source = ?1", [id])?;
        reach(&transaction, reading, position, 0.0)?;
        transaction.commit()
    }

    /// Where a range that is mapped again goes on, in the words of who began it; `None` when none was begun.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub(crate) fn remap_position(&self) -> Result<Option<String>, LedgerError> {
        Ok(self.progress(REMAP)?.in_progress.and_then(|begun| begun.next_link))
    }

    /// Notes that a batch was mapped again and delivered: in one transaction, so that it is wholly noted or not at all.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written; then nothing is noted.
    pub(crate) fn commit_remapped(
        &mut self,
        reading: &str,
        done: &RemapDone,
        marks: &[Mark],
    ) -> Result<(), LedgerError> {
        let transaction = self.write()?;
        let id = source_id(&transaction, reading)?;
        {
            let forget = "DELETE FROM accepted WHERE source = ?1 AND key = ?2 AND content = ?3";
            let mut forget = transaction.prepare_cached(forget)?;
            for RecordKey { identity, content } in &done.keys {
                forget.execute(params![id, identity, content])?;
            }
        }
        reach(&transaction, reading, &done.position, done.fraction)?;
        count(&transaction, reading, done.counts)?;
        put_marks(&transaction, marks)?;
        transaction.commit()
    }
}

/// Notes how far it has come: as a window that is read from its end.
fn reach(connection: &Connection, reading: &str, position: &str, fraction: f64) -> rusqlite::Result<()> {
    let steps = (fraction.clamp(0.0, 1.0) * STEPS as f64) as i64;
    let update = "UPDATE source SET (window_start, window_end, reached, next_link) = \
                  (SELECT start, end, end - (end - start) * ?2 / ?3, ?4 FROM past WHERE reading = ?1) WHERE name = ?1";
    connection.execute(update, params![reading, steps, STEPS, position])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::instant;

    #[test]
    fn a_remap_goes_on_where_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(folder.path()).unwrap();
        assert_eq!(ledger.remap_position().unwrap(), None);
        let range = Window { start: instant(1_000), end: instant(1_001_000) };
        ledger.begin_remap(REMAP, ("a", range), "first").unwrap();
        let begun = ledger.past(REMAP).unwrap().unwrap();
        assert_eq!((begun.source.as_str(), begun.from, begun.to, begun.fraction()), ("a", range.start, range.end, 0.0));
        assert_eq!(ledger.remap_position().unwrap().as_deref(), Some("first"));
        let key = RecordKey { identity: [1; 16], content: [2; 8] };
        let other = RecordKey { identity: [3; 16], content: [2; 8] };
        ledger.note_accepted(REMAP, &["file".to_owned()], &[key, other], &[]).unwrap();
        let counts = PastCounts { pages: 1, new: 2, known: 3, changed: 0 };
        let done = RemapDone { position: "second".to_owned(), fraction: 0.25, keys: vec![key], counts };
        ledger.commit_remapped(REMAP, &done, &[]).unwrap();
        let begun = ledger.past(REMAP).unwrap().unwrap();
        assert_eq!((begun.fraction(), begun.counts), (0.25, counts));
        assert_eq!(ledger.remap_position().unwrap().as_deref(), Some("second"));
        assert_eq!(ledger.accepted(REMAP).unwrap().iter().map(|row| row.key).collect::<Vec<_>>(), [other]);
        // Another one knows nothing of it.
        ledger.begin_remap(REMAP, ("b", range), "third").unwrap();
        assert_eq!(ledger.past(REMAP).unwrap().unwrap().counts, PastCounts::default());
        assert_eq!(ledger.accepted(REMAP).unwrap(), []);
        ledger.end_past(REMAP).unwrap();
        assert_eq!((ledger.past(REMAP).unwrap(), ledger.remap_position().unwrap()), (None, None));
    }
}
