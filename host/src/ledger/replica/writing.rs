//! A transaction of the ledger. What it changes counts in the replica first, if there is one.

use std::ops::Deref;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Transaction};

use super::{Changes, Replication, position::put_position};
use crate::{
    ledger::{LedgerError, schema::VERSION},
    support::error_text::chain,
};

/// A transaction of the ledger.
pub(in crate::ledger) struct Writing<'l> {
    transaction: Transaction<'l>,
    replication: Option<&'l mut Replication>,
    now: DateTime<Utc>,
}

impl<'l> Writing<'l> {
    /// Continues a transaction that has just begun.
    pub(in crate::ledger) fn new(
        transaction: Transaction<'l>,
        replication: Option<&'l mut Replication>,
        now: DateTime<Utc>,
    ) -> Result<Self, LedgerError> {
        if let Some(reason) = replication.as_ref().and_then(|replication| replication.behind.clone()) {
            return Err(LedgerError::Behind { reason });
        }
        Ok(Self { transaction, replication, now })
    }

    /// Makes it count: in the replica, and then in the file.
    pub(in crate::ledger) fn commit(self) -> Result<(), LedgerError> {
        let Self { transaction, replication, now } = self;
        let Some(replication) = replication else { return Ok(transaction.commit()?) };
        let messages = replication.changes.take(&transaction)?;
        if messages.is_empty() && replication.along.is_empty() {
            return Ok(transaction.commit()?);
        }
        replication.commit(&transaction, messages, now)?;
        transaction.commit()?;
        replication.behind = None;
        Ok(())
    }
}

impl Replication {
    /// Makes changes count in the replica, and notes that; from then on the file is behind until it has them too.
    fn commit(
        &mut self,
        transaction: &Connection,
        messages: Vec<super::LedgerMessage>,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        let changes = Changes { version: VERSION, messages };
        self.behind = Some("it could not be written".to_owned());
        match self.replica.commit(&changes, &self.along) {
            Ok(position) => {
                self.along.clear();
                Ok(put_position(transaction, position, now)?)
            }
            Err(error) => {
                self.behind = (!error.is_undone).then(|| chain(&error));
                Err(LedgerError::Replica(error))
            }
        }
    }
}

impl Deref for Writing<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.transaction
    }
}
