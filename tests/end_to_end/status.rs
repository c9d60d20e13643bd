//! What people see who ask how it is doing.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use exotrace_fake_elasticsearch::{self as store, FakeElasticsearch};
use exotrace_simulator::TenantConfig;
use serde_json::{Value, json};

use crate::{
    harness::{exotrace, project, wait_for},
    outputs::Setup,
    tenant::Served,
};

/// The report, and with which code the command ended.
fn report(served: &Served, source: &str) -> (Value, Option<i32>) {
    let output = served.exotrace(&["status", "--json"], &served.settings(source), &[]);
    let said = String::from_utf8_lossy(&output.stderr);
    (serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}")), output.status.code())
}

#[test]
fn there_may_be_no_ledger_yet() {
    let served = Served::misbehaving(&[]);
    assert_eq!(report(&served, &served.by_secret()).0["has_ledger"], false);
    let output = served.exotrace(&["status"], &served.settings(&served.by_secret()), &[]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.starts_with("not running\n\nthere is no ledger in `") && output.status.success(), "{said}");
    assert!(!served.folder.path().join("state").exists());
}

#[test]
fn it_says_what_runs_and_how_far_it_is_and_that_it_was_killed() {
    let served = Served::new(TenantConfig { rows: 30, ..TenantConfig::default() });
    let source = served.by_secret() + "name = \"contoso\"\n";
    let mut daemon = served.start(&["run"], &served.settings(&source), &[]);
    let mut told = Value::Null;
    wait_for("the first page", || {
        let (report, code) = report(&served, &source);
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

    daemon.kill().unwrap();
    daemon.wait().unwrap();
    let output = served.exotrace(&["status"], &served.settings(&source), &[]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.starts_with(&format!("not running: process {} did not end as it should\n", daemon.id())), "{said}");
    assert!(said.contains("was killed, or the machine went down\n") && said.contains("\ncontoso (graph)\n"), "{said}");
    assert!(said.contains(" of 90 requests left\n") && said.contains("  last error  none since "), "{said}");
    // One that ends as it should leaves no trouble.
    let ended = served.exotrace(&["run", "--once"], &served.settings(&source), &[]);
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let (told, code) = report(&served, &source);
    assert_eq!((code, &told["trouble"]), (Some(0), &json!([])));
}

#[test]
fn the_last_error_is_told_and_a_damaged_ledger_as_well() {
    let served = Served::misbehaving(&["no-permission"]);
    let source = served.by_secret();
    served.fail(&["run", "--once"], &source, 1, &[]);
    let (told, code) = report(&served, &source);
    assert_eq!(code, Some(1), "{told}");
    assert!(told["sources"][0]["failure"].as_str().unwrap().contains("403 Forbidden"), "{told}");
    assert!(told["trouble"][0].as_str().unwrap().contains("403 Forbidden"), "{told}");
    fs::write(served.folder.path().join("state/ledger.sqlite3"), "").unwrap();
    let said = served.fail(&["status"], &source, 1, &[]);
    assert!(said.contains("is damaged"), "{said}");
}

/// Files in trouble are told with their reasons, also when nothing runs any more, and until they are read.
#[test]
fn files_in_trouble_are_told_with_their_reasons() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    fs::create_dir(file("in")).unwrap();
    fs::copy(project().join("fixtures/records/well-formed.ndjson"), file("in/good.ndjson")).unwrap();
    fs::write(file("in/bad.csv"), "sender,recipient\na@b.example,c@d.example\n").unwrap();
    let settings = "state_dir = \"state\"\n[[source]]\ntype = \"file\"\nname = \"drop\"\npaths = [\"in/*\"]\n\
                    [[output]]\ntype = \"file\"\npath = \"out/trace.json\"\n";
    fs::create_dir(file("out")).unwrap();
    fs::write(file("exotrace.toml"), settings).unwrap();
    let path = file("exotrace.toml");
    let run = |arguments: &[&str]| exotrace(&[arguments, &["--config", path.to_str().unwrap()]].concat(), "");
    assert_eq!(run(&["run", "--once"]).status.code(), Some(2));
    let output = run(&["status"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("needs a person\n  source `drop`: 1 file in trouble\n"), "{said}");
    let line = said.lines().find(|line| line.starts_with("  trouble     ")).unwrap_or_else(|| panic!("{said}"));
    assert!(line.contains("bad.csv: could not read "), "{line}");
    fs::remove_file(file("in/bad.csv")).unwrap();
    assert_eq!(run(&["run", "--once"]).status.code(), Some(0));
    let output = run(&["status"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn dead_letters_are_told_by_reason_and_need_a_person() {
    let setup = Setup::new(50);
    let rows = setup.0.tenant.rows();
    let refused_text = Some(rows[rows.len() / 2].id.clone());
    let count = rows.iter().filter(|row| row.id == rows[rows.len() / 2].id).count();
    let fake = FakeElasticsearch::start(store::Setup { refused_text, ..store::Setup::default() });
    setup.settings(&format!("[[output]]\ntype = \"elasticsearch\"\nname = \"siem\"\nurl = \"{}\"\n", fake.url()));
    assert_eq!(setup.run(&["run", "--once"]).0, Some(2));
    let output = setup.0.exotrace(&["status"], &setup.path("exotrace.toml"), &[]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("`exotrace replay --list` shows why\n"), "{said}");
    assert!(said.contains(&format!("\ndead letters\n  {count} in `")), "{said}");
    assert!(said.contains("  output `siem`: 400: document_parsing_exception: failed to parse field"), "{said}");
    for row in rows {
        assert!(!said.contains(&row.recipient) && !said.contains(&row.id), "{said}");
    }
    // What a replay that broke off has left.
    fs::rename(setup.path("state/dead-letter.ndjson"), setup.path("state/dead-letter.ndjson.replaying")).unwrap();
    let output = setup.0.exotrace(&["status"], &setup.path("exotrace.toml"), &[]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.code() == Some(1) && said.contains("a replay broke off; `"), "{said}");
}

#[test]
fn an_output_that_is_down_is_told_when_nothing_runs_any_more() {
    let setup = Setup::new(5);
    // A port at which nobody listens.
    setup.settings("[[output]]\ntype = \"http\"\nname = \"there\"\nurl = \"http://127.0.0.1:9/in\"\n");
    let mut daemon = setup.start(&["run"]);
    wait_for("an attempt", || setup.log().contains("could not deliver; trying again"));
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0), "{}", setup.log());
    let output = setup.0.exotrace(&["status", "--json"], &setup.path("exotrace.toml"), &[]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told["outputs"][0]["reason"].as_str().unwrap().contains("127.0.0.1:9"), "{told}");
    assert_eq!(told["trouble"].as_array().unwrap().len(), 1, "{told}");
}

#[test]
fn it_can_be_watched() {
    let served = Served::misbehaving(&[]);
    let settings = served.settings(&served.by_secret());
    let mut watching = Command::new(env!("CARGO_BIN_EXE_exotrace"))
        .args(["status", "--json", "--watch=1", "--config"])
        .arg(settings)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    for _ in 0..2 {
        let told: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        assert_eq!(told["is_running"], false, "{told}");
    }
    watching.kill().unwrap();
    watching.wait().unwrap();
}
