//! Keeps what the ledger notes elsewhere as well: row by row, as messages for a compacted topic.
//!
//! The replica counts first and the file second, so the file is a cache: who has none, or an older one, makes it of the
//! messages. Knows no brokers; `cluster` does.

use std::{any::Any, sync::Arc};

use rusqlite::Connection;

use self::{change_log::ChangeLog, table_shape::TableShape};
use super::LedgerError;

mod change_log;
mod ledger_copy;
mod message;
mod position;
mod replica_error;
mod replicated;
mod source_row;
mod table_shape;
mod writing;

pub(super) use self::writing::Writing;
pub(crate) use self::{
    ledger_copy::LedgerCopy,
    message::{CopiedMessage, LedgerMessage},
    replica_error::{RefusedPart, ReplicaError},
    source_row::SourceRow,
};

/// Where what the ledger notes is kept as well.
pub(crate) trait Replica: Send {
    /// Makes changes count elsewhere, all of them or none, together with what goes along with them. Gives the position up
    /// to which the replica has nothing then that the ledger has not.
    ///
    /// # Errors
    ///
    /// When they do not count, or nobody knows.
    fn commit(&mut self, changes: &Changes, along: &[Arc<dyn Companion>]) -> Result<i64, ReplicaError>;
}

/// What counts together with what the ledger notes: documents of the batch, for a service that has both.
pub(crate) trait Companion: Send + Sync {
    /// What the replica knows it by.
    fn kept(&self) -> &(dyn Any + Send + Sync);

    /// The same without what stands at these places.
    fn without(&self, places: &[usize]) -> Arc<dyn Companion>;
}

/// What a transaction of the ledger has changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// The version of the tables.
    pub version: i64,
    /// The rows, as they are now.
    pub messages: Vec<LedgerMessage>,
}

/// A ledger's replica, and what it has to know of the ledger.
pub(super) struct Replication {
    replica: Box<dyn Replica>,
    changes: ChangeLog,
    /// Why the replica may have what the file has not, if that is so.
    behind: Option<String>,
    /// What goes along with the next transaction.
    along: Vec<Arc<dyn Companion>>,
}

impl Replication {
    /// Begins to watch what changes in the tables of a ledger.
    pub(super) fn new(replica: Box<dyn Replica>, connection: &Connection) -> Result<Self, LedgerError> {
        let changes = ChangeLog::begin(connection, TableShape::all(connection)?)?;
        Ok(Self { replica, changes, behind: None, along: Vec::new() })
    }
}

#[cfg(test)]
mod tests;
