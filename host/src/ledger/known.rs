//! Which rows were delivered before, and whether they have changed since.

use std::collections::HashSet;

use rusqlite::{OptionalExtension as _, params};

use super::{Ledger, LedgerError};
use crate::support::record_key::RecordKey;

/// Rows that were delivered, each with all contents in which it was. All and not the last, because two rows may have
/// the same key: told by the last content alone they would be delivered in turns for ever.
#[derive(Debug, Default)]
pub(crate) struct Known {
    identities: HashSet<[u8; 16]>,
    keys: HashSet<RecordKey>,
}

/// What is known of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowVerdict {
    /// It was never delivered.
    New,
    /// It was delivered with another content.
    Changed,
    /// It was delivered as it is.
    Repeated,
}

impl Known {
    /// Whether a row was delivered as it is.
    pub(crate) fn has(&self, key: RecordKey) -> bool {
        self.keys.contains(&key)
    }

    /// Whether a row was delivered, with any content.
    pub(crate) fn has_identity(&self, identity: [u8; 16]) -> bool {
        self.identities.contains(&identity)
    }

    /// Knows what is known elsewhere as well.
    pub(crate) fn merge(&mut self, other: Self) {
        self.identities.extend(other.identities);
        self.keys.extend(other.keys);
    }

    fn add(&mut self, key: RecordKey) {
        self.identities.insert(key.identity);
        self.keys.insert(key);
    }

    /// Judges a row, which is known from now on.
    pub(crate) fn judge(&mut self, key: RecordKey) -> RowVerdict {
        match (self.identities.insert(key.identity), self.keys.insert(key)) {
            (true, _) => RowVerdict::New,
            (false, true) => RowVerdict::Changed,
            (false, false) => RowVerdict::Repeated,
        }
    }
}

impl Ledger {
    /// What is known of the rows with these identities.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub(crate) fn known(&self, source: &str, identities: impl Iterator<Item = [u8; 16]>) -> Result<Known, LedgerError> {
        // In one transaction, which locks the file once, and in the order of the table.
        let transaction = self.connection.unchecked_transaction()?;
        let mut known = Known::default();
        let id = transaction.query_row("SELECT id FROM source WHERE name = ?1", [source], |row| row.get(0));
        let Some(id): Option<i64> = id.optional()? else { return Ok(known) };
        let mut identities: Vec<_> = identities.collect();
        identities.sort_unstable();
        let query = "SELECT content FROM delivered WHERE source = ?1 AND key = ?2";
        let mut statement = transaction.prepare_cached(query)?;
        for identity in identities {
            let mut rows = statement.query(params![id, identity])?;
            while let Some(row) = rows.next()? {
                known.add(RecordKey { identity, content: row.get(0)? });
            }
        }
        Ok(known)
    }
}
