//! What was delivered, by source and five minutes: what the charts of the status page are drawn from.

use std::ops::AddAssign;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Serialize, Serializer};

use super::{Ledger, LedgerError, instant};

/// What one row of the table stands for.
const STEP: TimeDelta = TimeDelta::minutes(5);

/// How long rows are kept: as long as the longest chart.
const KEPT: TimeDelta = TimeDelta::days(90);

/// What was delivered with a batch, or in a time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct HistoryCounts {
    /// Records, those that became no document included.
    pub rows: u64,
    /// Documents that every output has accepted that they were for.
    pub documents: u64,
    /// Documents among them that say what is wrong with their record.
    pub failed: u64,
    /// Records dropped on purpose.
    pub dropped: u64,
    /// Records and documents that went to the dead letter.
    pub rejected: u64,
    /// Rows that had been delivered before and had changed.
    pub changed: u64,
    /// Rows that were new in a time that had been covered.
    pub late: u64,
    /// The age of the newest row when it was delivered, the least of all batches.
    #[serde(rename = "lag_seconds", serialize_with = "in_seconds", skip_serializing_if = "Option::is_none")]
    pub lag: Option<TimeDelta>,
}

fn in_seconds<S: Serializer>(lag: &Option<TimeDelta>, serializer: S) -> Result<S::Ok, S::Error> {
    lag.map(|lag| lag.num_seconds()).serialize(serializer)
}

impl AddAssign for HistoryCounts {
    fn add_assign(&mut self, other: Self) {
        self.rows += other.rows;
        self.documents += other.documents;
        self.failed += other.failed;
        self.dropped += other.dropped;
        self.rejected += other.rejected;
        self.changed += other.changed;
        self.late += other.late;
        self.lag = [self.lag, other.lag].into_iter().flatten().min();
    }
}

/// A batch that is delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HistoryMark {
    /// What the ledger knows its source by.
    pub source: String,
    /// When.
    pub at: DateTime<Utc>,
    /// What of it.
    pub counts: HistoryCounts,
}

/// How much of what was delivered corrects what was known before.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Corrections {
    /// Rows that have changed.
    pub(super) changed: u64,
    /// Rows that were new in a time that had been covered.
    pub(super) late: u64,
}

/// What was delivered in a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct HistoryBucket {
    /// When the time begins.
    pub at: DateTime<Utc>,
    /// What was delivered in it.
    #[serde(flatten)]
    pub counts: HistoryCounts,
}

impl Ledger {
    /// What was delivered of a source from a time on, in steps of this length; steps without anything are left out.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub(crate) fn history(
        &self,
        source: &str,
        from: DateTime<Utc>,
        step: TimeDelta,
    ) -> Result<Vec<HistoryBucket>, LedgerError> {
        let query = "SELECT at - at % ?3 AS start, sum(rows), sum(documents), sum(failed), sum(dropped), sum(rejected), \
                     sum(changed), sum(late), min(lag) FROM history \
                     WHERE source = (SELECT id FROM source WHERE name = ?1) AND at >= ?2 GROUP BY start ORDER BY start";
        let mut statement = self.connection.prepare_cached(query)?;
        let step = step.max(STEP).num_milliseconds();
        let found = statement.query_map(params![source, from.timestamp_millis(), step], |row| {
            let number = |index| row.get::<_, i64>(index).map(i64::cast_unsigned);
            let counts = HistoryCounts {
                rows: number(1)?,
                documents: number(2)?,
                failed: number(3)?,
                dropped: number(4)?,
                rejected: number(5)?,
                changed: number(6)?,
                late: number(7)?,
                lag: row.get::<_, Option<i64>>(8)?.map(TimeDelta::milliseconds),
            };
            Ok(HistoryBucket { at: instant(row.get(0)?), counts })
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }
}

/// Notes a batch, within the transaction that notes what it is of. A source that the ledger does not know has no history.
pub(super) fn put(connection: &Connection, mark: &HistoryMark, corrections: Corrections) -> rusqlite::Result<()> {
    let HistoryMark { source, at, counts } = mark;
    let at = at.timestamp_millis();
    let start = at - at.rem_euclid(STEP.num_milliseconds());
    let upsert = "INSERT INTO history (source, at, batches, rows, documents, failed, dropped, rejected, changed, late, lag) \
                  SELECT id, ?2, 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 FROM source WHERE name = ?1 \
                  ON CONFLICT DO UPDATE SET batches = batches + 1, rows = rows + excluded.rows, \
                  documents = documents + excluded.documents, failed = failed + excluded.failed, \
                  dropped = dropped + excluded.dropped, rejected = rejected + excluded.rejected, \
                  changed = changed + excluded.changed, late = late + excluded.late, \
                  lag = coalesce(min(lag, excluded.lag), lag, excluded.lag) RETURNING source, batches";
    let [rows, documents, failed, dropped, rejected] =
        [counts.rows, counts.documents, counts.failed, counts.dropped, counts.rejected].map(u64::cast_signed);
    let [changed, late] = [corrections.changed, corrections.late].map(u64::cast_signed);
    let lag = counts.lag.map(|lag| lag.num_milliseconds());
    let values = params![source, start, rows, documents, failed, dropped, rejected, changed, late, lag];
    let mut upsert = connection.prepare_cached(upsert)?;
    let noted = upsert.query_row(values, |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))).optional()?;
    // Once in five minutes.
    if let Some((source, 1)) = noted {
        let forget = "DELETE FROM history WHERE source = ?1 AND at < ?2";
        connection.prepare_cached(forget)?.execute(params![source, start - KEPT.num_milliseconds()])?;
    }
    Ok(())
}

/// Forgets what is too old, of all sources.
pub(super) fn forget_all(connection: &Connection, now: DateTime<Utc>) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM history WHERE at < ?1", [(now - KEPT).timestamp_millis()])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Delivered, FileMark, Mark};

    fn at(minutes: i64) -> DateTime<Utc> {
        "2026-03-04T12:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minutes)
    }

    /// Notes a batch of `rows` rows, delivered `minutes` minutes after noon.
    fn deliver(ledger: &mut Ledger, minutes: i64, rows: u64, lag: i64) {
        let counts =
            HistoryCounts { rows, documents: rows, lag: Some(TimeDelta::minutes(lag)), ..HistoryCounts::default() };
        let mark = Mark::History(HistoryMark { source: "a".to_owned(), at: at(minutes), counts });
        let none: &[Delivered] = &[];
        ledger.commit_rows("a", none, &[], &[mark]).unwrap();
    }

    fn history(ledger: &Ledger, step: i64) -> Vec<(i64, u64, i64)> {
        let found = ledger.history("a", at(-200 * 24 * 60), TimeDelta::minutes(step)).unwrap();
        let told =
            |it: HistoryBucket| ((it.at - at(0)).num_minutes(), it.counts.rows, it.counts.lag.unwrap().num_minutes());
        found.into_iter().map(told).collect()
    }

    #[test]
    fn batches_are_added_up_by_five_minutes_and_by_longer_steps() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(folder.path()).unwrap();
        assert_eq!(history(&ledger, 5), []);
        for (minutes, rows, lag) in [(0, 10, 3), (4, 20, 2), (5, 1, 9), (61, 5, 1)] {
            deliver(&mut ledger, minutes, rows, lag);
        }
        assert_eq!(history(&ledger, 5), [(0, 30, 2), (5, 1, 9), (60, 5, 1)]);
        assert_eq!(history(&ledger, 60), [(0, 31, 2), (60, 5, 1)]);
        assert_eq!(ledger.history("b", at(0), STEP).unwrap(), []);
    }

    #[test]
    fn what_is_older_than_ninety_days_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(folder.path()).unwrap();
        let days = 24 * 60;
        for day in [-91, -90, -1] {
            deliver(&mut ledger, day * days, 1, 0);
        }
        deliver(&mut ledger, 0, 1, 0);
        let kept: Vec<_> = history(&ledger, 5).into_iter().map(|(minutes, ..)| minutes / days).collect();
        assert_eq!(kept, [-90, -1, 0]);
        forget_all(&ledger.connection, at(89 * days - 1)).unwrap();
        assert_eq!(history(&ledger, 5).len(), 2);
    }

    /// Of a replay there is no source, and none is made.
    #[test]
    fn a_source_that_nobody_knows_has_no_history() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path()).unwrap();
        let mark = HistoryMark { source: "a".to_owned(), at: at(0), counts: HistoryCounts::default() };
        put(&ledger.connection, &mark, Corrections::default()).unwrap();
        assert_eq!(ledger.status("a").unwrap(), None);
        assert_eq!(history(&ledger, 5), []);
    }

    #[test]
    fn all_marks_of_a_batch_are_noted() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(folder.path()).unwrap();
        let tail = crate::ledger::FileHash { length: 0, hash: [0; 16] };
        let file = FileMark { output: "out".to_owned(), device: 1, inode: 2, length: 3, began: 4, tail };
        deliver(&mut ledger, 0, 1, 0);
        ledger.note_marks(&[Mark::File(file.clone())]).unwrap();
        assert_eq!(ledger.mark("out").unwrap(), Some(file));
    }
}
