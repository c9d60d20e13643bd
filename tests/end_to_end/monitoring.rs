//! Who watches the real program: metrics, health, and what is made of them.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, sync_channel},
    thread,
    time::Duration,
};

use exotrace_fake_elasticsearch::{Failure, FakeElasticsearch, Setup};
use exotrace_simulator::TenantConfig;
use serde_json::Value;

use crate::{
    harness::{project, unpacked, wait_for},
    tenant::Served,
};

/// How long the program may take for what it does at once.
const PATIENCE: Duration = Duration::from_secs(120);

/// The program while somebody watches it.
struct Running {
    process: Child,
    address: SocketAddr,
    /// Where it says that it listens.
    addresses: Receiver<SocketAddr>,
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Running {
    /// Starts the program with these outputs, or whatever else stands at the end of settings.
    fn start(served: &Served, outputs: &str) -> Self {
        let source = format!("{}interval = \"1s\"\nrequest_budget = 1000", served.by_secret());
        let path = served.settings(&source);
        let settings = fs::read_to_string(&path).unwrap();
        let settings = settings.replace("[[output]]\ntype = \"stdout\"\n", outputs);
        fs::write(&path, format!("listen = \"127.0.0.1:0\"\n{settings}")).unwrap();
        let mut process = served.start(&["run"], &path, &[]);
        let log = BufReader::new(process.stderr.take().unwrap());
        let (sender, addresses) = sync_channel(10);
        // To its end, since a full pipe would stop the program.
        thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                let said: Value = serde_json::from_str(&line).unwrap();
                if said["fields"]["message"] == "serving metrics and health" {
                    sender.send(said["fields"]["address"].as_str().unwrap().parse().unwrap()).unwrap();
                }
            }
        });
        let address = addresses.recv_timeout(PATIENCE).unwrap();
        Self { process, address, addresses }
    }

    /// Where it says next that it listens.
    fn said(&self) -> SocketAddr {
        self.addresses.recv_timeout(PATIENCE).unwrap()
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

    fn signal(&self, name: &str) {
        signal(&self.process.id().to_string(), name);
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

fn signal(process: &str, name: &str) {
    assert!(Command::new("kill").args(["-s", name, process]).status().unwrap().success());
}

fn tenant() -> Served {
    Served::new(TenantConfig { rows: 60, ..TenantConfig::default() })
}

const STDOUT: &str = "[[output]]\ntype = \"file\"\nname = \"here\"\npath = \"trace.ndjson\"\n";

#[test]
fn metrics_count_what_was_read_mapped_and_delivered() {
    let served = tenant();
    let running = Running::start(&served, STDOUT);
    let rows = served.tenant.rows().len() as f64;
    // The first page, and with the next poll the same again.
    let repeated = "exotrace_records_repeated_total{source=\"graph\"}";
    wait_for("a second poll", || running.value(repeated).is_some_and(|repeated| repeated > 0.0));
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
        assert_eq!(running.value(name), Some(expected), "{name}\n{}", running.metrics());
    }
    let newest = served.tenant.rows().iter().map(|row| row.received.timestamp()).max().unwrap() as f64;
    assert_eq!(running.value("exotrace_newest_record_timestamp_seconds{source=\"graph\"}"), Some(newest));
    let pages = running.value("exotrace_pages_read_total{source=\"graph\"}").unwrap();
    let left = running.value("exotrace_request_budget_left{source=\"graph\"}").unwrap();
    assert!(pages >= 2.0 && left <= 1000.0 - pages, "{pages} pages, {left} requests left");
    assert!(running.value("exotrace_lag_seconds{source=\"graph\"}").is_some());
    let memory = running
        .metrics()
        .lines()
        .any(|line| line.starts_with("exotrace_mapping_memory_bytes{mapping=\"2.2.0\"") && !line.ends_with(" 0"));
    assert!(memory, "{}", running.metrics());
    assert_eq!(running.get("/healthz").0, 200);
    assert_eq!(running.get("/readyz").0, 200);
    assert_eq!(running.get("/nothing").0, 404);
}

/// Whoever opens connections and says nothing, or keeps them, keeps nobody else from asking.
#[test]
fn connections_that_stay_open_silence_nobody() {
    let served = tenant();
    let running = Running::start(&served, STDOUT);
    let idle: Vec<_> = (0..100).map(|_| TcpStream::connect(running.address).unwrap()).collect();
    assert_eq!(running.get("/healthz").0, 200);
    // One question a connection.
    let mut kept = TcpStream::connect(running.address).unwrap();
    write!(kept, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: keep-alive\r\n\r\n").unwrap();
    let mut answer = String::new();
    kept.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    drop(idle);
}

#[test]
fn a_name_that_nobody_configured_is_refused() {
    let served = tenant();
    let running = Running::start(&served, STDOUT);
    let status = |host: &str| {
        let mut stream = TcpStream::connect(running.address).unwrap();
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
    let served = tenant();
    let running = Running::start(&served, STDOUT);
    wait_for("the first page", || running.get("/readyz").0 == 200);
    let arguments = ["mapping", "replace", "1.20", "--state-dir", "state"];
    let program = env!("CARGO_BIN_EXE_exotrace");
    let replaced = Command::new(program).args(arguments).current_dir(served.folder.path()).output().unwrap();
    assert!(replaced.status.success(), "{}", String::from_utf8_lossy(&replaced.stderr));
    let metrics = running.metrics();
    let is = |version: &str, role: &str| {
        let mut lines = metrics.lines().filter(|line| line.starts_with("exotrace_mapping_info{"));
        lines.any(|line| line.contains(&format!("mapping=\"{version}\"")) && line.contains(&format!("role=\"{role}\"")))
    };
    assert!(is("1.20.0", "current") && is("2.2.0", "before") && !is("2.2.0", "current"), "{metrics}");
    assert_eq!(running.value("exotrace_mapping_changes_total{change=\"replaced\"}"), Some(1.0));
}

/// What an output answers that is down.
const DOWN: Failure = Failure::Answer { status: 503, retry_after: None, kind: "unavailable" };

/// Ready again by itself when the output is back, and alive all the time.
#[test]
fn an_output_that_is_down_shows_until_it_is_back() {
    let served = tenant();
    let failures = vec![DOWN; 2];
    let receiver = FakeElasticsearch::start(Setup { failures, ..Setup::default() });
    let outputs = format!("[[output]]\ntype = \"http\"\nname = \"there\"\nurl = \"{}/in\"\n", receiver.url());
    let running = Running::start(&served, &outputs);
    wait_for("the output to be found down", || running.state("output") == "retrying");
    // For two seconds at least.
    let (ready, said) = running.get("/readyz");
    assert_eq!(ready, 503);
    // States alone: what a service answers may have anything in it.
    assert!(!said.contains("could not") && !said.contains("unavailable"), "{said}");
    assert!(said.ends_with("}\n"), "{said}");
    assert_eq!(running.get("/healthz").0, 200);
    wait_for("the output to be found up", || running.get("/readyz").0 == 200);
    assert_eq!(running.value("exotrace_output_retries_total{output=\"there\"}"), Some(2.0));
    assert_eq!(running.value("exotrace_documents_delivered_total{output=\"there\"}"), Some(60.0));
}

/// Told to end or to reload while an output is down, a source of files does so as any other.
#[test]
fn files_wait_for_an_output_without_keeping_the_program_from_reloading() {
    let served = tenant();
    fs::copy(project().join("fixtures/records/well-formed.ndjson"), served.folder.path().join("r.ndjson")).unwrap();
    let failures = vec![DOWN; 100];
    let receiver = FakeElasticsearch::start(Setup { failures, ..Setup::default() });
    let url = receiver.url();
    let files = "[[source]]\ntype = \"file\"\npaths = [\"r.ndjson\"]\n";
    let output = |url: &str| format!("[[output]]\ntype = \"http\"\nname = \"there\"\nurl = \"{url}/in\"\n");
    let mut running = Running::start(&served, &format!("{files}{}", output(&url)));
    wait_for("the output to be found down", || running.state("output") == "retrying");
    let other = FakeElasticsearch::start(Setup::default());
    let path = served.folder.path().join("exotrace.toml");
    let settings = fs::read_to_string(&path).unwrap().replace(&url, &other.url());
    fs::write(&path, settings).unwrap();
    running.signal("HUP");
    wait_for("everything at the other output", || running.get("/readyz").0 == 200 && other.lines().len() > 60);
    running.signal("TERM");
    assert_eq!(running.process.wait().unwrap().code(), Some(0));
}

#[test]
fn a_source_that_a_person_has_to_mend_shows() {
    let served = Served::misbehaving(&["service-principal-missing=30m"]);
    let running = Running::start(&served, STDOUT);
    wait_for("the source to fail", || running.state("source") == "needs_attention");
    assert_eq!(running.get("/readyz").0, 503);
    assert_eq!(running.state("output"), "working");
}

#[test]
fn documents_that_an_output_refuses_are_counted() {
    let served = tenant();
    let refused = served.tenant.rows()[0].recipient.clone();
    let cluster = FakeElasticsearch::start(Setup { refused_text: Some(refused), ..Setup::default() });
    let outputs = format!("[[output]]\ntype = \"elasticsearch\"\nname = \"siem\"\nurl = \"{}\"\n", cluster.url());
    let running = Running::start(&served, &outputs);
    let delivered = "exotrace_documents_delivered_total{output=\"siem\"}";
    wait_for("the first page", || running.value(delivered).is_some_and(|delivered| delivered > 0.0));
    let rejected = running.value("exotrace_documents_rejected_total{output=\"siem\"}").unwrap();
    assert!(rejected >= 1.0, "{}", running.metrics());
    assert_eq!(running.value(delivered).unwrap() + rejected, 60.0);
    wait_for("the dead letter", || running.value("exotrace_dead_letters_total") == Some(rejected));
    wait_for("readiness", || running.get("/readyz").0 == 200);
    let health: Value = serde_json::from_str(&running.get("/readyz").1).unwrap();
    assert_eq!(health["dead_letters"]["waiting"], rejected, "{health}");
}

#[test]
fn an_address_that_is_taken_is_said() {
    let served = tenant();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let path = served.settings(&served.by_secret());
    let settings = fs::read_to_string(&path).unwrap();
    let address = taken.local_addr().unwrap();
    // By its old name as well, which says so.
    fs::write(&path, format!("metrics_listen = \"{address}\"\n{settings}")).unwrap();
    let output = served.exotrace(&["run", "--once"], &path, &[]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("could not listen on `{address}` for metrics: ")), "{said}");
    let last: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!(last["level"], "ERROR", "{last}");
    assert!(last["fields"]["hint"].as_str().unwrap().contains("`listen` may name another port"), "{last}");
    assert_eq!(said.matches("`metrics_listen` is called `listen` now").count(), 1, "{said}");
}

/// Settings that name another address are followed; with one that is taken, the old one stays.
#[test]
fn another_address_is_taken_when_settings_are_reloaded() {
    let served = tenant();
    let mut running = Running::start(&served, STDOUT);
    wait_for("the first page", || running.get("/readyz").0 == 200);
    let path = served.folder.path().join("exotrace.toml");
    let settings = fs::read_to_string(&path).unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let process = running.process.id().to_string();
    let reload = |address: SocketAddr, name: &str| {
        let settings = settings.replace("127.0.0.1:0", &address.to_string());
        fs::write(&path, settings.replace("type = \"graph\"", &format!("type = \"graph\"\nname = \"{name}\"")))
            .unwrap();
        signal(&process, "HUP");
    };
    // The old one stays, but for the system's choice of a port, and shows the new run.
    reload(taken.local_addr().unwrap(), "renamed");
    running.address = running.said();
    wait_for("the settings to be reloaded", || {
        let metrics = running.metrics();
        metrics.contains("{source=\"renamed\"}") && !metrics.contains("{source=\"graph\"}")
    });
    reload(free, "graph");
    let old = running.address;
    running.address = running.said();
    assert_eq!(running.address, free);
    assert!(TcpStream::connect(old).is_err());
    wait_for("the first page", || running.get("/readyz").0 == 200);
    assert_eq!(running.value("exotrace_documents_delivered_total{output=\"here\"}"), Some(60.0));
    assert_eq!(running.value("exotrace_ledger_readable"), Some(1.0));
}

/// Names of metrics in a text.
fn names(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, prefix) in text.match_indices("exotrace_") {
        if text[..at].ends_with(|before: char| before.is_alphanumeric() || "_.-/".contains(before)) {
            continue;
        }
        let rest = text[at + prefix.len()..].split(|letter: char| !letter.is_ascii_lowercase() && letter != '_');
        let name = format!("{prefix}{}", rest.into_iter().next().unwrap());
        // A histogram has three.
        let name = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
        names.insert(name.to_owned());
    }
    names
}

/// Everything that the program can tell: that a mapping stops included.
fn known() -> BTreeSet<String> {
    let served = tenant();
    fs::write(served.folder.path().join("marked.ndjson"), "{\"x\":1}\n").unwrap();
    let hostile = project().join("tests/guests/trap-on-record.wasm").canonicalize().unwrap();
    let mapping = format!("[mapping]\npath = \"{}\"\n", hostile.display());
    let files = "[[source]]\ntype = \"file\"\npaths = [\"marked.ndjson\"]\n";
    let running = Running::start(&served, &format!("{mapping}{files}{STDOUT}"));
    wait_for("the first page", || running.get("/readyz").0 == 200);
    wait_for("the mapping to stop", || running.metrics().contains("exotrace_mapping_stops_total"));
    let stopping = running.metrics();
    drop(running);
    let served = tenant();
    let running = Running::start(&served, STDOUT);
    wait_for("a first page", || running.metrics().contains("exotrace_last_page_timestamp_seconds{"));
    let all = stopping + &running.metrics();
    all.lines().filter_map(|line| line.strip_prefix("# TYPE ")).flat_map(names).collect()
}

/// Values of the labels that have a few.
fn words() -> BTreeSet<(String, String)> {
    let mut words = BTreeSet::new();
    for (label, values) in [
        ("state", "working starting retrying needs_attention stalled"),
        ("change", "replaced refused rolled_back"),
        ("role", "current canary compared before trial"),
    ] {
        words.extend(values.split(' ').map(|value| (label.to_owned(), value.to_owned())));
    }
    words
}

/// What a text asks these labels for.
fn selected(text: &str) -> Vec<(String, String)> {
    let text = text.replace("\\\"", "\"");
    let mut selected = Vec::new();
    for label in ["state", "change", "role"] {
        for (at, _) in text.match_indices(&format!("{label}=")) {
            let value = text[at + label.len()..].trim_start_matches(['=', '~', '"']).split('"').next().unwrap();
            selected.extend(value.split('|').map(|value| (label.to_owned(), value.to_owned())));
        }
    }
    assert!(!selected.is_empty());
    selected
}

#[test]
fn dashboard_alerts_and_documentation_name_metrics_that_there_are() {
    let known = known();
    let read = |path: &str| fs::read_to_string(project().join(path)).unwrap();
    let mut named = BTreeSet::new();
    for path in ["fixtures/monitoring/dashboard.json", "fixtures/monitoring/alerts.yml"] {
        let names = names(&read(path));
        let unknown: Vec<_> = names.difference(&known).collect();
        assert!(names.len() > 8 && unknown.is_empty(), "{path} names {unknown:?}, which nothing tells");
        named.extend(names);
    }
    // And label values that there are.
    let words = words();
    for path in ["fixtures/monitoring/dashboard.json", "fixtures/monitoring/alerts.yml"] {
        for (label, value) in selected(&read(path)) {
            assert!(words.contains(&(label.clone(), value.clone())), "{path}: {label} is never `{value}`");
        }
    }
    let page = read("host/docs/monitoring.md");
    let table: BTreeSet<_> = page.lines().filter(|line| line.starts_with("| `exotrace_")).flat_map(names).collect();
    assert_eq!(table, known, "the table of host/docs/monitoring.md");
    // What can be measured can be seen.
    let unseen: Vec<_> = known.difference(&named).filter(|name| !name.contains("newest_record")).collect();
    assert!(unseen.is_empty(), "{unseen:?}");
    let dashboard: Value = serde_json::from_str(&read("fixtures/monitoring/dashboard.json")).unwrap();
    assert!(dashboard["panels"].as_array().unwrap().len() > 10);
}

/// Runs a program of Prometheus.
fn promtool(root: &Path, arguments: &[&str], input: &str) {
    let mut process = Command::new(root.join("usr/bin/promtool"))
        .args(arguments)
        .current_dir(project().join("fixtures/monitoring"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = process.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&said));
}

#[test]
fn prometheus_understands_metrics_and_rules() {
    let Some(root) = unpacked("prometheus") else { return };
    promtool(&root, &["check", "rules", "alerts.yml"], "");
    promtool(&root, &["test", "rules", "alerts-test.yml"], "");
    let served = tenant();
    let running = Running::start(&served, STDOUT);
    wait_for("the first page", || running.get("/readyz").0 == 200);
    promtool(&root, &["check", "metrics"], &running.metrics());
}
