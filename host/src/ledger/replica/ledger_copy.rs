//! A ledger's file that is being made of messages, or brought up to where they end.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, TransactionBehavior, params_from_iter, types::Value};
use tracing::warn;

use super::{
    message::{CopiedMessage, value_of},
    position::{last_position, put_position},
    table_shape::{TableShape, quoted},
};
use crate::{
    ledger::{LedgerError, lock::Lock, open, schema::VERSION},
    support::state_folder,
};

/// A ledger's file that is brought up to where messages end.
pub(crate) struct LedgerCopy {
    path: PathBuf,
    /// None as long as nothing is in it.
    file: Option<CopyFile>,
    /// Held, so that a run before, of this process, is over.
    _lock: Lock,
}

struct CopyFile {
    connection: Connection,
    version: i64,
    tables: HashMap<String, CopyTable>,
}

/// A table with the statements that change it.
struct CopyTable {
    shape: TableShape,
    put: String,
    remove: String,
}

impl LedgerCopy {
    /// Opens the file in a folder; one that cannot be used is created again.
    ///
    /// # Errors
    ///
    /// When the folder cannot be used, or a run of this process still uses it.
    pub(crate) fn open(state_dir: &Path) -> Result<Self, LedgerError> {
        state_folder::prepare(state_dir)?;
        let lock = Lock::take(state_dir)?;
        let path = state_dir.join(open::FILE_NAME);
        let mut copy = Self { path, file: None, _lock: lock };
        if !open::is_there(&copy.path)? {
            return Ok(copy);
        }
        match open::as_it_is(&copy.path) {
            Ok((connection, version)) => copy.file = Some(CopyFile::new(connection, version)?),
            Err(error @ LedgerError::Damaged { .. }) => {
                warn!(error = error.to_string(), "damaged copy of the ledger is created again");
                copy.clear()?;
            }
            Err(error) => return Err(error),
        }
        // Without a position, nobody knows what it is a copy of.
        if copy.position()?.is_none() {
            copy.clear()?;
        }
        Ok(copy)
    }

    /// The position that its next message has at least, and when the file was up to date last; none when it is empty.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub(crate) fn position(&self) -> Result<Option<(i64, DateTime<Utc>)>, LedgerError> {
        let Some(file) = &self.file else { return Ok(None) };
        // Ledgers of the first versions have no table for it.
        Ok(last_position(&file.connection).ok().flatten())
    }

    /// Empties it.
    ///
    /// # Errors
    ///
    /// When the file cannot be deleted.
    pub(crate) fn clear(&mut self) -> Result<(), LedgerError> {
        self.file = None;
        open::delete(&self.path)
    }

    /// Takes messages, in their order; `next` is the position behind them.
    ///
    /// # Errors
    ///
    /// When they cannot be understood or the file cannot be written; then none is taken.
    pub(crate) fn apply(
        &mut self,
        messages: &[CopiedMessage<'_>],
        next: i64,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        let versions: Vec<_> = messages.chunk_by(|one, other| one.version == other.version).collect();
        if !versions.is_sorted_by_key(|of_version| of_version.first().map(|message| message.version)) {
            return Err(LedgerError::Replicated {
                problem: "rows of an older version come after newer ones".to_owned(),
            });
        }
        // What is of a version before the last is nothing.
        if let Some(of_version) = versions.last()
            && let Some(first) = of_version.first()
        {
            self.file(first.version)?.apply(of_version, next, now).map_err(|error| error.at(&self.path))?;
        }
        if messages.is_empty()
            && let Some(file) = &self.file
        {
            put_position(&file.connection, next, now)?;
        }
        Ok(())
    }

    /// The file for messages of a version. A process of a later version writes every row again: what is of the version
    /// before is nothing.
    fn file(&mut self, version: i64) -> Result<&mut CopyFile, LedgerError> {
        if version > VERSION {
            return Err(LedgerError::NewerReplica { found: version });
        }
        match self.file.take() {
            Some(file) if file.version == version => return Ok(self.file.insert(file)),
            Some(file) if file.version > version => {
                let problem = format!("a row of version {version} comes after rows of version {}", file.version);
                self.file = Some(file);
                return Err(LedgerError::Replicated { problem });
            }
            _ => {}
        }
        self.clear()?;
        open::create(&self.path, version)?;
        let (connection, version) = open::as_it_is(&self.path)?;
        Ok(self.file.insert(CopyFile::new(connection, version)?))
    }
}

impl CopyFile {
    fn new(connection: Connection, version: i64) -> Result<Self, LedgerError> {
        let table = |shape: TableShape| {
            let places: Vec<_> = (1..=shape.columns.len()).map(|place| format!("?{place}")).collect();
            let (name, columns, values) = (quoted(&shape.name), shape.column_list(), places.join(", "));
            let put = format!("INSERT OR REPLACE INTO main.{name} ({columns}) VALUES ({values})");
            let remove = format!("DELETE FROM main.{name} WHERE {}", shape.key_condition());
            (shape.name.clone(), CopyTable { shape, put, remove })
        };
        let tables = TableShape::all(&connection)?.into_iter().map(table).collect();
        Ok(Self { connection, version, tables })
    }

    fn apply(&mut self, messages: &[CopiedMessage<'_>], next: i64, now: DateTime<Utc>) -> Result<(), LedgerError> {
        let Self { connection, tables, .. } = self;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for message in messages {
            let unknown = || LedgerError::Replicated { problem: "a message is not a row of a ledger".to_owned() };
            let (table, key) = message.place().ok_or_else(unknown)?;
            let Some(table) = tables.get(&table) else {
                // Tables that a version has no more are emptied by the one who upgrades.
                if message.value.is_none() {
                    continue;
                }
                return Err(LedgerError::Replicated { problem: format!("there is no table `{table}`") });
            };
            match message.value {
                None => {
                    if key.len() != table.shape.key.len() {
                        return Err(unknown());
                    }
                    transaction.prepare_cached(&table.remove)?.execute(params_from_iter(key))?;
                }
                Some(value) => {
                    let row = CopiedMessage::row(value).ok_or_else(unknown)?;
                    let values = table.values(&row).ok_or_else(unknown)?;
                    transaction.prepare_cached(&table.put)?.execute(params_from_iter(values))?;
                }
            }
        }
        put_position(&transaction, next, now)?;
        Ok(transaction.commit()?)
    }
}

impl CopyTable {
    /// The values of the columns of a row; none when it has others.
    fn values(&self, row: &serde_json::Map<String, serde_json::Value>) -> Option<Vec<Value>> {
        if row.len() != self.shape.columns.len() {
            return None;
        }
        self.shape.columns.iter().map(|column| value_of(row.get(column)?)).collect()
    }
}
