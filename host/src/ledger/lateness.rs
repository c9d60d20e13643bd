//! How late rows are, by source: what `additional_look_back = "auto"` goes by.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Serialize, Serializer, ser::SerializeSeq as _};

use super::{Ledger, LedgerError, instant, source_id};

/// The ends of the buckets, in minutes; what is later is in the last one.
const MINUTES: [i64; 13] = [0, 5, 15, 30, 45, 60, 90, 120, 180, 240, 360, 720, 1440];

/// With more rows, those of before count half: what was long ago says little.
const MOST_ROWS: i64 = 100_000;

/// How late rows are: the number of rows in each bucket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Lateness([u64; MINUTES.len()]);

impl Lateness {
    /// A row was so late; one that came in time, by nothing.
    pub(crate) fn add(&mut self, late: TimeDelta) {
        let bucket = MINUTES.iter().position(|end| late <= TimeDelta::minutes(*end)).unwrap_or(MINUTES.len() - 1);
        if let Some(count) = self.0.get_mut(bucket) {
            *count += 1;
        }
    }

    /// All rows.
    pub(crate) fn rows(&self) -> u64 {
        self.0.iter().sum()
    }

    /// How far back a poll must read to find this number of a thousand rows; none when no row was seen.
    pub(crate) fn covers(&self, of_thousand: u64) -> Option<TimeDelta> {
        let needed = (self.rows() * of_thousand).div_ceil(1000);
        let mut covered = 0;
        for (count, end) in self.0.iter().zip(MINUTES) {
            covered += count;
            if covered >= needed && covered > 0 {
                return Some(TimeDelta::minutes(end));
            }
        }
        None
    }
}

/// As the ends of buckets, in seconds, with their rows.
impl Serialize for Lateness {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Bucket {
            up_to_seconds: i64,
            rows: u64,
        }
        let mut buckets = serializer.serialize_seq(Some(self.0.len()))?;
        for (rows, minutes) in self.0.iter().zip(MINUTES) {
            buckets.serialize_element(&Bucket { up_to_seconds: minutes * 60, rows: *rows })?;
        }
        buckets.end()
    }
}

impl Ledger {
    /// How late rows of a source are, and when a poll looked back as far as any does.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub(crate) fn lateness(&self, source: &str) -> Result<(Lateness, Option<DateTime<Utc>>), LedgerError> {
        let query = "SELECT id, at FROM source LEFT JOIN look_back ON look_back.source = id WHERE name = ?1";
        let found = self
            .connection
            .query_row(query, [source], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Option<i64>>(1)?.map(instant))));
        let Some((id, looked_back_at)) = found.optional()? else { return Ok((Lateness::default(), None)) };
        let mut statement = self.connection.prepare_cached("SELECT bucket, rows FROM lateness WHERE source = ?1")?;
        let mut lateness = Lateness::default();
        let mut rows = statement.query([id])?;
        while let Some(row) = rows.next()? {
            let bucket = usize::try_from(row.get::<_, i64>(0)?).unwrap_or_default();
            if let Some(count) = lateness.0.get_mut(bucket) {
                *count = row.get::<_, i64>(1)?.cast_unsigned();
            }
        }
        Ok((lateness, looked_back_at))
    }

    /// Notes that a poll looks back as far as any does.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub(crate) fn note_look_back(&mut self, source: &str, at: DateTime<Utc>) -> Result<(), LedgerError> {
        let transaction = self.write()?;
        let id = source_id(&transaction, source)?;
        let put = "INSERT OR REPLACE INTO look_back (source, at) VALUES (?1, ?2)";
        transaction.execute(put, params![id, at.timestamp_millis()])?;
        transaction.commit()
    }
}

/// Notes how late the rows of a page were, within the transaction that notes the page.
pub(super) fn put(connection: &Connection, source: i64, lateness: &Lateness) -> rusqlite::Result<()> {
    if lateness.rows() == 0 {
        return Ok(());
    }
    let add = "INSERT INTO lateness (source, bucket, rows) VALUES (?1, ?2, ?3) \
               ON CONFLICT DO UPDATE SET rows = rows + excluded.rows";
    let mut add = connection.prepare_cached(add)?;
    for (bucket, count) in (0_i64..).zip(lateness.0).filter(|(_, count)| *count > 0) {
        add.execute(params![source, bucket, count.cast_signed()])?;
    }
    let all = "SELECT sum(rows) FROM lateness WHERE source = ?1";
    if connection.query_row(all, [source], |row| row.get::<_, i64>(0))? > MOST_ROWS {
        connection.execute("UPDATE lateness SET rows = rows / 2 WHERE source = ?1", [source])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(in_time: u64, late_minutes: &[i64], expected: Option<i64>) {
        let mut lateness = Lateness::default();
        (0..in_time).for_each(|_| lateness.add(TimeDelta::zero()));
        late_minutes.iter().for_each(|minutes| lateness.add(TimeDelta::minutes(*minutes)));
        assert_eq!(lateness.covers(999).map(|needed| needed.num_minutes()), expected);
    }

    #[test]
    fn what_covers_nearly_all_rows_is_the_end_of_their_bucket() {
        check(0, &[], None);
        check(10, &[], Some(0));
        check(999, &[50], Some(0));
        check(998, &[50, 50], Some(60));
        check(0, &[7], Some(15));
        check(0, &[100_000], Some(1440));
    }

    #[test]
    fn what_was_long_ago_counts_less() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(folder.path()).unwrap();
        ledger.note_failure("a", DateTime::UNIX_EPOCH, "why").unwrap();
        let many = |bucket: usize, count| {
            let mut lateness = Lateness::default();
            lateness.0[bucket] = count;
            lateness
        };
        for _ in 0..3 {
            put(&ledger.connection, 1, &many(2, 50_000)).unwrap();
        }
        put(&ledger.connection, 1, &many(0, 10)).unwrap();
        let (lateness, _) = ledger.lateness("a").unwrap();
        assert_eq!((lateness.rows(), lateness.covers(999)), (75_010, Some(TimeDelta::minutes(15))));
        ledger.note_look_back("a", DateTime::UNIX_EPOCH).unwrap();
        assert_eq!(ledger.lateness("a").unwrap().1, Some(DateTime::UNIX_EPOCH));
        assert_eq!(ledger.lateness("b").unwrap(), (Lateness::default(), None));
    }
}
