//! What people ask the ledger.

use chrono::{DateTime, Utc};
use rusqlite::{Row, params};
use serde::{Deserialize, Serialize};

use super::{Ledger, LedgerError, instant, source_id};

/// How a source is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct SourceStatus {
    /// Everything received from here on was read at least once, gaps apart.
    pub covered_from: Option<DateTime<Utc>>,
    /// Up to here.
    pub covered_until: Option<DateTime<Utc>>,
    /// Times of receipt of which rows may be missing.
    pub gaps: Vec<Gap>,
    /// Rows delivered, changes included.
    pub rows: u64,
    /// Rows among them that had been delivered before and have changed.
    pub changed: u64,
    /// Rows among them that were new in a time that had been covered.
    pub late: u64,
    /// When a page was delivered last.
    pub polled_at: Option<DateTime<Utc>>,
    /// When collecting failed, if it has not succeeded since.
    pub failed_at: Option<DateTime<Utc>>,
    /// Why.
    pub failure: Option<String>,
    /// When the access token ends.
    pub token_until: Option<DateTime<Utc>>,
}

/// Times of receipt of which rows may be missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Gap {
    /// From here on.
    pub start: DateTime<Utc>,
    /// Up to here.
    pub end: DateTime<Utc>,
    /// Why.
    pub reason: String,
}

impl Ledger {
    /// How a source is doing; `None` when it has done nothing yet.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub(crate) fn status(&self, source: &str) -> Result<Option<SourceStatus>, LedgerError> {
        let query = "SELECT id, covered_from, covered_until, rows, changed, late, polled_at, failed_at, failure, \
                     token_until FROM source WHERE name = ?1";
        let mut statement = self.connection.prepare(query)?;
        let mut found = statement.query([source])?;
        let Some(row) = found.next()? else { return Ok(None) };
        let mut status = SourceStatus {
            covered_from: time(row, 1)?,
            covered_until: time(row, 2)?,
            gaps: Vec::new(),
            rows: row.get::<_, i64>(3)?.cast_unsigned(),
            changed: row.get::<_, i64>(4)?.cast_unsigned(),
            late: row.get::<_, i64>(5)?.cast_unsigned(),
            polled_at: time(row, 6)?,
            failed_at: time(row, 7)?,
            failure: row.get(8)?,
            token_until: time(row, 9)?,
        };
        let query = "SELECT start, end, reason FROM gap WHERE source = ?1 ORDER BY start";
        let mut statement = self.connection.prepare(query)?;
        let gaps = statement.query_map([row.get::<_, i64>(0)?], |row| {
            Ok(Gap { start: instant(row.get(0)?), end: instant(row.get(1)?), reason: row.get(2)? })
        })?;
        status.gaps = gaps.collect::<Result<_, _>>()?;
        Ok(Some(status))
    }

    /// Notes that collecting failed, and why.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub(crate) fn note_failure(&mut self, source: &str, at: DateTime<Utc>, failure: &str) -> Result<(), LedgerError> {
        let transaction = self.write()?;
        let id = source_id(&transaction, source)?;
        let update = "UPDATE source SET failed_at = ?2, failure = ?3 WHERE id = ?1";
        transaction.execute(update, params![id, at.timestamp_millis(), failure])?;
        transaction.commit()
    }

    /// Notes that a source has recovered, although there was nothing to deliver.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub(crate) fn forget_failure(&mut self, source: &str) -> Result<(), LedgerError> {
        let transaction = self.write()?;
        // One that the ledger does not know has not failed, and is not there to be shown.
        let update = "UPDATE source SET failed_at = NULL, failure = NULL WHERE name = ?1 AND failure IS NOT NULL";
        transaction.execute(update, [source])?;
        transaction.commit()
    }

    /// Notes when the access token of a source ends.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub(crate) fn note_token(&mut self, source: &str, until: DateTime<Utc>) -> Result<(), LedgerError> {
        let transaction = self.write()?;
        let id = source_id(&transaction, source)?;
        let update = "UPDATE source SET token_until = ?2 WHERE id = ?1";
        transaction.execute(update, params![id, until.timestamp_millis()])?;
        transaction.commit()
    }
}

fn time(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<DateTime<Utc>>> {
    Ok(row.get::<_, Option<i64>>(index)?.map(instant))
}
