//! A state folder of an earlier version: it is upgraded, and nothing is missing or comes twice.

use std::{fs, ops::Deref, os::unix::fs::MetadataExt as _, time::Duration};

use exotrace_fake_elasticsearch::{FakeElasticsearch, Setup};
use exotrace_simulator::TenantConfig;
use rusqlite::Connection;
use serde_json::Value;

use crate::harness::{SimulatedTenant, documents, fixture};

/// Where the tenant was tenant when the fixture was made.
const SERVED_AT: &str = "http://127.0.0.1:18365";

/// How many rows both outputs had when the program of version 5 gave up, and how many one of them had besides.
const DELIVERED: usize = 30;
const IN_ONE_OUTPUT: usize = 15;

struct Left {
    tenant: SimulatedTenant,
    fake: FakeElasticsearch,
}

impl Deref for Left {
    type Target = SimulatedTenant;

    fn deref(&self) -> &SimulatedTenant {
        &self.tenant
    }
}

impl Left {
    /// The state folder of version 5, moved to where this test runs.
    fn version_5() -> Self {
        let now = chrono::DateTime::parse_from_rfc3339("2026-11-28T12:00:00Z").unwrap().to_utc();
        let tenant = SimulatedTenant::new(TenantConfig { rows: 60, now, ..TenantConfig::default() });
        // The window that was begun ended a second after that.
        tenant.simulator.advance(Duration::from_secs(60));
        let left = Self { tenant, fake: FakeElasticsearch::start(Setup::default()) };
        for (from, to) in [
            ("ledger.sqlite3", "state/ledger.sqlite3"),
            ("mapping.json", "state/mapping.json"),
            ("mapping-history.ndjson", "state/mapping-history.ndjson"),
            ("one.ndjson", "in/one.ndjson"),
            ("trace.ndjson", "out/trace.ndjson"),
        ] {
            fs::create_dir_all(left.path(to).parent().unwrap()).unwrap();
            fs::copy(fixture("state/version-5").join(from), left.path(to)).unwrap();
        }
        left.move_here();
        // The file is as old as the fixture, and is not to be finished for that.
        let settings = format!(
            "{}batch_size = 15\n[[source]]\ntype = \"file\"\npaths = [\"in/*\"]\n\
             [[output]]\ntype = \"file\"\nname = \"file\"\npath = \"out/trace.ndjson\"\nrotate_age = \"36500days\"\n\
             [[output]]\ntype = \"http\"\nname = \"sink\"\nurl = \"{}/in\"\n",
            left.tenant.source(),
            left.fake.url(),
        );
        left.tenant.write_settings(&settings);
        left
    }

    /// The ledger knows the service by its address, and files by their numbers.
    fn move_here(&self) {
        let ledger = Connection::open(self.path("state/ledger.sqlite3")).unwrap();
        let url = &self.tenant.url;
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

    #[track_caller]
    fn collect(&self) -> String {
        self.exotrace(&["run", "--once"]).ends(0).stderr
    }

    /// The documents in the file, those of messages and those of the input file.
    fn delivered(&self) -> (Vec<Value>, Vec<Value>) {
        documents(&self.read("out/trace.ndjson")).into_iter().partition(|document| document["log"]["file"].is_null())
    }
}

#[test]
fn a_ledger_of_version_5_goes_on_without_a_repeat_or_a_gap() {
    let left = Left::version_5();
    let said = left.collect();
    assert!(said.contains("ledger upgraded; a copy of what it was is kept"), "{said}");
    assert!(said.contains("removed access of other users to the state folder"), "{said}");
    assert!(left.path("state/ledger.version-5.sqlite3").exists());

    let (messages, of_file) = left.delivered();
    left.check(&messages);
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
    assert_eq!(left.delivered().0.len() + left.delivered().1.len(), 72);
}

#[test]
fn a_newer_ledger_is_refused_and_left_as_it_is() {
    let left = Left::version_5();
    let ledger = Connection::open(left.path("state/ledger.sqlite3")).unwrap();
    ledger.pragma_update(None, "user_version", 1000).unwrap();
    drop(ledger);
    let before = fs::read(left.path("state/ledger.sqlite3")).unwrap();
    for command in [&["run", "--once"][..], &["status"]] {
        let ended = left.exotrace(command).run();
        let said = ended.said();
        assert!(!ended.status.success() && said.contains("has version 1000, written by a newer exotrace; "), "{said}");
        assert!(said.contains("hint") && said.contains("install the exotrace that wrote it, or a later one"), "{said}");
    }
    assert_eq!(fs::read(left.path("state/ledger.sqlite3")).unwrap(), before);
}

/// Decisions without a format are of a program before there was one; one that is newer than this is not guessed at.
#[test]
fn newer_decisions_are_refused_and_older_ones_are_kept() {
    let left = Left::version_5();
    left.collect();
    let kept: Value = serde_json::from_str(&left.read("state/mapping.json")).unwrap();
    assert_eq!(kept["format"], 1);
    left.write("state/mapping.json", "{\"format\":1000,\"pinned\":\"unknown to us\"}");
    let said = left.exotrace(&["run", "--once"]).ends(78).stderr;
    assert!(said.contains("mapping.json` has format 1000; exotrace 0.1.0 knows formats up to 1"), "{said}");
    assert!(left.read("state/mapping.json").contains("unknown to us"));
}
