//! Which rows were delivered before, and whether they have changed since.

use std::{
    collections::{HashMap, HashSet},
    fmt::Write as _,
};

use rusqlite::params;

use super::{Ledger, LedgerError};
use crate::support::record_key::RecordKey;

/// Rows that were delivered, each with all contents in which it was. All and not the last, because two rows may have
/// the same key: told by the last content alone they would be delivered in turns for ever.
#[derive(Debug, Default)]
pub(crate) struct Known(HashMap<[u8; 16], HashSet<[u8; 8]>>);

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
        self.0.get(&key.identity).is_some_and(|contents| contents.contains(&key.content))
    }

    /// Whether a row was delivered, with any content.
    pub(crate) fn has_identity(&self, identity: [u8; 16]) -> bool {
        self.0.contains_key(&identity)
    }

    /// Knows what is known elsewhere as well.
    pub(crate) fn merge(&mut self, other: Self) {
        for (identity, contents) in other.0 {
            self.0.entry(identity).or_default().extend(contents);
        }
    }

    /// Judges a row, which is known from now on.
    pub(crate) fn judge(&mut self, key: RecordKey) -> RowVerdict {
        let contents = self.0.entry(key.identity).or_default();
        match (contents.is_empty(), contents.insert(key.content)) {
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
        // One query however many rows: their keys are one parameter.
        let query = "SELECT key, content FROM delivered WHERE source = (SELECT id FROM source WHERE name = ?1) \
                     AND key IN (SELECT unhex(value) FROM json_each(?2))";
        let mut statement = self.connection.prepare_cached(query)?;
        let mut known = Known::default();
        let mut rows = statement.query(params![source, json_of(identities)])?;
        while let Some(row) = rows.next()? {
            known.0.entry(row.get(0)?).or_default().insert(row.get(1)?);
        }
        Ok(known)
    }
}

/// A JSON array of the identities in hexadecimal.
fn json_of(identities: impl Iterator<Item = [u8; 16]>) -> String {
    let mut text = "[".to_owned();
    for identity in identities {
        let separator = if text.len() > 1 { "," } else { "" };
        write!(text, "{separator}\"{:032x}\"", u128::from_be_bytes(identity)).expect("a string takes everything");
    }
    text + "]"
}
