//! `[source.details]`: why mail did not arrive, read once for each status, within a share of the budget.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use exotrace_simulator::TenantConfig;
use rand::Rng as _;
use serde_json::Value;

use crate::harness::{SimulatedTenant, random, wait_for};

/// What `[source.details]` reads unless somebody says otherwise.
const PROBLEMS: [&str; 3] = ["failed", "pending", "quarantined"];

/// How often the program is killed.
const KILLS: u32 = 10;

/// A tenant whose documents go to a file: what is written twice would show there.
fn tenant(rows: usize, faults: &[&str], details: &str) -> SimulatedTenant {
    let mut config = TenantConfig { rows, ..TenantConfig::default() };
    faults.iter().for_each(|fault| config.faults.add(fault).unwrap());
    let tenant = SimulatedTenant::new(config);
    tenant.write_settings(&format!(
        "{}interval = \"100ms\"\nbatch_size = 50\nlocal_domains = [\"contoso.com\", \"contoso.onmicrosoft.com\"]\n[source.details]\nsettle = \"0s\"\n{details}\
         [mapping]\nversion = \"3.0\"\n[[output]]\ntype = \"file\"\npath = \"documents.ndjson\"\n",
        tenant.source()
    ));
    tenant
}

/// A delivery in one status.
type State = [String; 3];

fn is_details(document: &Value) -> bool {
    document["event"]["action"] == "trace-details"
}

/// The deliveries whose details are among the documents, with how often.
fn detailed(documents: &[Value]) -> BTreeMap<State, usize> {
    let mut found = BTreeMap::new();
    for document in documents.iter().filter(|document| is_details(document)) {
        let row = &document["microsoft"]["online_message_trace"];
        let state =
            ["MessageTraceId", "RecipientAddress", "Status"].map(|name| row[name].as_str().unwrap().to_lowercase());
        assert!(row["details"]["steps"].as_array().is_some_and(|steps| steps.len() > 1), "{document}");
        *found.entry(state).or_default() += 1;
    }
    found
}

/// The deliveries that did not arrive, or not yet.
fn problems(tenant: &SimulatedTenant) -> BTreeSet<State> {
    let rows = tenant.simulator.visible_rows();
    let rows = rows.into_iter().map(|row| [row.id, row.recipient, row.status.as_str().to_owned()]);
    let states = rows.map(|state| state.map(|text| text.to_lowercase()));
    states.filter(|[_, _, status]| PROBLEMS.contains(&status.as_str())).collect()
}

#[track_caller]
fn check(tenant: &SimulatedTenant) {
    let documents = tenant.documents("documents");
    let (rows, found) =
        (documents.iter().filter(|it| !is_details(it)).cloned().collect::<Vec<_>>(), detailed(&documents));
    tenant.check(&rows);
    let twice: Vec<_> = found.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    let missing: Vec<_> = problems(tenant).into_iter().filter(|state| !found.contains_key(state)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(found.keys().all(|[_, _, status]| PROBLEMS.contains(&status.as_str())));
}

#[test]
fn the_details_of_problems_come_once_however_often_the_program_is_killed() {
    let faults = ["status-changes=0.3", "late-rows=0.2", "bom=0.3", "revoked-token=0.05"];
    let tenant = tenant(1500, &faults, "");
    let mut random = random();
    for round in 0..KILLS {
        let before = tenant.simulator.page_requests();
        let answered = random.random_range(0..=20);
        let mut program = tenant.exotrace(&["run"]).start();
        wait_for("requests", || tenant.simulator.page_requests() >= before + answered);
        assert!(!program.has_ended(), "round {round}");
        program.kill();
        tenant.simulator.advance(Duration::from_secs(random.random_range(0..60)));
    }
    // By steps shorter than what polls read again, until what is late has come.
    for _ in 0..4 {
        tenant.exotrace(&["run", "--once"]).ends(0);
        tenant.simulator.advance(Duration::from_secs(20 * 60));
    }
    tenant.exotrace(&["run", "--once"]).ends(0);
    check(&tenant);
}

/// The directions are those of the mapping, which knows nothing of the setting.
#[test]
fn details_of_the_wanted_directions_are_read_and_no_others() {
    for wanted in [&["inbound"][..], &["outbound", "internal"]] {
        let tenant = tenant(600, &[], &format!("directions = {wanted:?}\n"));
        tenant.exotrace(&["run", "--once"]).ends(0);
        let documents = tenant.documents("documents");
        let direction = |document: &Value| document["email"]["direction"].as_str().unwrap().to_owned();
        let key = |document: &Value| document["event"]["id"].as_str().unwrap().to_owned();
        let (details, rows): (Vec<_>, Vec<_>) = documents.iter().partition(|document| is_details(document));
        assert_eq!(rows.len(), tenant.simulator.visible_rows().len());
        let is_problem = |row: &&&Value| {
            let status = row["microsoft"]["online_message_trace"]["Status"].as_str().unwrap().to_lowercase();
            PROBLEMS.contains(&status.as_str())
        };
        let problems: Vec<_> = rows.iter().filter(is_problem).collect();
        let expected: BTreeSet<_> =
            problems.iter().filter(|row| wanted.contains(&&*direction(row))).map(|row| key(row)).collect();
        assert!(!expected.is_empty() && expected.len() < problems.len(), "{} of {}", expected.len(), problems.len());
        assert_eq!(details.iter().map(|document| key(document)).collect::<BTreeSet<_>>(), expected, "{wanted:?}");
        assert!(details.iter().all(|document| wanted.contains(&&*direction(document))));
        assert_eq!(tenant.simulator.details_requests(), expected.len() as u64);
    }
}

#[test]
fn what_is_not_wanted_any_more_is_not_asked_for() {
    let tenant = tenant(300, &[], "max_per_poll = 1\n");
    tenant.exotrace(&["run", "--once"]).ends(0);
    assert_eq!(tenant.simulator.details_requests(), 1);
    tenant.change_settings("max_per_poll = 1", "status = [\"quarantined\"]");
    tenant.exotrace(&["run", "--once"]).ends(0);
    let found = detailed(&tenant.documents("documents"));
    let others = found.keys().filter(|[_, _, status]| status != "quarantined").count();
    assert!(found.len() > 1 && others <= 1, "{found:?}");
    assert_eq!(tenant.simulator.details_requests(), found.len() as u64);
    let status = tenant.exotrace(&["status", "--json"]).run().json();
    assert_eq!(status["sources"][0]["details"]["waiting"], 0, "{status}");
}

#[test]
fn the_share_goes_by_its_old_name_too_and_says_so_once() {
    let requests = |share: &str| {
        let tenant = tenant(300, &[], share);
        tenant.change_settings("request_budget = 1000000", "request_budget = 50");
        let said = tenant.exotrace(&["run", "--once"]).ends(0).said();
        (
            tenant.simulator.details_requests(),
            said.matches("`source.details.max_percent` is called `max_share` now").count(),
        )
    };
    assert_eq!(requests("max_share = 0.04\n"), (2, 0));
    assert_eq!(requests("max_percent = 4\n"), (2, 1));
}

#[test]
fn details_are_events_of_ocsf_too() {
    let tenant = tenant(200, &[], "");
    tenant.change_settings("version = \"3.0\"", "version = \"ocsf-1.8\"");
    tenant.exotrace(&["check"]).ends(0);
    tenant.exotrace(&["run", "--once"]).ends(0);
    let documents = tenant.documents("documents");
    let is_details = |document: &&Value| document["metadata"]["log_name"] == "messageTraceDetails";
    let details: Vec<_> = documents.iter().filter(is_details).collect();
    assert_eq!(details.len(), problems(&tenant).len());
    for event in details {
        let row = documents.iter().find(|it| {
            !is_details(it) && it["metadata"]["original_event_uid"] == event["metadata"]["original_event_uid"]
        });
        let row = row.expect("the event of the row");
        assert_eq!((&row["time"], &row["from"]), (&event["time"], &event["from"]));
        assert!(event["unmapped"]["details"]["steps"].as_array().is_some_and(|steps| steps.len() > 1), "{event}");
    }
}

#[test]
fn what_the_service_has_no_details_of_is_asked_for_once() {
    let tenant = tenant(300, &["missing-details"], "");
    let wanted = problems(&tenant).len() as u64;
    assert!(wanted > 3);
    let ended = tenant.exotrace(&["run", "--once"]).ends(0);
    assert!(ended.stderr.contains("service has no details of a delivery"), "{ended}");
    assert!(!ended.stderr.contains('@'), "no address belongs there: {ended}");
    assert_eq!(tenant.simulator.details_requests(), wanted);
    tenant.exotrace(&["run", "--once"]).ends(0);
    assert_eq!(tenant.simulator.details_requests(), wanted);
    assert_eq!(detailed(&tenant.documents("documents")).len(), 0);
}

#[test]
fn details_take_their_share_of_the_budget_and_the_next_poll_reads_the_rest() {
    let tenant = tenant(300, &[], "request_budget = 3\nmax_per_poll = 50\n");
    assert!(problems(&tenant).len() > 3);
    tenant.exotrace(&["run", "--once"]).ends(0);
    assert_eq!(tenant.simulator.details_requests(), 3);
    let status = tenant.exotrace(&["status", "--json"]).run().json();
    assert_eq!(status["sources"][0]["details"]["done"], 3, "{status}");
    let text = tenant.exotrace(&["status"]).run().stdout;
    assert!(text.contains("wait to be read, 3 are done"), "{text}");
    tenant.exotrace(&["run", "--once"]).ends(0);
    assert_eq!(tenant.simulator.details_requests(), 3, "the window of five minutes is not over");
}

#[test]
fn rows_settle_before_their_details_are_read() {
    let tenant = tenant(100, &[], "max_per_poll = 1000\n");
    tenant.change_settings("settle = \"0s\"", "settle = \"1h\"");
    tenant.exotrace(&["run", "--once"]).ends(0);
    assert_eq!(tenant.simulator.details_requests(), 0);
    assert_eq!(tenant.documents("documents").len(), tenant.simulator.visible_rows().len());
}

#[test]
fn a_mapping_that_does_not_map_details_is_refused_by_line() {
    let tenant = tenant(10, &[], "");
    for version in ["1.20", "2.2"] {
        tenant.change_settings("version = \"3.0\"", &format!("version = \"{version}\""));
        for command in [&["check"][..], &["run", "--once"]] {
            let said = tenant.exotrace(command).ends(78).said();
            assert!(said.contains("source.details"), "{said}");
            assert!(said.contains("does not map records of kind `details`"), "{said}");
        }
        tenant.change_settings(&format!("version = \"{version}\""), "version = \"3.0\"");
    }
    tenant.exotrace(&["check"]).ends(0);
}

#[test]
fn the_doctor_reads_the_steps_of_a_delivery() {
    let tenant = tenant(100, &[], "");
    let said = tenant.exotrace(&["doctor"]).run().all();
    assert!(said.contains(" steps of the newest delivery"), "{said}");
    assert_eq!(tenant.simulator.details_requests(), 1);
}
