//! A table of the ledger: its columns, and by what its rows are known.

use rusqlite::Connection;

/// Tables that are about this machine and process alone.
const LOCAL: [&str; 2] = ["about", "mark"];

/// What a row without a primary key is known by.
const ROWID: &str = "rowid";

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TableShape {
    pub(super) name: String,
    /// By what rows are known.
    pub(super) key: Vec<String>,
    /// All columns; first the number of a row that has no other key.
    pub(super) columns: Vec<String>,
}

impl TableShape {
    /// The tables of a ledger that are kept elsewhere as well.
    pub(super) fn all(connection: &Connection) -> rusqlite::Result<Vec<Self>> {
        let query = "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
                     ORDER BY name";
        let mut statement = connection.prepare(query)?;
        let names: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        let names = names.into_iter().filter(|name| !LOCAL.contains(&&**name));
        names.map(|name| Self::of(connection, name)).collect()
    }

    fn of(connection: &Connection, name: String) -> rusqlite::Result<Self> {
        let mut statement = connection.prepare("SELECT name, pk FROM pragma_table_info(?1, 'main')")?;
        let found = statement.query_map([&name], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
        let found: Vec<_> = found.collect::<rusqlite::Result<_>>()?;
        let mut key: Vec<_> = found.iter().filter(|(_, place)| *place > 0).collect();
        key.sort_by_key(|(_, place)| *place);
        let mut key: Vec<_> = key.into_iter().map(|(column, _)| column.clone()).collect();
        let mut columns: Vec<_> = found.into_iter().map(|(column, _)| column).collect();
        if key.is_empty() {
            key.push(ROWID.to_owned());
            columns.insert(0, ROWID.to_owned());
        }
        Ok(Self { name, key, columns })
    }

    /// The columns in a statement.
    pub(super) fn column_list(&self) -> String {
        self.columns.iter().map(|column| quoted(column)).collect::<Vec<_>>().join(", ")
    }

    /// The condition on the key whose values are parameters, from the first on.
    pub(super) fn key_condition(&self) -> String {
        let conditions = self.key.iter().zip(1..).map(|(column, place)| format!("{} = ?{place}", quoted(column)));
        conditions.collect::<Vec<_>>().join(" AND ")
    }
}

/// A name in a statement.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
