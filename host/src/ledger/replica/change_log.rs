//! Which rows a transaction has changed: triggers of this connection note their keys, for any statement.
//!
//! SQLite's session extension would do the same, but its bindings need libclang in the build, and it does not see tables
//! without a primary key.

use rusqlite::{Connection, Row, types::Value};

use super::{
    message::LedgerMessage,
    table_shape::{TableShape, quoted},
};

/// Prepared statements that are kept: two for each table, and those of the ledger itself.
const STATEMENTS: usize = 128;

/// The tables whose changes are noted.
pub(super) struct ChangeLog {
    tables: Vec<LoggedTable>,
}

struct LoggedTable {
    shape: TableShape,
    /// Gives the keys of the rows that were changed, and what they are now.
    query: String,
    forget: String,
}

impl ChangeLog {
    /// Begins to note what changes: nothing of it is written to a disk.
    pub(super) fn begin(connection: &Connection, shapes: Vec<TableShape>) -> rusqlite::Result<Self> {
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        // Without it, rows that are replaced would go without a trace.
        connection.execute_batch("PRAGMA temp_store = MEMORY; PRAGMA recursive_triggers = ON;")?;
        // A process may have dozens of these: each takes as little as SQLite takes by itself.
        connection.execute_batch("PRAGMA cache_size = -2000; PRAGMA wal_autocheckpoint = 1000;")?;
        let mut tables = Vec::new();
        for shape in shapes {
            let log = quoted(&format!("changed_{}", shape.name));
            let table = quoted(&shape.name);
            let columns: Vec<_> = (0..shape.key.len()).map(|place| format!("k{place}")).collect();
            let of = |row: &str| shape.key.iter().map(|column| format!("{row}.{}", quoted(column))).collect::<Vec<_>>();
            let (new, old) = (of("NEW").join(", "), of("OLD").join(", "));
            let trigger = |event: &str, values: &str| {
                let name = quoted(&format!("log_{event}_{}", shape.name));
                format!(
                    "CREATE TEMP TRIGGER {name} AFTER {event} ON main.{table} BEGIN INSERT INTO {log} VALUES {values}; END;"
                )
            };
            let statements = [
                format!("CREATE TEMP TABLE {log} ({});", columns.join(", ")),
                trigger("INSERT", &format!("({new})")),
                trigger("UPDATE", &format!("({old}), ({new})")),
                trigger("DELETE", &format!("({old})")),
            ];
            connection.execute_batch(&statements.concat())?;
            let row: Vec<_> = shape.columns.iter().map(|column| format!("t.{}", quoted(column))).collect();
            let on: Vec<_> =
                shape.key.iter().zip(&columns).map(|(key, it)| format!("t.{} = c.{it}", quoted(key))).collect();
            let query = format!(
                "SELECT c.*, {} FROM (SELECT DISTINCT * FROM temp.{log}) c LEFT JOIN main.{table} t ON {}",
                row.join(", "),
                on.join(" AND ")
            );
            tables.push(LoggedTable { query, forget: format!("DELETE FROM temp.{log}"), shape });
        }
        Ok(Self { tables })
    }

    /// What has changed since this was asked last: rows as they are now, and those that are gone.
    pub(super) fn take(&self, connection: &Connection) -> rusqlite::Result<Vec<LedgerMessage>> {
        let mut messages = Vec::new();
        for LoggedTable { shape, query, forget } in &self.tables {
            let before = messages.len();
            let mut statement = connection.prepare_cached(query)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                messages.push(message(shape, row)?);
            }
            drop(rows);
            if messages.len() > before {
                connection.prepare_cached(forget)?.execute([])?;
            }
        }
        Ok(messages)
    }
}

/// All rows of these tables.
pub(super) fn all_rows(connection: &Connection, shapes: &[TableShape]) -> rusqlite::Result<Vec<LedgerMessage>> {
    let mut messages = Vec::new();
    for shape in shapes {
        let key: Vec<_> = shape.key.iter().map(|column| quoted(column)).collect();
        let query = format!("SELECT {}, {} FROM main.{}", key.join(", "), shape.column_list(), quoted(&shape.name));
        let mut statement = connection.prepare(&query)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            messages.push(message(shape, row)?);
        }
    }
    Ok(messages)
}

/// A row that begins with its key, behind which the columns are; without the key among them when it is gone.
fn message(shape: &TableShape, row: &Row<'_>) -> rusqlite::Result<LedgerMessage> {
    let width = shape.key.len();
    let key: Vec<Value> = (0..width).map(|place| row.get(place)).collect::<rusqlite::Result<_>>()?;
    let values: Vec<Value> =
        (width..width + shape.columns.len()).map(|place| row.get(place)).collect::<rusqlite::Result<_>>()?;
    // A key is never null, so one that is was not found.
    let first = shape.columns.iter().position(|column| shape.key.first() == Some(column));
    let is_there = first.and_then(|place| values.get(place)).is_some_and(|value| *value != Value::Null);
    Ok(LedgerMessage::new(shape, &key, is_there.then_some(&values)))
}
