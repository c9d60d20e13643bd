//! What people see who ask how it is doing.

use std::{fs, io::Read as _, process::Stdio};

use exotrace_fake_elasticsearch::{self as store, FakeElasticsearch};
use serde_json::{Value, json};

use crate::harness::{Folder, SimulatedTenant, documents, fixture, wait_for};

/// The report, and with which code the command ended.
fn report(tenant: &SimulatedTenant, source: &str) -> (Value, Option<i32>) {
    tenant.settings(source);
    let ended = tenant.exotrace(&["status", "--json"]).run();
    (ended.json(), ended.code())
}

#[test]
fn there_may_be_no_ledger_yet() {
    let tenant = SimulatedTenant::misbehaving(&[]);
    assert_eq!(report(&tenant, &tenant.by_secret()).0["has_ledger"], false);
    let said = tenant.exotrace(&["status"]).ends(0).stdout;
    assert!(said.starts_with("not running\n\nthere is no ledger in `"), "{said}");
    assert!(!tenant.path("state").exists());
}

#[test]
fn it_says_what_runs_and_how_far_it_is_and_that_it_was_killed() {
    let tenant = SimulatedTenant::with_rows(30);
    let source = tenant.by_secret() + "name = \"contoso\"\n";
    tenant.settings(&source);
    let mut daemon = tenant.exotrace(&["run"]).start();
    let mut told = Value::Null;
    wait_for("the first page", || {
        let (report, code) = report(&tenant, &source);
        assert_eq!(code, Some(0), "{report}");
        told = report;
        told["sources"][0]["covered_until"].is_string()
    });
    assert_eq!((&told["is_running"], &told["needs_person"]), (&json!(true), &json!(false)));
    assert_eq!((&told["process"]["pid"], &told["process"]["mapping"]), (&json!(daemon.id()), &json!("2.2.0")));
    assert_eq!((&told["outputs"][0]["name"], &told["outputs"][0]["state"]), (&json!("stdout"), &json!("working")));
    let found = &told["sources"][0];
    assert_eq!((&found["name"], &found["state"]), (&json!("contoso"), &json!("working")));
    assert!(found["ledger_name"].as_str().unwrap().starts_with("graph http://"), "{found}");
    assert_eq!((&found["rows"], &found["late"], &found["changed"]), (&30.into(), &0.into(), &0.into()));
    assert_eq!((&found["requests"], &found["request_budget"]), (&1.into(), &90.into()));
    assert!(found["token_until"].is_string() && found["failure"].is_null() && found["reading"].is_null(), "{found}");

    daemon.kill();
    let said = tenant.exotrace(&["status"]).ends(1).stdout;
    assert!(said.starts_with(&format!("not running: process {} did not end as it should\n", daemon.id())), "{said}");
    assert!(said.contains("was killed, or the machine went down\n") && said.contains("\ncontoso (graph)\n"), "{said}");
    assert!(said.contains(" of 90 requests left\n") && said.contains("  last error  none since "), "{said}");
    // One that ends as it should leaves no trouble.
    tenant.exotrace(&["run", "--once"]).ends(0);
    let (told, code) = report(&tenant, &source);
    assert_eq!((code, &told["trouble"]), (Some(0), &json!([])));
}

#[test]
fn the_last_error_is_told_and_a_damaged_ledger_as_well() {
    let tenant = SimulatedTenant::misbehaving(&["no-permission"]);
    let source = tenant.by_secret();
    tenant.fail(&["run", "--once"], &source, 1, &[]);
    let (told, code) = report(&tenant, &source);
    assert_eq!(code, Some(1), "{told}");
    assert!(told["sources"][0]["failure"].as_str().unwrap().contains("403 Forbidden"), "{told}");
    assert!(told["trouble"][0].as_str().unwrap().contains("403 Forbidden"), "{told}");
    tenant.write("state/ledger.sqlite3", "");
    let said = tenant.fail(&["status"], &source, 1, &[]);
    assert!(said.contains("is damaged"), "{said}");
}

/// Files in trouble are told with their reasons, also when nothing runs any more, and until they are read.
#[test]
fn files_in_trouble_are_told_with_their_reasons() {
    let folder = Folder::with_settings(
        "state_dir = \"state\"\n[[source]]\ntype = \"file\"\nname = \"drop\"\npaths = [\"in/*\"]\n\
         [[output]]\ntype = \"file\"\npath = \"out/trace.json\"\n",
    );
    folder.write("in/good.ndjson", fs::read(fixture("records/well-formed.ndjson")).unwrap());
    let bad = folder.write("in/bad.csv", "sender,recipient\na@b.example,c@d.example\n");
    folder.exotrace(&["run", "--once"]).ends(2);
    let said = folder.exotrace(&["status"]).ends(1).stdout;
    assert!(said.contains("needs a person\n  source `drop`: 1 file in trouble\n"), "{said}");
    let line = said.lines().find(|line| line.starts_with("  trouble     ")).unwrap_or_else(|| panic!("{said}"));
    assert!(line.contains("bad.csv: could not read "), "{line}");
    fs::remove_file(bad).unwrap();
    folder.exotrace(&["run", "--once"]).ends(0);
    folder.exotrace(&["status"]).ends(0);
}

#[test]
fn dead_letters_are_told_by_reason_and_need_a_person() {
    let tenant = SimulatedTenant::with_rows(50);
    let rows = tenant.simulator.rows();
    let refused_text = Some(rows[rows.len() / 2].id.clone());
    let count = rows.iter().filter(|row| row.id == rows[rows.len() / 2].id).count();
    let fake = FakeElasticsearch::start(store::Setup { refused_text, ..store::Setup::default() });
    tenant.deliver_to(&format!("[[output]]\ntype = \"elasticsearch\"\nname = \"siem\"\nurl = \"{}\"\n", fake.url()));
    tenant.exotrace(&["run", "--once"]).ends(2);
    let said = tenant.exotrace(&["status"]).ends(1).stdout;
    assert!(said.contains("`exotrace replay --list` shows why\n"), "{said}");
    assert!(said.contains(&format!("\ndead letters\n  {count} in `")), "{said}");
    assert!(said.contains("  output `siem`: 400: document_parsing_exception: failed to parse field"), "{said}");
    for row in rows {
        assert!(!said.contains(&row.recipient) && !said.contains(&row.id), "{said}");
    }
    // What a replay that broke off has left.
    fs::rename(tenant.path("state/dead-letter.ndjson"), tenant.path("state/dead-letter.ndjson.replaying")).unwrap();
    let said = tenant.exotrace(&["status"]).ends(1).stdout;
    assert!(said.contains("a replay broke off; `"), "{said}");
}

#[test]
fn an_output_that_is_down_is_told_when_nothing_runs_any_more() {
    let tenant = SimulatedTenant::with_rows(5);
    // A port at which nobody listens.
    tenant.deliver_to("[[output]]\ntype = \"http\"\nname = \"there\"\nurl = \"http://127.0.0.1:9/in\"\n");
    let mut daemon = tenant.exotrace(&["run"]).start();
    daemon.wait_for_log("could not deliver; trying again");
    daemon.stop();
    let told = tenant.exotrace(&["status", "--json"]).ends(1).json();
    assert!(told["outputs"][0]["reason"].as_str().unwrap().contains("127.0.0.1:9"), "{told}");
    assert_eq!(told["trouble"].as_array().unwrap().len(), 1, "{told}");
}

#[test]
fn it_can_be_watched() {
    let tenant = SimulatedTenant::misbehaving(&[]);
    tenant.settings(&tenant.by_secret());
    let watching = tenant.exotrace(&["status", "--json", "--watch=1"]).start();
    wait_for("two reports", || watching.output().matches('\n').count() >= 2);
    for told in documents(&watching.output()).iter().take(2) {
        assert_eq!(told["is_running"], false, "{told}");
    }
}

/// Who stops reading ends it at once, and so does who interrupts it.
#[test]
fn watching_ends_with_its_reader_and_by_an_interrupt() {
    let tenant = SimulatedTenant::misbehaving(&[]);
    tenant.settings(&tenant.by_secret());
    // Once an hour: only what happens ends it.
    let mut command = tenant.exotrace(&["status", "--watch=3600"]).command();
    let mut watching = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 8];
    let mut reader = watching.stdout.take().unwrap();
    reader.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"not runn");
    drop(reader);
    wait_for("the end", || watching.try_wait().unwrap().is_some_and(|status| status.code() == Some(0)));
    let mut watching = tenant.exotrace(&["status", "--watch=3600"]).start();
    wait_for("a report", || watching.output().ends_with("\n\n"));
    watching.signal("INT");
    assert_eq!(watching.end().code(), Some(0));
}
