//! Up to which position of the replica a file has everything, and when that was so last.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _, params};

/// What it is called in the table about the file itself.
const NAME: &str = "replica";

/// Notes the position, within the transaction that makes it true.
pub(super) fn put_position(connection: &Connection, position: i64, at: DateTime<Utc>) -> rusqlite::Result<()> {
    let text = format!("{position} {}", at.timestamp_millis());
    connection
        .prepare_cached("INSERT OR REPLACE INTO about (name, value) VALUES (?1, ?2)")?
        .execute(params![NAME, text])?;
    Ok(())
}

/// The position, and when it was noted; none in a file that never had one.
pub(super) fn last_position(connection: &Connection) -> rusqlite::Result<Option<(i64, DateTime<Utc>)>> {
    let query = "SELECT value FROM about WHERE name = ?1";
    let found: Option<String> = connection.query_row(query, [NAME], |row| row.get(0)).optional()?;
    Ok(found.and_then(|text| {
        let (position, at) = text.split_once(' ')?;
        Some((position.parse().ok()?, DateTime::from_timestamp_millis(at.parse().ok()?)?))
    }))
}
