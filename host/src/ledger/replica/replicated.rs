//! A ledger whose changes are kept elsewhere as well.

use std::{collections::HashSet, path::Path, sync::Arc};

use rusqlite::TransactionBehavior;

use super::{
    Changes, Companion, LedgerMessage, Replica, Replication, change_log::all_rows, position::put_position,
    table_shape::TableShape,
};
use crate::{
    ledger::{Ledger, LedgerError, lock::Lock, migrations, open, schema::VERSION},
    support::{atomic_write, clock::Clock, state_folder},
};

impl Ledger {
    /// Opens the ledger in a folder, which has all that its replica has, and keeps what it notes there as well.
    ///
    /// # Errors
    ///
    /// As [`Self::open`], and when the replica does not take what an upgrade changes.
    pub(crate) fn open_replicated(state_dir: &Path, mut replica: Box<dyn Replica>) -> Result<Self, LedgerError> {
        state_folder::prepare(state_dir)?;
        let lock = Lock::take(state_dir)?;
        atomic_write::tidy(state_dir).map_err(|source| LedgerError::Folder { path: state_dir.to_owned(), source })?;
        let path = state_dir.join(open::FILE_NAME);
        if !open::is_there(&path)? {
            open::create(&path, VERSION)?;
        }
        let clock = Clock::system();
        let (mut connection, found) = open::as_it_is(&path)?;
        if found < VERSION {
            upgrade(&mut connection, found, &mut *replica, &clock).map_err(|error| error.at(&path))?;
        }
        lock.note_owner(&connection).map_err(|error| error.at(&path))?;
        let replication = Replication::new(replica, &connection).map_err(|error| error.at(&path))?;
        Ok(Self { connection, path, lock: Some(lock), clock, replication: Some(replication) })
    }

    /// Notes something; in the same transaction, all that goes along with it counts as well.
    ///
    /// # Errors
    ///
    /// When neither counts.
    pub(crate) fn along_with<T>(
        &mut self,
        along: &[Arc<dyn Companion>],
        note: impl FnOnce(&mut Self) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        if along.is_empty() {
            return note(self);
        }
        let Some(replication) = &mut self.replication else { return Err(LedgerError::Alone) };
        replication.along = along.to_vec();
        let mut noted = note(self);
        if noted.is_ok() && self.replication.as_ref().is_some_and(|replication| !replication.along.is_empty()) {
            // Nothing was to be noted.
            noted = self.write().and_then(super::Writing::commit).and(noted);
        }
        if let Some(replication) = &mut self.replication {
            replication.along.clear();
        }
        noted
    }
}

/// Brings a ledger forward, and with it its replica: that gets every row as it is then, and hears of all that are gone.
/// Nobody has to know then what an upgrade does with rows of which some were forgotten elsewhere.
fn upgrade(
    connection: &mut rusqlite::Connection,
    found: i64,
    replica: &mut dyn Replica,
    clock: &Clock,
) -> Result<(), LedgerError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let before = all_rows(&transaction, &TableShape::all(&transaction)?)?;
    migrations::apply_within(&transaction, found, VERSION)?;
    let mut messages = all_rows(&transaction, &TableShape::all(&transaction)?)?;
    let there: HashSet<_> = messages.iter().map(|message| message.key.clone()).collect();
    let gone = before.into_iter().filter(|message| !there.contains(&message.key));
    messages.extend(gone.map(|message| LedgerMessage { value: None, ..message }));
    if !messages.is_empty() {
        let position = replica.commit(&Changes { version: VERSION, messages }, &[]).map_err(LedgerError::Replica)?;
        put_position(&transaction, position, clock.wall())?;
    }
    Ok(transaction.commit()?)
}
