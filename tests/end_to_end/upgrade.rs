//! A state folder of an earlier version: it is upgraded, and nothing is missing or comes twice.

use std::{fs, os::unix::fs::MetadataExt as _, path::PathBuf, time::Duration};

use exotrace_fake_elasticsearch::{FakeElasticsearch, Setup};
use exotrace_simulator::TenantConfig;
use rusqlite::Connection;
use serde_json::Value;

use crate::{harness::project, tenant::Served};

/// Where the tenant was served when the fixture was made.
const SERVED_AT: &str = "http://127.0.0.1:18365";

/// How many rows both outputs had when the program of version 5 gave up, and how many one of them had besides.
const DELIVERED: usize = 30;
const IN_ONE_OUTPUT: usize = 15;

struct Left {
    served: Served,
    fake: FakeElasticsearch,
}

impl Left {
    /// The state folder of version 5, moved to where this test runs.
    fn version_5() -> Self {
        let now = chrono::DateTime::parse_from_rfc3339("2026-11-28T12:00:00Z").unwrap().to_utc();
        let served = Served::new(TenantConfig { rows: 60, now, ..TenantConfig::default() });
        // The window that was begun ended a second after that.
        served.tenant.advance(Duration::from_secs(60));
        let left = Self { served, fake: FakeElasticsearch::start(Setup::default()) };
        for (from, to) in [
            ("ledger.sqlite3", "state/ledger.sqlite3"),
            ("mapping.json", "state/mapping.json"),
            ("mapping-history.ndjson", "state/mapping-history.ndjson"),
            ("one.ndjson", "in/one.ndjson"),
            ("trace.ndjson", "out/trace.ndjson"),
        ] {
            fs::create_dir_all(left.path(to).parent().unwrap()).unwrap();
            fs::copy(project().join("fixtures/state/version-5").join(from), left.path(to)).unwrap();
        }
        left.move_here();
        let settings = format!(
            "{}batch_size = 15\n[[source]]\ntype = \"file\"\npaths = [\"in/*\"]\n\
             [[output]]\ntype = \"file\"\nname = \"file\"\npath = \"out/trace.ndjson\"\n\
             [[output]]\ntype = \"http\"\nname = \"sink\"\nurl = \"{}/in\"\n",
            left.served.source(),
            left.fake.url(),
        );
        fs::write(left.path("exotrace.toml"), settings).unwrap();
        left
    }

    /// The ledger knows the service by its address, and files by their numbers.
    fn move_here(&self) {
        let ledger = Connection::open(self.path("state/ledger.sqlite3")).unwrap();
        let url = &self.served.url;
        let moved = "UPDATE source SET name = replace(name, ?1, ?2), next_link = replace(next_link, ?1, ?2)";
        ledger.execute(moved, [SERVED_AT, url]).unwrap();
        for (table, path) in [("mark", "out/trace.ndjson"), ("file", "in/one.ndjson")] {
            let about = fs::metadata(self.path(path)).unwrap();
            let numbers = [about.dev(), about.ino()].map(u64::cast_signed);
            ledger.execute(&format!("UPDATE {table} SET device = ?1, inode = ?2"), numbers).unwrap();
        }
        let begun = "SELECT count(*) FROM source WHERE next_link IS NOT NULL AND reached IS NOT NULL";
        assert_eq!(ledger.query_row(begun, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.served.folder.path().join(name)
    }

    #[track_caller]
    fn collect(&self) -> String {
        let output = self.served.exotrace(&["run", "--once"], &self.path("exotrace.toml"), &[]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        said
    }

    /// The documents in the file, those of messages and those of the input file.
    fn documents(&self) -> (Vec<Value>, Vec<Value>) {
        let text = fs::read_to_string(self.path("out/trace.ndjson")).unwrap();
        let documents = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        documents.partition(|document| document["log"]["file"].is_null())
    }
}

#[test]
fn a_ledger_of_version_5_goes_on_without_a_repeat_or_a_gap() {
    let left = Left::version_5();
    let said = left.collect();
    assert!(said.contains("ledger upgraded; a copy of what it was is kept"), "{said}");
    assert!(said.contains("took away what other users could do with the state"), "{said}");
    assert!(left.path("state/ledger.version-5.sqlite3").exists());

    let (messages, of_file) = left.documents();
    left.served.tenant.check_delivery(&messages).unwrap();
    assert_eq!(messages.len(), 60);
    assert_eq!(of_file.len(), 12, "none of the file is read again");
    let sunk = left.fake.lines();
    assert_eq!(sunk.len(), 60 - DELIVERED);
    let has =
        |document: &&Value| messages[..DELIVERED + IN_ONE_OUTPUT].iter().any(|it| it["email"] == document["email"]);
    assert_eq!(sunk.iter().filter(has).count(), IN_ONE_OUTPUT);

    // Nothing more the next time, and nothing to upgrade.
    let said = left.collect();
    assert!(!said.contains("upgraded") && !said.contains("took away"), "{said}");
    assert_eq!(left.documents().0.len() + left.documents().1.len(), 72);
}

#[test]
fn a_newer_ledger_is_refused_and_left_as_it_is() {
    let left = Left::version_5();
    let ledger = Connection::open(left.path("state/ledger.sqlite3")).unwrap();
    ledger.pragma_update(None, "user_version", 1000).unwrap();
    drop(ledger);
    let before = fs::read(left.path("state/ledger.sqlite3")).unwrap();
    for command in [&["run", "--once"][..], &["status"]] {
        let output = left.served.exotrace(command, &left.path("exotrace.toml"), &[]);
        let said = crate::harness::said(String::from_utf8_lossy(&output.stderr).into_owned());
        assert!(!output.status.success() && said.contains("has version 1000, written by a newer exotrace; "), "{said}");
        assert!(said.contains("hint") && said.contains("install the exotrace that wrote it, or a later one"), "{said}");
    }
    assert_eq!(fs::read(left.path("state/ledger.sqlite3")).unwrap(), before);
}

/// Decisions without a format are of a program before there was one; one that is newer than this is not guessed at.
#[test]
fn newer_decisions_are_refused_and_older_ones_are_kept() {
    let left = Left::version_5();
    left.collect();
    let kept: Value = serde_json::from_str(&fs::read_to_string(left.path("state/mapping.json")).unwrap()).unwrap();
    assert_eq!(kept["format"], 1);
    fs::write(left.path("state/mapping.json"), "{\"format\":1000,\"pinned\":\"unknown to us\"}").unwrap();
    let output = left.served.exotrace(&["run", "--once"], &left.path("exotrace.toml"), &[]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("mapping.json` has format 1000; exotrace 0.1.0 knows formats up to 1"), "{said}");
    assert_eq!(output.status.code(), Some(78), "{said}");
    assert!(fs::read_to_string(left.path("state/mapping.json")).unwrap().contains("unknown to us"));
}
