//! Rows that were delivered: by what they are known, and what of them may change.

use std::{
    collections::{HashMap, HashSet},
    fmt::Write as _,
};

use chrono::{DateTime, Utc};
use rusqlite::params;

use super::{Ledger, LedgerError};

/// What a row is known by.
pub type Key = [u8; 16];

/// What of a row may change.
pub type Content = [u8; 8];

/// A row that every output has accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivered {
    /// What it is known by.
    pub key: Key,
    /// What of it may change.
    pub content: Content,
    /// When its message was received, which says for how long it may be read again.
    pub received: DateTime<Utc>,
}

/// Rows that were delivered, each with all contents in which it was. All and not the last, because two rows may have
/// the same key: told by the last content alone they would be delivered in turns for ever.
#[derive(Debug, Default)]
pub struct Known(HashMap<Key, HashSet<Content>>);

/// What is known of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was never delivered.
    New,
    /// It was delivered with another content.
    Changed,
    /// It was delivered as it is.
    Repeated,
}

impl Known {
    /// Judges a row, which is known from now on.
    pub fn judge(&mut self, key: Key, content: Content) -> Verdict {
        let contents = self.0.entry(key).or_default();
        match (contents.is_empty(), contents.insert(content)) {
            (true, _) => Verdict::New,
            (false, true) => Verdict::Changed,
            (false, false) => Verdict::Repeated,
        }
    }
}

impl Ledger {
    /// What is known of these rows.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn known(&self, source: &str, keys: impl Iterator<Item = Key>) -> Result<Known, LedgerError> {
        // One query however many rows: their keys are one parameter.
        let query = "SELECT key, content FROM delivered WHERE source = (SELECT id FROM source WHERE name = ?1) \
                     AND key IN (SELECT unhex(value) FROM json_each(?2))";
        let mut statement = self.connection.prepare_cached(query)?;
        let mut known = Known::default();
        let mut rows = statement.query(params![source, json_of(keys)])?;
        while let Some(row) = rows.next()? {
            known.0.entry(row.get(0)?).or_default().insert(row.get(1)?);
        }
        Ok(known)
    }
}

/// A JSON array of the keys in hexadecimal.
fn json_of(keys: impl Iterator<Item = Key>) -> String {
    let mut text = "[".to_owned();
    for key in keys {
        let separator = if text.len() > 1 { "," } else { "" };
        write!(text, "{separator}\"{:032x}\"", u128::from_be_bytes(key)).expect("a string takes everything");
    }
    text + "]"
}
