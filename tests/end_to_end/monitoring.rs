//! Who watches the real program: metrics, health, and what is made of them.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
};

use exotrace_fake_elasticsearch::{Failure, FakeElasticsearch, Setup};
use serde_json::Value;

use crate::harness::{Daemon, SimulatedTenant, fixture, free_address, wait_for, wait_for_some};

mod dashboard;
mod names;
mod prometheus;
mod status_page;

/// What it tells only with brokers, where `kafka.rs` asks for it.
const WITH_BROKERS: [&str; 5] = [
    "exotrace_cluster_mapping_differs",
    "exotrace_cluster_partitions",
    "exotrace_lag_messages",
    "exotrace_messages_missed_total",
    "exotrace_source_owner",
];

/// The program while somebody watches it.
struct Monitored {
    daemon: Daemon,
    address: SocketAddr,
    /// How often it has said where it listens.
    said: usize,
}

impl Monitored {
    /// Starts the program with these outputs, or other tables for the end of settings.
    fn start(tenant: &SimulatedTenant, outputs: &str) -> Self {
        Self::start_with(tenant, outputs, "")
    }

    /// The same, with these lines at the beginning of the settings.
    fn start_with(tenant: &SimulatedTenant, outputs: &str, lines: &str) -> Self {
        tenant.settings(&format!("{}interval = \"1s\"\nrequest_budget = 1000", tenant.by_secret()));
        tenant.change_settings("[[output]]\ntype = \"stdout\"\n", outputs);
        tenant.change_settings("state_dir", &format!("listen = \"127.0.0.1:0\"\n{lines}state_dir"));
        let daemon = tenant.exotrace(&["run"]).start();
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut monitored = Self { daemon, address, said: 0 };
        monitored.follow();
        monitored
    }

    /// Goes where it says next that it listens.
    fn follow(&mut self) {
        self.address = wait_for_some("an address", || {
            let log = self.daemon.log();
            let whole = log.split_inclusive('\n').filter(|line| line.ends_with('\n'));
            let lines = whole.map(|line| serde_json::from_str::<Value>(line).unwrap()["fields"].clone());
            let mut said = lines.filter(|fields| fields["message"] == "serving metrics and health");
            said.nth(self.said)?["address"].as_str()?.parse().ok()
        });
        self.said += 1;
    }

    /// Asks for something; the status and the body.
    fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    fn metrics(&self) -> String {
        let (status, text) = self.get("/metrics");
        assert_eq!(status, 200);
        text
    }

    /// The value of a metric with these labels.
    fn value(&self, name: &str) -> Option<f64> {
        let metrics = self.metrics();
        let line = metrics.lines().find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')))?;
        line.rsplit(' ').next().unwrap().parse().ok()
    }

    /// What a part is said to be.
    fn state(&self, part: &str) -> String {
        let (_, body) = self.get("/readyz");
        let health: Value = serde_json::from_str(&body).unwrap();
        let parts = health["parts"].as_array().unwrap();
        // Before the run has begun, there are none.
        let found = parts.iter().find(|it| it["part"] == part);
        found.map_or("starting", |found| found["state"].as_str().unwrap()).to_owned()
    }
}

fn tenant() -> SimulatedTenant {
    SimulatedTenant::with_rows(60)
}

const STDOUT: &str = "[[output]]\ntype = \"file\"\nname = \"here\"\npath = \"trace.ndjson\"\n";

#[test]
fn metrics_count_what_was_read_mapped_and_delivered() {
    let tenant = tenant();
    let monitored = Monitored::start(&tenant, STDOUT);
    let rows = tenant.simulator.rows().len() as f64;
    // The first page, and with the next poll the same again.
    let repeated = "exotrace_records_repeated_total{source=\"graph\"}";
    wait_for("a second poll", || monitored.value(repeated).is_some_and(|repeated| repeated > 0.0));
    for (name, expected) in [
        ("exotrace_documents_delivered_total{output=\"here\"}", rows),
        ("exotrace_documents_rejected_total{output=\"here\"}", 0.0),
        ("exotrace_records_mapped_total{mapping=\"2.2.0\",role=\"current\"}", rows),
        ("exotrace_map_batch_seconds_count{mapping=\"2.2.0\",role=\"current\"}", 1.0),
        ("exotrace_source_retries_total{source=\"graph\"}", 0.0),
        ("exotrace_dead_letters_total", 0.0),
        ("exotrace_gaps{source=\"graph\"}", 0.0),
        ("exotrace_request_budget{source=\"graph\"}", 1000.0),
        ("exotrace_mapping_changes_total{change=\"replaced\"}", 0.0),
        ("exotrace_health{part=\"output\",name=\"here\",state=\"working\"}", 1.0),
        ("exotrace_health{part=\"output\",name=\"here\",state=\"retrying\"}", 0.0),
    ] {
        assert_eq!(monitored.value(name), Some(expected), "{name}\n{}", monitored.metrics());
    }
    let newest = tenant.simulator.rows().iter().map(|row| row.received.timestamp()).max().unwrap() as f64;
    assert_eq!(monitored.value("exotrace_newest_record_timestamp_seconds{source=\"graph\"}"), Some(newest));
    let pages = monitored.value("exotrace_pages_read_total{source=\"graph\"}").unwrap();
    let left = monitored.value("exotrace_request_budget_left{source=\"graph\"}").unwrap();
    assert!(pages >= 2.0 && left <= 1000.0 - pages, "{pages} pages, {left} requests left");
    assert!(monitored.value("exotrace_lag_seconds{source=\"graph\"}").is_some());
    let memory = monitored
        .metrics()
        .lines()
        .any(|line| line.starts_with("exotrace_mapping_memory_bytes{mapping=\"2.2.0\"") && !line.ends_with(" 0"));
    assert!(memory, "{}", monitored.metrics());
    assert_eq!(monitored.get("/healthz").0, 200);
    assert_eq!(monitored.get("/readyz").0, 200);
    assert_eq!(monitored.get("/nothing").0, 404);
}

/// A client that opens connections and says nothing, or keeps them, keeps nobody else from asking.
#[test]
fn connections_that_stay_open_silence_nobody() {
    let tenant = tenant();
    let monitored = Monitored::start(&tenant, STDOUT);
    let idle: Vec<_> = (0..100).map(|_| TcpStream::connect(monitored.address).unwrap()).collect();
    assert_eq!(monitored.get("/healthz").0, 200);
    // One question a connection.
    let mut kept = TcpStream::connect(monitored.address).unwrap();
    write!(kept, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: keep-alive\r\n\r\n").unwrap();
    let mut answer = String::new();
    kept.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    drop(idle);
}

#[test]
fn a_name_that_nobody_configured_is_refused() {
    let tenant = tenant();
    let monitored = Monitored::start(&tenant, STDOUT);
    let status = |host: &str| {
        let mut stream = TcpStream::connect(monitored.address).unwrap();
        write!(stream, "GET /readyz HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap().to_owned()
    };
    assert_eq!(status("rebound.example"), "421");
    assert_ne!(status("127.0.0.1:9464"), "421");
    assert_ne!(status("[::1]"), "421");
}

#[test]
fn metrics_say_which_mapping_is_in_use_and_how_often_it_was_replaced() {
    let tenant = tenant();
    let monitored = Monitored::start(&tenant, STDOUT);
    wait_for("the first page", || monitored.get("/readyz").0 == 200);
    tenant.exotrace(&["mapping", "replace", "1.20"]).ends(0);
    let metrics = monitored.metrics();
    let is = |version: &str, role: &str| {
        let mut lines = metrics.lines().filter(|line| line.starts_with("exotrace_mapping_info{"));
        lines.any(|line| line.contains(&format!("mapping=\"{version}\"")) && line.contains(&format!("role=\"{role}\"")))
    };
    assert!(is("1.20.0", "current") && is("2.2.0", "before") && !is("2.2.0", "current"), "{metrics}");
    assert_eq!(monitored.value("exotrace_mapping_changes_total{change=\"replaced\"}"), Some(1.0));
}

/// What an output answers that is down.
const DOWN: Failure = Failure::Answer { status: 503, retry_after: None, kind: "unavailable" };

/// So often that it is down until it is said otherwise.
const FAILURES: usize = 1000;

/// Ready again by itself when the output is back, and alive all the time.
#[test]
fn an_output_that_is_down_shows_until_it_is_back() {
    let tenant = tenant();
    let failures = vec![DOWN; FAILURES];
    let receiver = FakeElasticsearch::start(Setup { failures, ..Setup::default() });
    let outputs = format!("[[output]]\ntype = \"http\"\nname = \"there\"\nurl = \"{}/in\"\n", receiver.url());
    let monitored = Monitored::start(&tenant, &outputs);
    wait_for("the output to be found down", || monitored.state("output") == "retrying");
    let (ready, said) = monitored.get("/readyz");
    assert_eq!(ready, 503);
    // States alone: what a service answers may have anything in it.
    assert!(!said.contains("could not") && !said.contains("unavailable"), "{said}");
    assert!(said.ends_with("}\n"), "{said}");
    assert_eq!(monitored.get("/healthz").0, 200);
    let failed = FAILURES - receiver.stop_failing();
    wait_for("the output to be found up", || monitored.get("/readyz").0 == 200);
    assert_eq!(monitored.value("exotrace_output_retries_total{output=\"there\"}"), Some(failed as f64));
    assert_eq!(monitored.value("exotrace_documents_delivered_total{output=\"there\"}"), Some(60.0));
}

/// Told to end or to reload while an output is down, a source of files does so as any other.
#[test]
fn files_wait_for_an_output_without_keeping_the_program_from_reloading() {
    let tenant = tenant();
    fs::copy(fixture("records/well-formed.ndjson"), tenant.path("r.ndjson")).unwrap();
    let failures = vec![DOWN; FAILURES];
    let receiver = FakeElasticsearch::start(Setup { failures, ..Setup::default() });
    let url = receiver.url();
    let files = "[[source]]\ntype = \"file\"\npaths = [\"r.ndjson\"]\n";
    let output = |url: &str| format!("[[output]]\ntype = \"http\"\nname = \"there\"\nurl = \"{url}/in\"\n");
    let mut monitored = Monitored::start(&tenant, &format!("{files}{}", output(&url)));
    wait_for("the output to be found down", || monitored.state("output") == "retrying");
    let other = FakeElasticsearch::start(Setup::default());
    tenant.change_settings(&url, &other.url());
    monitored.daemon.signal("HUP");
    wait_for("everything at the other output", || monitored.get("/readyz").0 == 200 && other.lines().len() > 60);
    monitored.daemon.stop();
}

#[test]
fn a_source_that_a_person_has_to_mend_shows() {
    let tenant = SimulatedTenant::misbehaving(&["service-principal-missing=30m"]);
    let monitored = Monitored::start(&tenant, STDOUT);
    wait_for("the source to fail", || monitored.state("source") == "needs_attention");
    assert_eq!(monitored.get("/readyz").0, 503);
    assert_eq!(monitored.state("output"), "working");
}

#[test]
fn documents_that_an_output_refuses_are_counted() {
    let tenant = tenant();
    let refused = tenant.simulator.rows()[0].recipient.clone();
    let cluster = FakeElasticsearch::start(Setup { refused_text: Some(refused), ..Setup::default() });
    let outputs = format!("[[output]]\ntype = \"elasticsearch\"\nname = \"siem\"\nurl = \"{}\"\n", cluster.url());
    let monitored = Monitored::start(&tenant, &outputs);
    let delivered = "exotrace_documents_delivered_total{output=\"siem\"}";
    let rejected = "exotrace_documents_rejected_total{output=\"siem\"}";
    let value = |name: &str| monitored.value(name).unwrap_or_default();
    // One is counted after the other.
    wait_for("the first page", || value(delivered) + value(rejected) == 60.0);
    assert!(value(delivered) > 0.0, "{}", monitored.metrics());
    let rejected = value(rejected);
    assert!(rejected >= 1.0, "{}", monitored.metrics());
    wait_for("the dead letter", || monitored.value("exotrace_dead_letters_total") == Some(rejected));
    wait_for("readiness", || monitored.get("/readyz").0 == 200);
    let health: Value = serde_json::from_str(&monitored.get("/readyz").1).unwrap();
    assert_eq!(health["dead_letters"]["waiting"], rejected, "{health}");
}

#[test]
fn an_address_that_is_taken_is_said() {
    let tenant = tenant();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    tenant.settings(&tenant.by_secret());
    // By its old name as well, which says so.
    tenant.change_settings("state_dir", &format!("metrics_listen = \"{address}\"\nstate_dir"));
    let said = tenant.exotrace(&["run", "--once"]).ends(1).stderr;
    assert!(said.contains(&format!("could not listen on `{address}` for metrics: ")), "{said}");
    let last: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!(last["level"], "ERROR", "{last}");
    assert!(last["fields"]["hint"].as_str().unwrap().contains("`listen` may name another port"), "{last}");
    assert_eq!(said.matches("`metrics_listen` is called `listen` now").count(), 1, "{said}");
}

/// Settings that name another address are followed; with one that is taken, the old one stays.
#[test]
fn another_address_is_taken_when_settings_are_reloaded() {
    let tenant = tenant();
    let mut monitored = Monitored::start(&tenant, STDOUT);
    wait_for("the first page", || monitored.get("/readyz").0 == 200);
    let settings = tenant.read("exotrace.toml");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let free = free_address(2);
    let reload = |monitored: &Monitored, address: SocketAddr, name: &str| {
        let settings = settings.replace("127.0.0.1:0", &address.to_string());
        tenant.write_settings(&settings.replace("type = \"graph\"", &format!("type = \"graph\"\nname = \"{name}\"")));
        monitored.daemon.signal("HUP");
    };
    // The old one stays, but for the system's choice of a port, and shows the new run.
    reload(&monitored, taken.local_addr().unwrap(), "renamed");
    monitored.follow();
    wait_for("the settings to be reloaded", || {
        let metrics = monitored.metrics();
        metrics.contains("{source=\"renamed\"}") && !metrics.contains("{source=\"graph\"}")
    });
    let old = monitored.address;
    reload(&monitored, free, "graph");
    monitored.follow();
    assert_eq!(monitored.address, free);
    assert!(TcpStream::connect(old).is_err());
    wait_for("the first page", || monitored.get("/readyz").0 == 200);
    assert_eq!(monitored.value("exotrace_documents_delivered_total{output=\"here\"}"), Some(60.0));
    assert_eq!(monitored.value("exotrace_ledger_readable"), Some(1.0));
}

#[test]
fn settings_that_are_refused_are_seen_and_keep_nothing_from_being_ready() {
    let tenant = tenant();
    let monitored = Monitored::start(&tenant, STDOUT);
    wait_for("the first page", || monitored.get("/readyz").0 == 200);
    let refused = "exotrace_health{part=\"settings\",name=\"\",state=\"needs_attention\"}";
    assert_eq!(monitored.value(refused), None);
    tenant.change_settings("interval = \"1s\"", "interval = \"1 apple\"");
    monitored.daemon.signal("HUP");
    monitored.daemon.wait_for_log("could not reload the settings; the old ones stay in use");
    wait_for("the refusal", || monitored.value(refused) == Some(1.0));
    assert_eq!(monitored.state("settings"), "needs_attention");
    assert_eq!(monitored.get("/readyz").0, 200);
    assert!(!monitored.get("/readyz").1.contains("apple"), "what the settings say is for nobody");
    tenant.change_settings("interval = \"1 apple\"", "interval = \"2s\"");
    monitored.daemon.signal("HUP");
    wait_for("the settings to be taken", || monitored.value(refused).is_none());
}
