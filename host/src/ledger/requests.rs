//! Requests of the last minutes: what the budget of a tenant is counted by, restarts included.

use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::params;

use super::{Ledger, LedgerError, instant};

/// The requests of a tenant in a running window of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Requests {
    /// How many.
    pub count: u32,
    /// When the first of them was sent.
    pub first: Option<DateTime<Utc>>,
}

impl Ledger {
    /// The requests for a tenant in the time before `now`.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub(crate) fn requests(&self, tenant: &str, now: DateTime<Utc>, before: Duration) -> Result<Requests, LedgerError> {
        let query = "SELECT count(*), min(at) FROM request WHERE tenant = ?1 AND at > ?2";
        let since = (now - before).timestamp_millis();
        let found = self.connection.query_row(query, params![tenant, since], |row| {
            Ok(Requests { count: row.get(0)?, first: row.get::<_, Option<i64>>(1)?.map(instant) })
        })?;
        Ok(found)
    }

    /// Puts requests that bear a later time at `now`: the clock was put back since, and they would count for too long.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub(crate) fn settle_requests(&mut self, tenant: &str, now: DateTime<Utc>) -> Result<(), LedgerError> {
        let query = "SELECT EXISTS (SELECT 1 FROM request WHERE tenant = ?1 AND at > ?2)";
        if !self.connection.query_row(query, params![tenant, now.timestamp_millis()], |row| row.get::<_, bool>(0))? {
            return Ok(());
        }
        let transaction = self.write()?;
        let update = "UPDATE request SET at = ?2 WHERE tenant = ?1 AND at > ?2";
        transaction.execute(update, params![tenant, now.timestamp_millis()])?;
        transaction.commit()
    }

    /// Notes that a request for a tenant is about to be sent, and forgets those before `keep_from`.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub(crate) fn note_request(
        &mut self,
        tenant: &str,
        at: DateTime<Utc>,
        keep_from: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        let transaction = self.write()?;
        let forget = "DELETE FROM request WHERE tenant = ?1 AND at <= ?2";
        transaction.execute(forget, params![tenant, keep_from.timestamp_millis()])?;
        let insert = "INSERT INTO request (tenant, at) VALUES (?1, ?2)";
        transaction.execute(insert, params![tenant, at.timestamp_millis()])?;
        transaction.commit()?;
        Ok(())
    }
}
