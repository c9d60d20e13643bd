//! `exotrace backfill`: a past range again, beside a running process or alone, once each, through crashes and faults.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use exotrace_fake_elasticsearch::{FakeElasticsearch, Setup};
use exotrace_simulator::TenantConfig;
use rand::Rng as _;
use serde_json::Value;

use crate::harness::{Exotrace, SimulatedTenant, random, wait_for, wait_for_some};

const STREAM: &str = "logs-microsoft_exchange_online_message_trace.log-default";

/// A tenant with `rows` rows in the last 20 days, of which the first poll reads two hours. The ledger knows all that it
/// has read.
fn tenant(rows: usize, faults: &[&str], output: &str) -> SimulatedTenant {
    let mut config = TenantConfig { rows, span: chrono::Duration::days(20), ..TenantConfig::default() };
    faults.iter().for_each(|fault| config.faults.add(fault).unwrap());
    let tenant = SimulatedTenant::new(config);
    let lines = "interval = \"1h\"\nadditional_look_back = \"3h\"\nbatch_size = 20\n";
    tenant.write_settings(&format!("{}{lines}{output}", tenant.source()));
    tenant
}

fn to_file(rows: usize, faults: &[&str]) -> SimulatedTenant {
    tenant(rows, faults, "[[output]]\ntype = \"file\"\npath = \"documents.ndjson\"\n")
}

/// All of the mail, up to now.
fn range() -> [String; 2] {
    let now = Utc::now();
    let text = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Millis, true);
    [text(now - chrono::Duration::days(21)), text(now)]
}

fn backfill(tenant: &SimulatedTenant, [from, to]: &[String; 2], more: &[&str]) -> Exotrace {
    tenant.exotrace(&[&["backfill", "--from", from, "--to", to], more].concat())
}

fn status(tenant: &SimulatedTenant) -> Value {
    tenant.exotrace(&["status", "--json"]).run().json()["sources"][0]["backfill"].clone()
}

/// Rows, new, known and changed of a backfill.
fn counts(done: &Value) -> [u64; 4] {
    ["rows", "new", "known", "changed"].map(|name| done[name].as_u64().unwrap())
}

#[test]
fn a_past_range_comes_beside_the_running_process() {
    let tenant = to_file(600, &[]);
    let mut daemon = tenant.exotrace(&["run"]).start();
    let polled = tenant.simulator.visible_rows();
    let recent = polled.iter().filter(|row| Utc::now() - row.received < chrono::Duration::hours(2)).count();
    wait_for("the first poll", || tenant.count("documents") == recent);
    let range = range();
    let counted = backfill(&tenant, &range, &["--dry-run", "--json"]).ends(0).json();
    assert_eq!((tenant.count("documents"), &counted["is_dry_run"]), (recent, &Value::Bool(true)));
    let done = backfill(&tenant, &range, &["--json"]).ends(0).json();
    let all = tenant.simulator.rows().len() as u64;
    assert_eq!(counts(&done), [all, all - recent as u64, recent as u64, 0]);
    assert_eq!(counts(&counted), counts(&done));
    tenant.check_files("documents");
    assert_eq!(status(&tenant), Value::Null);
    let text = backfill(&tenant, &range, &["--dry-run"]).ends(0).stdout;
    assert!(text.starts_with("dry run, nothing is delivered: 600 rows on "), "{text}");
    daemon.stop();
    assert!(daemon.log().contains("backfill is done"), "{}", daemon.log());
    // What was covered is not what was read again.
    let covered = tenant.exotrace(&["status", "--json"]).run().json()["sources"][0]["covered_from"].clone();
    let covered: DateTime<Utc> = covered.as_str().unwrap().parse().unwrap();
    assert!(Utc::now() - covered < chrono::Duration::hours(3));
}

const FAULTS: [&str; 7] = [
    "status-changes=0.3",
    "empty-page=0.2",
    "quoted-token=0.1",
    "link-cycle=0.1",
    "revoked-token=0.1",
    "odd-status=0.1",
    "html-page=0.03",
];

#[test]
fn it_goes_on_after_every_kill() {
    let tenant = to_file(3000, &FAULTS);
    let (range, mut random) = (range(), random());
    for _ in 0..12 {
        let before = tenant.simulator.page_requests();
        let answered = random.random_range(0..=4);
        let mut program = backfill(&tenant, &range, &[]).start();
        wait_for("page requests", || tenant.simulator.page_requests() >= before + answered || program.has_ended());
        program.kill();
    }
    let done = backfill(&tenant, &range, &["--json"]).ends(0).json();
    tenant.check_files("documents");
    let [rows, new, known, changed] = counts(&done);
    assert_eq!((rows, known), (new + changed, 0), "{done}");
    assert!(rows >= tenant.simulator.rows().len() as u64, "{done}");
}

#[test]
fn a_process_that_was_killed_goes_on_with_it_by_itself() {
    let tenant = to_file(1500, &[]);
    let range = range();
    let mut daemon = tenant.exotrace(&["run"]).start();
    wait_for("the first page", || tenant.simulator.page_requests() > 0);
    daemon.wait_for_log("\"started\"");
    tenant.simulator.hold_pages();
    tenant.simulator.let_pass(6);
    let mut waiting = backfill(&tenant, &range, &[]).start();
    let begun = wait_for_some("a part of it", || Some(status(&tenant)).filter(|it| it["rows"].as_u64() > Some(0)));
    assert!(begun["fraction"].as_f64().unwrap() < 1.0, "{begun}");
    let text = tenant.exotrace(&["status"]).run().stdout;
    assert!(text.contains("  backfill    20"), "{text}");
    daemon.kill();
    assert_eq!(waiting.end().code(), Some(1));
    assert!(waiting.log().contains("goes on, and so does `exotrace run`"), "{}", waiting.log());
    // Another one has to wait.
    let other = tenant.exotrace(&["backfill", "--from", "5h", "--to", "4h"]).ends(2).said();
    assert!(other.contains("another backfill is not done, from ") && other.contains("--cancel"), "{other}");
    tenant.simulator.let_pass(1_000_000);
    let mut daemon = tenant.exotrace(&["run"]).start();
    daemon.wait_for_log("backfill goes on");
    wait_for("all of it", || daemon.log().contains("backfill is done"));
    daemon.stop();
    tenant.check_files("documents");
    assert_eq!(tenant.documents("documents").len(), 1500);
}

#[test]
fn one_at_a_time_and_it_can_be_ended() {
    let tenant = to_file(1500, &[]);
    let range = range();
    let mut daemon = tenant.exotrace(&["run"]).start();
    daemon.wait_for_log("\"started\"");
    tenant.simulator.hold_pages();
    let mut first = backfill(&tenant, &range, &[]).start();
    wait_for("the first", || !status(&tenant).is_null());
    let said = backfill(&tenant, &range, &[]).ends(2).said();
    assert!(said.contains("a backfill, an audit or a remap is under way") && said.contains("hint"), "{said}");
    // Who asked may go: it goes on.
    first.kill();
    assert!(!status(&tenant).is_null());
    let said = tenant.exotrace(&["backfill", "--cancel"]).ends(0).said();
    assert!(said.contains("the backfill is over"), "{said}");
    assert!(status(&tenant).is_null());
    let said = tenant.exotrace(&["backfill", "--cancel"]).ends(0).said();
    assert!(said.contains("no backfill was begun"), "{said}");
    tenant.simulator.let_pass(1_000_000);
    daemon.stop();
    tenant.exotrace(&["backfill", "--cancel"]).ends(0);
}

#[test]
fn ending_a_backfill_leaves_an_audit_alone() {
    let tenant = to_file(600, &[]);
    let mut daemon = tenant.exotrace(&["run"]).start();
    let polled = tenant.simulator.visible_rows();
    let recent = polled.iter().filter(|row| Utc::now() - row.received < chrono::Duration::hours(2)).count();
    wait_for("the first poll", || tenant.count("documents") == recent);
    let cancel = || tenant.exotrace(&["backfill", "--cancel"]).ends(0).said();
    assert!(cancel().trim_end().ends_with("no backfill was begun"));
    tenant.simulator.hold_pages();
    let [from, to] = &range();
    let mut audit = tenant.exotrace(&["audit", "--from", from, "--to", to, "--repair"]).start();
    wait_for("the audit", || cancel().contains("no backfill was begun; the audit that is under way goes on"));
    assert!(!audit.has_ended());
    tenant.simulator.let_pass(1_000_000);
    wait_for("the end of the audit", || audit.has_ended());
    assert!(audit.output().contains("compared with the ledger"), "{} {}", audit.output(), audit.log());
    daemon.stop();
}

#[test]
fn polls_go_first_and_keep_a_share_of_the_budget() {
    let tenant = to_file(1500, &[]);
    tenant.change_settings("request_budget = 1000000", "request_budget = 10");
    tenant.simulator.hold_pages();
    let mut daemon = tenant.exotrace(&["run"]).start();
    wait_for("the poll", || tenant.simulator.page_requests() == 1);
    let mut waiting = backfill(&tenant, &range(), &[]).start();
    wait_for("the backfill", || !status(&tenant).is_null());
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(tenant.simulator.page_requests(), 1, "the poll is under way");
    tenant.simulator.let_pass(1_000_000);
    wait_for("nine requests", || tenant.simulator.page_requests() == 9);
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(tenant.simulator.page_requests(), 9, "one is left to polls");
    let found = status(&tenant);
    assert!(found["seconds_left"].as_u64() > Some(0), "{found}");
    waiting.kill();
    daemon.kill();
}

#[test]
fn what_the_ledger_has_forgotten_is_refused_by_its_id() {
    let fake = FakeElasticsearch::start(Setup::default());
    let output = format!("[[output]]\ntype = \"elasticsearch\"\nurl = \"{}\"\n", fake.url());
    let tenant = tenant(400, &[], &output);
    let range = range();
    for duplicates in [0, 400] {
        let done = backfill(&tenant, &range, &["--json"]).ends(0).json();
        assert_eq!(counts(&done)[0], 400);
        tenant.check(&fake.documents(STREAM).into_values().collect::<Vec<_>>());
        assert!(fake.duplicates() <= duplicates, "{}", fake.duplicates());
        // A poll lets the ledger forget what is old.
        tenant.exotrace(&["run", "--once"]).ends(0);
    }
}

#[test]
fn what_cannot_be_delivered_again_is_named() {
    let tenant = to_file(10, &[]);
    let check = |arguments: &[&str], expected: &str| {
        let said = tenant.exotrace(&[&["backfill"], arguments].concat()).ends(2).said();
        assert!(said.contains(expected), "{arguments:?}: {said}");
    };
    let check_all = || {
        check(&["--from", "1h", "--to", "2h"], "before it begins at ");
        check(&["--from", "2h", "--to", "2100-01-01"], "which is in the future");
        check(&["--from", "91days", "--to", "now"], "the service keeps 90 days");
        check(&["--from", "2h", "--to", "now", "--source", "other"], "no source is called `other`");
    };
    check(&["--from", "2h"], "--to");
    check(&["--cancel", "--from", "2h"], "cannot be used with");
    check_all();
    let mut daemon = tenant.exotrace(&["run"]).start();
    daemon.wait_for_log("\"started\"");
    wait_for("the socket", || tenant.path("state/control.sock").exists());
    check_all();
    daemon.stop();
}
