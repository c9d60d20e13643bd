//! `exotrace audit`: what the service has against what was delivered, and what is missing delivered.

use std::{collections::BTreeSet, time::Duration};

use chrono::Utc;
use exotrace_fake_elasticsearch::{FakeElasticsearch, Setup};
use exotrace_mapping::Origin;
use exotrace_simulator::TenantConfig;
use rand::Rng as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::harness::{Settings, SimulatedTenant, fixture, geo, map, random, wait_for};

const STREAM: &str = "logs-microsoft_exchange_online_message_trace.log-default";

/// Mail of the last hour, of which a poll reads everything; the ledger knows it for three hours.
fn tenant(rows: usize, faults: &[&str], output: &str) -> SimulatedTenant {
    let mut config = TenantConfig { rows, ..TenantConfig::default() };
    faults.iter().for_each(|fault| config.faults.add(fault).unwrap());
    let tenant = SimulatedTenant::new(config);
    let lines = "interval = \"1h\"\nadditional_look_back = \"3h\"\nbatch_size = 20\n";
    tenant.write_settings(&format!("{}{lines}{output}", tenant.source()));
    tenant
}

const FILE: &str = "[[output]]\ntype = \"file\"\nname = \"file\"\npath = \"documents.ndjson\"\n";

fn to_store(fake: &FakeElasticsearch) -> String {
    format!("[[output]]\ntype = \"elasticsearch\"\nname = \"siem\"\nurl = \"{}\"\n", fake.url())
}

#[track_caller]
fn audit(tenant: &SimulatedTenant, more: &[&str], code: i32) -> Value {
    tenant.exotrace(&[&["audit", "--from", "2h", "--to", "now", "--json"], more].concat()).ends(code).json()
}

/// In the service, delivered, missing, changed, repaired, only in the store.
fn counts(statement: &Value) -> [u64; 6] {
    let names = ["in_service", "delivered", "missing", "changed", "repaired", "only_in_store"];
    names.map(|name| statement["counts"][name].as_u64().unwrap())
}

/// The SHA-256 of the sorted ids of what the tenant has now.
fn truth(tenant: &SimulatedTenant) -> String {
    let rows = tenant.simulator.visible_rows();
    let records: Vec<_> = rows.iter().map(|row| serde_json::to_string(row).unwrap()).collect();
    let no_geo = geo(&fixture("geo/City.mmdb"), &fixture("geo/ASN.mmdb"));
    let mapped = map("2.2", &Settings::default(), &no_geo, &records.join("\n"), &Origin::default());
    let ids: BTreeSet<_> = mapped.iter().map(|line| line["_id"].as_str().unwrap().to_owned()).collect();
    let text: String = ids.iter().map(|id| format!("{id}\n")).collect();
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn what_the_ledger_knows_is_compared_with_the_service() {
    let tenant = tenant(100, &[], FILE);
    let statement = audit(&tenant, &[], 1);
    assert_eq!(counts(&statement), [100, 0, 100, 0, 0, 0], "nothing was collected: {statement}");
    assert_eq!(statement["is_complete"], false);
    assert_eq!(tenant.count("documents"), 0);
    tenant.exotrace(&["run", "--once"]).ends(0);
    let statement = audit(&tenant, &[], 0);
    assert_eq!(counts(&statement), [100, 100, 0, 0, 0, 0]);
    assert_eq!((&statement["is_complete"], &statement["tenant"]), (&json!(true), &json!(tenant.config.tenant_id)));
    assert_eq!(statement["digest"], truth(&tenant));
    assert_eq!(statement["digest_delivered"], statement["digest"]);
    let by_hour = statement["hours"].as_array().unwrap().iter().map(|hour| hour["delivered"].as_u64().unwrap());
    assert_eq!(by_hour.sum::<u64>(), 100);
    let text = tenant.exotrace(&["audit", "--from", "2h", "--to", "now"]).ends(0).stdout;
    assert!(text.starts_with("hour") && text.contains("\ncomplete: ") && text.contains(&truth(&tenant)), "{text}");
    for row in tenant.simulator.rows() {
        assert!(!text.contains(&row.recipient) && !text.contains(&row.id), "{text}");
    }
}

const FAULTS: [&str; 8] = [
    "late-rows=0.3",
    "status-changes=0.3",
    "lateness=90m",
    "empty-page=0.2",
    "quoted-token=0.1",
    "link-cycle=0.1",
    "revoked-token=0.1",
    "html-page=0.03",
];

/// After faults, late rows, statuses that change and kills: everything is there once, and the statement says so.
#[track_caller]
fn check_repair(tenant: &SimulatedTenant, more: &[&str]) -> Value {
    tenant.exotrace(&["run", "--once"]).ends(0);
    tenant.simulator.advance(Duration::from_secs(2 * 3600));
    let range = ["audit", "--from", "5h", "--to", "now", "--json"];
    let found = tenant.exotrace(&[&range, more].concat()).ends(1).json();
    let [in_service, delivered, missing, changed, ..] = counts(&found);
    assert!(missing > 0 && changed + delivered > 0 && in_service == delivered + missing + changed, "{found}");
    let repair = [&range, more, &["--repair"]].concat();
    let mut random = random();
    for _ in 0..4 {
        let before = tenant.simulator.page_requests();
        let answered = random.random_range(0..=3);
        let mut program = tenant.exotrace(&repair).start();
        wait_for("requests", || program.has_ended() || tenant.simulator.page_requests() >= before + answered);
        program.kill();
    }
    let repaired = tenant.exotrace(&repair).ends(0).json();
    assert_eq!((&repaired["is_complete"], &repaired["digest"]), (&json!(true), &json!(truth(tenant))), "{repaired}");
    assert_eq!(repaired["digest_delivered"], repaired["digest"]);
    let again = tenant.exotrace(&[&range, more].concat()).ends(0).json();
    assert_eq!(counts(&again)[2..5], [0, 0, 0], "{again}");
    // Polls know what was delivered.
    tenant.exotrace(&["run", "--once"]).ends(0);
    repaired
}

#[test]
fn a_repair_delivers_what_is_missing_once() {
    let tenant = tenant(1500, &FAULTS, FILE);
    check_repair(&tenant, &[]);
    tenant.check_files("documents");
}

#[test]
fn a_repair_by_a_store_delivers_what_it_lacks_once() {
    let fake = FakeElasticsearch::start(Setup { search_failures: vec![503, 429], ..Setup::default() });
    let tenant = tenant(1500, &FAULTS, &to_store(&fake));
    let repaired = check_repair(&tenant, &["--against", "siem"]);
    tenant.check(&fake.documents(STREAM).into_values().collect::<Vec<_>>());
    // Former states of rows that have changed are in the store alone.
    assert!(counts(&repaired)[5] > 0, "{repaired}");
    let (searches, open) = fake.searches();
    assert!(searches > 10 && open == 0, "{searches} searches, {open} scrolls left open");
}

#[test]
fn what_a_store_has_lost_is_delivered_to_it_alone() {
    let fake = FakeElasticsearch::start(Setup::default());
    let tenant = tenant(60, &[], &(to_store(&fake) + FILE));
    tenant.exotrace(&["run", "--once"]).ends(0);
    let ids: Vec<_> = fake.documents(STREAM).into_keys().take(7).collect();
    ids.iter().for_each(|id| fake.lose(STREAM, id));
    let at = Utc::now() - chrono::Duration::minutes(30);
    fake.store(STREAM, "foreign", json!({ "@timestamp": at }));
    assert_eq!(counts(&audit(&tenant, &[], 0)), [60, 60, 0, 0, 0, 0], "the ledger knows nothing of that");
    let found = audit(&tenant, &["--against", "siem"], 1);
    assert_eq!(counts(&found), [60, 53, 7, 0, 0, 1], "{found}");
    let mut daemon = tenant.exotrace(&["run"]).start();
    daemon.wait_for_log("\"started\"");
    wait_for("the socket", || tenant.path("state/control.sock").exists());
    let repaired = audit(&tenant, &["--against", "siem", "--repair"], 0);
    assert_eq!(counts(&repaired), [60, 53, 0, 0, 7, 1], "{repaired}");
    assert_eq!(repaired["digest"], truth(&tenant));
    daemon.stop();
    assert_eq!(fake.documents(STREAM).len(), 61);
    tenant.check_files("documents");
}

#[test]
fn a_gap_that_is_found_whole_is_closed() {
    let fake = FakeElasticsearch::start(Setup::default());
    let tenant = tenant(40, &[], &to_store(&fake));
    let gaps = || tenant.exotrace(&["status", "--json"]).run().json()["sources"][0]["gaps"].clone();
    tenant.exotrace(&["run", "--once"]).ends(0);
    // As if some of it could not be read.
    let ids: Vec<_> = fake.documents(STREAM).into_keys().take(7).collect();
    ids.iter().for_each(|id| fake.lose(STREAM, id));
    let ledger = rusqlite::Connection::open(tenant.path("state/ledger.sqlite3")).unwrap();
    let ago = |minutes: i64| (Utc::now() - chrono::Duration::minutes(minutes)).timestamp_millis();
    let insert =
        "INSERT INTO gap (source, start, end, reason) SELECT id, ?1, ?2, 'why' FROM source WHERE name LIKE 'graph%'";
    ledger.execute(insert, [ago(70), ago(2)]).unwrap();
    drop(ledger);
    assert_eq!(gaps().as_array().unwrap().len(), 1);
    let found = audit(&tenant, &["--against", "siem"], 1);
    assert!(found["gaps"].as_array().unwrap().iter().all(|gap| gap["is_closed"] == false), "{found}");
    let repaired = audit(&tenant, &["--against", "siem", "--repair"], 0);
    let closed = repaired["gaps"].as_array().unwrap();
    assert!(!closed.is_empty() && closed.iter().all(|gap| gap["is_closed"] == true), "{repaired}");
    assert_eq!(gaps(), json!([]));
}

#[test]
fn what_the_ledger_has_forgotten_is_unknown() {
    let span = chrono::Duration::days(3);
    let fake = FakeElasticsearch::start(Setup::default());
    let tenant = SimulatedTenant::new(TenantConfig { rows: 50, span, ..TenantConfig::default() });
    tenant.write_settings(&(tenant.source() + &to_store(&fake)));
    tenant.change_settings("initial_interval = \"2h\"", "initial_interval = \"4days\"");
    tenant.exotrace(&["run", "--once"]).ends(0);
    let range = ["audit", "--from", "4days", "--to", "now"];
    let ended = tenant.exotrace(&range).ends(1);
    assert!(ended.stdout.contains("\nnot complete: ") && ended.stderr.contains("`--against OUTPUT`"), "{ended}");
    tenant.exotrace(&[&range[..], &["--against", "siem"]].concat()).ends(0);
}

#[test]
fn what_cannot_be_compared_is_named() {
    let fake = FakeElasticsearch::start(Setup { search_failures: vec![403], ..Setup::default() });
    let tenant = tenant(5, &[], &(to_store(&fake) + FILE));
    let check = |arguments: &[&str], expected: &str, code| {
        let said = tenant.exotrace(&[&["audit"], arguments].concat()).ends(code).said();
        assert!(said.contains(expected), "{arguments:?}: {said}");
    };
    check(&["--from", "1h", "--to", "2h"], "before it begins at ", 2);
    check(&["--from", "2h", "--to", "2100-01-01"], "which is in the future", 2);
    check(&["--from", "91days", "--to", "now"], "the service keeps 90 days", 2);
    check(&["--from", "2h", "--to", "now", "--source", "x"], "no source is called `x`", 2);
    check(
        &["--from", "2h", "--to", "now", "--against", "x"],
        "no output is called `x`\nhint: there are `siem`, `file`",
        2,
    );
    check(&["--from", "2h", "--to", "now", "--against", "file"], "output `file` cannot be asked", 2);
    check(&["--from", "2h"], "--to", 2);
    check(&["--from", "2h", "--to", "now", "--against", "siem"], "an audit needs the privilege `read`", 1);
}
