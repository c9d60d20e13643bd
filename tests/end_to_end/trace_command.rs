//! `exotrace trace`: finds mail in the service, beside a running process or alone, within the budget.

use std::time::Instant;

use exotrace_simulator::{Row, TenantConfig};
use serde_json::Value;

use crate::harness::{SimulatedTenant, wait_for};

const SETTINGS: &str = "interval = \"1h\"\n[[output]]\ntype = \"file\"\npath = \"documents.ndjson\"\n";

fn tenant(config: TenantConfig) -> SimulatedTenant {
    let tenant = SimulatedTenant::new(config);
    tenant.write_settings(&(tenant.source() + SETTINGS));
    tenant
}

/// The deliveries that are found, as trace id and recipient, sorted.
#[track_caller]
fn found(tenant: &SimulatedTenant, arguments: &[&str]) -> (Value, Vec<(String, String)>) {
    let answer = tenant.exotrace(&[&["trace", "--json"], arguments].concat()).ends(0).json();
    let text = |it: &Value, name: &str| it[name].as_str().unwrap_or_default().to_owned();
    let deliveries = answer["deliveries"].as_array().unwrap();
    let mut found: Vec<_> = deliveries.iter().map(|it| (text(it, "trace_id"), text(it, "recipient"))).collect();
    found.sort();
    (answer, found)
}

fn expected(tenant: &SimulatedTenant, is_wanted: impl Fn(&Row) -> bool) -> Vec<(String, String)> {
    let rows = tenant.simulator.visible_rows();
    let wanted = rows.into_iter().filter(is_wanted).map(|row| (row.id, row.recipient));
    let mut wanted: Vec<_> = wanted.collect();
    wanted.sort();
    wanted.dedup();
    wanted
}

#[test]
fn mail_is_found_by_whom_it_is_from_and_for_its_id_and_its_status() {
    let tenant = tenant(TenantConfig { rows: 300, ..TenantConfig::default() });
    let rows = tenant.simulator.visible_rows();
    let row = rows.iter().find(|row| row.message_id.is_some() && row.recipient.contains('@')).unwrap();
    let (recipient, id) = (row.recipient.to_uppercase(), row.message_id.clone().unwrap());
    let (answer, deliveries) = found(&tenant, &["--recipient", &recipient, "--since", "2h"]);
    assert_eq!(deliveries, expected(&tenant, |it| it.recipient.eq_ignore_ascii_case(&recipient)));
    assert_eq!(answer["requests"], 1, "{answer}");
    assert_eq!(answer["tenant"], tenant.config.tenant_id);
    let bare = id.trim_matches(['<', '>']);
    for id in [&id, bare] {
        let (_, deliveries) = found(&tenant, &["--message-id", id]);
        assert_eq!(deliveries, expected(&tenant, |it| it.message_id == row.message_id), "{id}");
    }
    let (_, deliveries) = found(&tenant, &["--status", "Filtered as spam"]);
    let is_spam = |it: &Row| it.status.as_str().eq_ignore_ascii_case("filteredAsSpam");
    assert_eq!(deliveries, expected(&tenant, is_spam));
    assert!(!deliveries.is_empty());
    let (_, domain) = row.sender.split_once('@').unwrap();
    let domain = format!("@{}", domain.to_lowercase());
    let (_, deliveries) = found(&tenant, &["--sender", &format!("*{domain}"), "--status", "delivered"]);
    let both = |it: &Row| it.sender.to_lowercase().ends_with(&domain) && it.status.as_str() == "delivered";
    assert_eq!(deliveries, expected(&tenant, both));
    let (_, all) = found(&tenant, &[]);
    assert_eq!(all, expected(&tenant, |_| true));
}

#[test]
fn the_steps_of_deliveries_are_shown_with_the_cause() {
    let tenant = tenant(TenantConfig { rows: 300, ..TenantConfig::default() });
    let failed = expected(&tenant, |it| it.status.as_str() == "failed");
    assert!(!failed.is_empty());
    let arguments = ["--status", "failed", "--details"];
    let (answer, deliveries) = found(&tenant, &arguments);
    assert_eq!(deliveries, failed);
    assert_eq!(answer["requests"].as_u64(), Some(1 + failed.len().min(50) as u64), "{answer}");
    for delivery in answer["deliveries"].as_array().unwrap().iter().take(50) {
        let details = &delivery["details"];
        assert!(details["cause_id"].is_string(), "{delivery}");
        let at = |step: &Value| step["at"].as_str().unwrap_or("z").to_owned();
        let steps: Vec<_> = details["steps"].as_array().unwrap().iter().map(at).collect();
        assert!(steps.len() >= 3 && steps.is_sorted(), "{delivery}");
    }
    let text = tenant.exotrace(&[&["trace"][..], &arguments].concat()).ends(0).stdout;
    assert!(text.contains("Message received by: "), "{text}");
    assert!(!text.contains(|it: char| it.is_control() && it != '\n'), "{text:?}");
    let (answer, _) = found(&tenant, &["--status", "failed"]);
    assert!(answer["deliveries"][0]["details"].is_null());
}

#[test]
fn a_table_shows_what_others_wrote_without_obeying_it() {
    let tenant = tenant(TenantConfig { rows: 300, ..TenantConfig::default() });
    let text = tenant.exotrace(&["trace"]).ends(0).stdout;
    let rows = tenant.simulator.visible_rows();
    assert!(text.starts_with("received"), "{text}");
    assert!(text.contains(&format!("\n{} deliveries: ", rows.len())), "{text}");
    assert!(text.contains("ask again later"), "{text}");
    assert!(!text.contains(|it: char| it.is_control() && it != '\n'), "{text:?}");
    assert_eq!(text.lines().count(), rows.len() + 4, "a line each: {text}");

    let text = tenant.exotrace(&["trace", "--recipient", "nobody@nowhere.example", "--from", "20days"]).ends(0).stdout;
    assert!(text.starts_with("no such mail: 20") && text.contains("2 requests"), "{text}");
}

#[test]
fn a_long_range_is_read_in_ranges_that_the_service_takes() {
    let span = chrono::Duration::days(80);
    let tenant = tenant(TenantConfig { rows: 500, span, ..TenantConfig::default() });
    let (answer, deliveries) = found(&tenant, &["--since", "89days"]);
    assert_eq!(deliveries, expected(&tenant, |_| true));
    assert_eq!(answer["requests"], 9, "{answer}");
    let times: Vec<_> = answer["deliveries"].as_array().unwrap().iter().map(|it| it["received"].as_str()).collect();
    assert!(times.is_sorted_by(|newer, older| newer >= older), "the newest first");
}

#[test]
fn faults_of_the_service_hide_no_mail() {
    let mut config = TenantConfig { rows: 6000, ..TenantConfig::default() };
    let faults = ["quoted-token", "empty-page=0.5", "throttle-random=0.2", "server-error=0.2", "html-page=0.1"];
    faults.iter().for_each(|fault| config.faults.add(fault).unwrap());
    let tenant = tenant(config);
    let (_, deliveries) = found(&tenant, &[]);
    assert_eq!(deliveries, expected(&tenant, |_| true));
}

#[test]
fn the_running_process_is_asked_and_its_budget_kept() {
    let tenant = tenant(TenantConfig { rows: 100, ..TenantConfig::default() });
    tenant.change_settings("request_budget = 1000000", "request_budget = 2");
    let mut daemon = tenant.exotrace(&["run"]).start();
    wait_for("the first page", || tenant.count("documents") == 100);
    // The daemon's request counts as well: one is left.
    let (answer, deliveries) = found(&tenant, &["--since", "2h"]);
    assert_eq!((answer["requests"].as_u64(), deliveries.len()), (Some(1), expected(&tenant, |_| true).len()));
    let mut waiting = tenant.exotrace(&["trace", "--since", "2h"]).start();
    daemon.wait_for_log("\"started\"");
    std::thread::sleep(std::time::Duration::from_secs(1));
    assert!(!waiting.has_ended(), "the budget is used up: {}", waiting.log());
    assert_eq!(tenant.simulator.page_requests(), 2);
    // Nobody waits any more.
    waiting.kill();
    daemon.stop();
    let log = daemon.log();
    for row in tenant.simulator.rows() {
        assert!(!log.contains(&row.recipient), "{log}");
    }
    // Alone it counts by the same ledger.
    let mut alone = tenant.exotrace(&["trace", "--since", "2h"]).start();
    std::thread::sleep(std::time::Duration::from_secs(1));
    assert!(!alone.has_ended(), "{}", alone.log());
    let second = tenant.exotrace(&["trace"]).ends(1).said();
    assert!(second.contains("is in use by process"), "{second}");
    alone.kill();
    assert_eq!(tenant.simulator.page_requests(), 2);
}

#[test]
fn an_answer_comes_soon() {
    let tenant = tenant(TenantConfig { rows: 20, ..TenantConfig::default() });
    let mut daemon = tenant.exotrace(&["run"]).start();
    wait_for("the first page", || tenant.count("documents") == 20);
    let began = Instant::now();
    let (answer, _) = found(&tenant, &["--since", "2h"]);
    assert!(answer["took_seconds"].as_f64().unwrap() < 1.0 + began.elapsed().as_secs_f64(), "{answer}");
    daemon.stop();
}

#[test]
fn what_cannot_be_asked_is_named() {
    let tenant = tenant(TenantConfig { rows: 5, ..TenantConfig::default() });
    tenant.write("in.ndjson", "");
    let file = "[[source]]\ntype = \"file\"\nname = \"old\"\npaths = [\"in.ndjson\"]\n[[output]]";
    tenant.change_settings("[[output]]", file);
    let check = |arguments: &[&str], expected: &str| {
        let said = tenant.exotrace(&[&["trace"], arguments].concat()).ends(2).said();
        assert!(said.contains(expected), "{arguments:?}: {said}");
    };
    let check_all = || {
        check(&["--from", "1h", "--to", "2h"], "before it begins at ");
        check(
            &["--from", "2h", "--to", "2100-01-01"],
            "the range ends at 2100-01-01T00:00:00Z, which is in the future",
        );
        check(&["--since", "91days"], "the service keeps 90 days");
        check(&["--source", "other"], "no source is called `other`");
        check(&["--source", "old"], "source `old` is of type `file`, which cannot be asked for a range of time");
    };
    check(&["--since", "yesterday"], "not a time");
    check(&["--to", "now"], "--from");
    check(&["--since", "1h", "--from", "2h"], "cannot be used with");
    check_all();
    let mut daemon = tenant.exotrace(&["run"]).start();
    wait_for("the first page", || tenant.count("documents") == 5);
    check_all();
    daemon.stop();
    // Of two that can be asked, one has to be chosen.
    let second = tenant.read("exotrace.toml").replace("state_dir = \"state\"", "").replace("[[output]]", "#");
    let (_, source) = second.split_once("[[source]]").unwrap();
    let (source, _) = source.split_once("[[source]]").unwrap();
    let source = source.replace("client_id = \"", "name = \"second\"\nclient_id = \"d");
    tenant.change_settings("[[output]]", &format!("[[source]]{source}\n[[output]]"));
    check(&[], "several sources can be asked: `graph`, `second`\nhint: choose one with `--source`");
}
