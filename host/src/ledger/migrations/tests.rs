use std::collections::BTreeMap;

use super::*;
use crate::ledger::Ledger;

/// The tables as version 5 had them when it was the newest.
const VERSION_5: &str = "CREATE TABLE source (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, covered_from INTEGER, \
    covered_until INTEGER, known_from INTEGER, window_start INTEGER, window_end INTEGER, reached INTEGER, \
    next_link TEXT, rows INTEGER NOT NULL DEFAULT 0, changed INTEGER NOT NULL DEFAULT 0, \
    late INTEGER NOT NULL DEFAULT 0, polled_at INTEGER, failed_at INTEGER, failure TEXT, token_until INTEGER)";

fn ledger_of(version: i64) -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    apply_until(&mut connection, 0, version).unwrap();
    connection
}

fn rows(connection: &Connection, query: &str) -> Vec<Vec<String>> {
    let mut statement = connection.prepare(query).unwrap();
    let columns = statement.column_count();
    let read = |row: &rusqlite::Row<'_>| {
        (0..columns)
            .map(|column| {
                row.get_ref(column).map(|value| match value {
                    ValueRef::Null => "null".to_owned(),
                    ValueRef::Integer(number) => number.to_string(),
                    ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
                    other => format!("{other:?}"),
                })
            })
            .collect::<rusqlite::Result<Vec<_>>>()
    };
    statement.query_map([], read).unwrap().collect::<rusqlite::Result<_>>().unwrap()
}

/// Every table with its columns.
fn tables(connection: &Connection) -> BTreeMap<String, Vec<Vec<String>>> {
    let names = rows(connection, "SELECT name FROM sqlite_schema WHERE type IN ('table', 'index')");
    let columns = |name: &str| rows(connection, &format!("PRAGMA table_xinfo({name})"));
    names.into_iter().flatten().map(|name| (name.clone(), columns(&name))).collect()
}

#[test]
fn every_migration_is_a_file_and_numbered() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ledger/migrations");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "sql"));
    files.sort();
    assert_eq!(files.len(), MIGRATIONS.len());
    for ((file, migration), number) in files.iter().zip(MIGRATIONS).zip(1..) {
        assert!(file.file_name().unwrap().to_str().unwrap().starts_with(&format!("{number:04}_")), "{file:?}");
        assert_eq!(&fs::read_to_string(file).unwrap(), migration, "{file:?}");
    }
}

#[test]
fn an_upgraded_ledger_has_the_tables_of_a_new_one() {
    let new = tables(&ledger_of(VERSION));
    for version in 1..VERSION {
        let mut connection = ledger_of(version);
        apply(&mut connection, version).unwrap();
        assert_eq!(tables(&connection), new, "from version {version}");
    }
    let before = Connection::open_in_memory().unwrap();
    before.execute_batch(VERSION_5).unwrap();
    assert_eq!(tables(&ledger_of(5))["source"], tables(&before)["source"]);
}

#[test]
fn what_versions_2_to_5_have_is_kept() {
    for version in 2..=5 {
        let mut connection = ledger_of(version);
        connection
            .execute_batch(
                "INSERT INTO source VALUES (1, 'graph', 10, 20, 15, 20, 30, 25, 'link', 7, 2, 1, 40, 41, 'why', 42);
                 INSERT INTO delivered VALUES (1, x'01', x'02', 26);
                 INSERT INTO gap VALUES (1, 11, 12, 'lost');
                 INSERT INTO request VALUES ('t', 43);",
            )
            .unwrap();
        if version >= 3 {
            connection.execute_batch("INSERT INTO mark VALUES ('file', 1, 2, 3, 4)").unwrap();
        }
        let before: Vec<_> = ["source", "delivered", "gap", "request"]
            .iter()
            .map(|table| rows(&connection, &format!("SELECT * FROM {table}")))
            .collect();
        apply(&mut connection, version).unwrap();
        for (table, before) in ["source", "delivered", "gap", "request"].iter().zip(before) {
            assert_eq!(rows(&connection, &format!("SELECT * FROM {table}")), before, "{table} of version {version}");
        }
        if version >= 3 {
            let mark = rows(&connection, "SELECT output, device, inode, length, began, tail_length FROM mark");
            assert_eq!(mark, [["file", "1", "2", "3", "4", "0"]]);
        }
    }
}

/// What is delivered cannot be told any more, so nothing that was covered is read again, and a gap says so.
#[test]
fn from_version_1_on_what_is_covered_is_kept() {
    // As it was at first, without `known_from`.
    for without in ["ALTER TABLE source DROP COLUMN known_from", ""] {
        let mut connection = ledger_of(1);
        connection.execute_batch(without).unwrap();
        connection
            .execute_batch(
                "INSERT INTO source (id, name, covered_until, window_start, window_end, next_link)
                 VALUES (1, 'graph', 9000000, 9000000, 9900000, 'link'), (2, 'new', NULL, NULL, NULL, NULL);
                 INSERT INTO delivered VALUES (1, x'01', 9800000), (1, x'02', 9700000), (1, x'03', 8000000);",
            )
            .unwrap();
        apply(&mut connection, 1).unwrap();
        let source = rows(
            &connection,
            "SELECT covered_from, covered_until, known_from, window_start, window_end, reached, next_link FROM source",
        );
        assert_eq!(source[0], ["9000000", "9000000", "9000000", "9000000", "9900000", "9700000", "link"]);
        assert_eq!(source[1], ["null"; 7]);
        assert_eq!(rows(&connection, "SELECT source, start, end FROM gap"), [["1", "5400000", "9000000"]]);
        assert_eq!(rows(&connection, "SELECT * FROM delivered"), [[""; 0]; 0]);
    }
}

#[test]
fn the_copy_has_what_the_ledger_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite3");
    let mut old = Connection::open(&path).unwrap();
    old.execute_batch("PRAGMA journal_mode = WAL").unwrap();
    apply_until(&mut old, 0, 5).unwrap();
    old.execute_batch("INSERT INTO gap VALUES (1, 2, 3, 'why')").unwrap();
    fs::write(copy_path(&path, 3), "of an earlier upgrade").unwrap();
    assert!(fs::metadata(path.with_extension("sqlite3-wal")).unwrap().len() > 0, "not all is in the main file");

    let ledger = Ledger::open(folder.path()).unwrap();
    assert_eq!(rows(&ledger.connection, "SELECT reason FROM gap"), [["why"]]);
    assert_eq!(rows(&ledger.connection, "PRAGMA user_version"), [[VERSION.to_string()]]);
    let copy = Connection::open(copy_path(&path, 5)).unwrap();
    assert_eq!(rows(&copy, "PRAGMA user_version"), [["5"]]);
    assert_eq!(rows(&copy, "SELECT * FROM gap"), [["1", "2", "3", "why"]]);
    let mut names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| !name.starts_with("ledger.sqlite3") && name != "lock");
    assert_eq!(names, ["ledger.version-5.sqlite3"]);
}

#[test]
fn an_upgrade_that_fails_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite3");
    let mut old = Connection::open(&path).unwrap();
    apply_until(&mut old, 0, 5).unwrap();
    // In the way of a migration.
    old.execute_batch("CREATE TABLE about (x)").unwrap();
    drop(old);
    let error = Ledger::open(folder.path()).err().unwrap().to_string();
    assert_eq!(error, format!("could not upgrade ledger `{}` from version 5 to {VERSION}", path.display()));
    let old = Connection::open(&path).unwrap();
    assert_eq!(rows(&old, "PRAGMA user_version"), [["5"]]);
    assert!(!tables(&old)["mark"].iter().flatten().any(|column| column == "tail"));
}

#[test]
fn an_old_ledger_can_be_read_without_being_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite3");
    let mut old = Connection::open(&path).unwrap();
    apply_until(&mut old, 0, 2).unwrap();
    old.execute_batch("INSERT INTO source (name, rows) VALUES ('graph', 7)").unwrap();
    let ledger = Ledger::open_to_read(folder.path()).unwrap().unwrap();
    assert_eq!(ledger.status("graph").unwrap().unwrap().rows, 7);
    assert_eq!(ledger.files().unwrap(), []);
    assert_eq!(rows(&old, "PRAGMA user_version"), [["2"]]);
    assert!(!copy_path(&path, 2).exists());
}

#[test]
fn a_newer_ledger_is_refused_with_what_to_install() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite3");
    drop(Ledger::open(folder.path()).unwrap());
    let newer = Connection::open(&path).unwrap();
    newer.execute_batch("PRAGMA user_version = 99; UPDATE about SET value = '9.8.7' WHERE name = 'program'").unwrap();
    let said = |result: Result<_, LedgerError>| result.err().unwrap().to_string();
    let expected = format!(
        "ledger `{}` has version 99, written by exotrace 9.8.7; exotrace {} knows versions up to {VERSION}\n\
         hint: install exotrace 9.8.7 or a later one",
        path.display(),
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(said(Ledger::open(folder.path()).map(drop)), expected);
    assert_eq!(said(Ledger::open_to_read(folder.path()).map(drop)), expected);
    let copy = copy_path(&path, VERSION);
    fs::write(&copy, "").unwrap();
    let error = said(Ledger::open(folder.path()).map(drop));
    assert!(error.ends_with(&format!(
        "; or put `{}`, the copy from before the upgrade, in its place: what was delivered since comes again",
        copy.display()
    )));
}
