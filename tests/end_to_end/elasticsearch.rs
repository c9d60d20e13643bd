//! From the simulated tenant through the program to a fake Elasticsearch that fails in every way: what is stored is what
//! the tenant has, each under its `_id`.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    path::PathBuf,
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use exotrace_fake_elasticsearch::{Failure, FakeElasticsearch, Setup, certificate_file};
use exotrace_mapping::Origin;
use exotrace_simulator::TenantConfig;
use serde_json::Value;

use crate::{
    harness::{self, Settings, exotrace, geo, map, project, wait_for},
    tenant::Served,
};

const STREAM: &str = "logs-microsoft_exchange_online_message_trace.log-default";

/// So often a run may fail before one succeeds.
const RUNS: usize = 12;

/// How long all runs together may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A tenant, a store, and settings that lead from one to the other.
struct Delivery {
    served: Served,
    fake: FakeElasticsearch,
}

impl Delivery {
    /// `output` is the rest of the output's settings; `URL` in it is where the fake is, and `TLS_URL` where it wants a
    /// certificate.
    fn new(setup: Setup, output: &str) -> Self {
        let served = Served::new(TenantConfig { rows: 60, ..TenantConfig::default() });
        let fake = FakeElasticsearch::start(setup);
        let output = output.replace("TLS_URL", &fake.tls_url()).replace("URL", &fake.url());
        let settings = format!("{}batch_size = 20\n[[output]]\n{output}", served.source());
        fs::write(served.folder.path().join("exotrace.toml"), settings).unwrap();
        Self { served, fake }
    }

    fn elasticsearch(setup: Setup) -> Self {
        Self::new(setup, "type = \"elasticsearch\"\nurl = \"URL\"\nrequest_timeout = \"1s\"\n")
    }

    fn settings(&self) -> PathBuf {
        self.served.folder.path().join("exotrace.toml")
    }

    fn run(&self) -> Output {
        let mut program = Command::new(env!("CARGO_BIN_EXE_exotrace"));
        program.args(["run", "--once", "--config"]).arg(self.settings()).output().unwrap()
    }

    fn apply_template(&self) -> Output {
        exotrace(&["elasticsearch", "template", "--apply", "--config", self.settings().to_str().unwrap()], "")
    }

    /// Runs until everything is delivered: a run that fails loses nothing.
    fn run_until_done(&self) {
        let began = Instant::now();
        for _ in 0..RUNS {
            let output = self.run();
            if output.status.success() {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{}", String::from_utf8_lossy(&output.stderr));
        }
        panic!("not done after {RUNS} runs: {}", said(&self.run()));
    }

    /// The store has what the tenant has, each document under the `_id` of the mapping, and nothing else.
    #[track_caller]
    fn check_store(&self) {
        let stored = self.fake.documents(STREAM);
        self.served.tenant.check_delivery(&stored.values().cloned().collect::<Vec<_>>()).unwrap();
        let records: Vec<_> =
            self.served.tenant.visible_rows().iter().map(|row| serde_json::to_string(row).unwrap()).collect();
        let no_geo = geo(&project().join("fixtures/geo/City.mmdb"), &project().join("fixtures/geo/ASN.mmdb"));
        let mapped = map("2.2", &Settings::default(), &no_geo, &records.join("\n"), &Origin::default());
        let expected: BTreeSet<_> = mapped.iter().map(|line| line["_id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(stored.into_keys().collect::<BTreeSet<_>>(), expected);
    }
}

fn said(output: &Output) -> String {
    harness::said(String::from_utf8_lossy(&output.stderr).into_owned())
}

#[track_caller]
fn check_failures(failures: Vec<Failure>) {
    let delivery = Delivery::elasticsearch(Setup { failures, ..Setup::default() });
    delivery.run_until_done();
    assert_eq!(delivery.fake.failures_left(), 0);
    delivery.check_store();
}

fn answer(status: u16, retry_after: Option<u32>) -> Failure {
    Failure::Answer { status, retry_after, kind: "es_rejected_execution_exception" }
}

#[test]
fn documents_are_stored_under_their_ids() {
    let delivery = Delivery::elasticsearch(Setup::default());
    let output = delivery.run();
    assert!(output.status.success(), "{}", said(&output));
    delivery.check_store();
    let requests = delivery.fake.requests();
    assert_eq!(requests.len(), 3, "one a page");
    for request in requests {
        assert!(request.target.starts_with(&format!("/{STREAM}/_bulk?pipeline=_none&")), "{}", request.target);
        assert_eq!(request.headers["content-type"], "application/x-ndjson");
        assert!(request.sent_bytes * 3 < request.body.len(), "compressed");
    }
}

// Two failures each: a run waits longer before every attempt.

#[test]
fn requests_that_are_too_many_are_sent_again() {
    check_failures(vec![answer(429, Some(1)), answer(503, None)]);
}

#[test]
fn requests_that_a_host_fails_on_are_sent_again() {
    check_failures(vec![answer(500, None), answer(408, None)]);
}

#[test]
fn documents_that_are_too_many_are_sent_again() {
    let partly = |status, kind| Failure::Partly { status, kind };
    check_failures(vec![partly(429, "es_rejected_execution_exception"), partly(503, "unavailable_shards_exception")]);
}

#[test]
fn documents_that_are_blocked_come_when_they_may() {
    check_failures(vec![Failure::Partly { status: 403, kind: "cluster_block_exception" }]);
}

#[test]
fn time_outs_lose_nothing_and_store_nothing_twice() {
    check_failures(vec![Failure::StoreAndHang, Failure::Hang]);
}

#[test]
fn connections_that_break_lose_nothing_and_store_nothing_twice() {
    check_failures(vec![Failure::StoreAndCut, Failure::Cut]);
}

#[test]
fn answers_that_are_none_lose_nothing_and_store_nothing_twice() {
    check_failures(vec![Failure::StoreAndAnswerMarkup, Failure::StoreAndAnswerForOne]);
}

#[test]
fn requests_are_cut_to_what_the_host_takes() {
    let max_bytes = Some(20_000);
    let delivery = Delivery::elasticsearch(Setup { max_bytes, ..Setup::default() });
    let output = delivery.run();
    assert!(output.status.success(), "{}", said(&output));
    delivery.check_store();
    let too_large = delivery.fake.requests().iter().filter(|request| request.body.len() > 20_000).count();
    assert!((1..=4).contains(&too_large), "{too_large}: the limit is learned");
}

#[test]
fn requests_are_cut_to_what_the_settings_say() {
    let output =
        "type = \"elasticsearch\"\nurl = \"URL\"\nmax_bytes = 9000\nmax_documents = 3\ncompression = \"none\"\n";
    let delivery = Delivery::new(Setup::default(), output);
    let output = delivery.run();
    assert!(output.status.success(), "{}", said(&output));
    delivery.check_store();
    let requests = delivery.fake.requests();
    assert!(requests.iter().all(|request| request.body.len() <= 9000 && request.sent_bytes == request.body.len()));
    assert!(requests.iter().all(|request| request.body.iter().filter(|byte| **byte == b'\n').count() <= 6));
}

#[test]
fn another_host_is_asked_when_one_fails() {
    // A port that nobody listens on.
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = format!("type = \"elasticsearch\"\nurls = [\"http://{dead}\", \"URL\"]\nrequest_timeout = \"1s\"\n");
    let failures = vec![Failure::Hang, answer(502, None)];
    let delivery = Delivery::new(Setup { failures, ..Setup::default() }, &output);
    delivery.run_until_done();
    delivery.check_store();
}

#[test]
fn whoever_may_not_write_is_told_so_and_nothing_is_lost() {
    let setup = || Setup { authorization: Some("ApiKey aWQ6a2V5".to_owned()), ..Setup::default() };
    let delivery = Delivery::new(setup(), "type = \"elasticsearch\"\nurl = \"URL\"\napi_key = \"id:other-key\"\n");
    let output = delivery.run();
    assert_eq!(output.status.code(), Some(1));
    let said = said(&output);
    assert!(said.contains("401 Unauthorized: security_exception"), "{said}");
    assert!(said.contains("hint: are `api_key`, or `username` and `password`, right?"), "{said}");
    assert!(!said.contains("other-key") && !said.contains("aWQ6b3RoZXIta2V5"), "{said}");
    assert!(delivery.fake.documents(STREAM).is_empty());
    // Mended, everything comes.
    let settings = fs::read_to_string(delivery.settings()).unwrap();
    fs::write(delivery.settings(), settings.replace("id:other-key", "id:key")).unwrap();
    delivery.run_until_done();
    delivery.check_store();
}

#[test]
fn a_key_in_a_file_is_replaced_while_the_daemon_runs() {
    let setup = Setup { authorization: Some("ApiKey aWQ6a2V5".to_owned()), ..Setup::default() };
    let delivery = Delivery::new(setup, "type = \"elasticsearch\"\nurl = \"URL\"\napi_key_file = \"key\"\n");
    let key = delivery.served.folder.path().join("key");
    fs::write(&key, "id:old-key\n").unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_exotrace"));
    program.args(["run", "--config"]).arg(delivery.settings()).stderr(Stdio::piped());
    let mut daemon = program.spawn().unwrap();
    let mut log = BufReader::new(daemon.stderr.take().unwrap()).lines();
    let refused = log.any(|line| line.unwrap().contains("401 Unauthorized"));
    assert!(refused && delivery.fake.documents(STREAM).is_empty());
    let rest = thread::spawn(move || log.map_while(Result::ok).collect::<Vec<_>>().join("\n"));
    fs::write(&key, "id:key\n").unwrap();
    wait_for("documents", || delivery.fake.documents(STREAM).len() == 60);
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    let said = rest.join().unwrap();
    assert!(said.contains("secret is read anew, since its file has changed"), "{said}");
    assert!(!said.contains("id:key") && !said.contains("aWQ6a2V5"), "{said}");
    delivery.check_store();
}

#[test]
fn a_secret_is_given_in_one_way_and_has_to_be_there() {
    for (output, expected) in [
        (
            "api_key = \"id:key\"\napi_key_file = \"key\"\n",
            "`output.api_key_file` and `output.api_key` exclude each other",
        ),
        (
            "username = \"a\"\npassword = \"b\"\npassword_file = \"key\"\n",
            "`output.password_file` and `output.password` exclude",
        ),
        ("password_file = \"key\"\n", "`output.password_file` goes with `username`"),
        ("api_key_file = \"none\"\n", "exotrace.toml:15: `output.api_key_file`: could not read `none`: No such file"),
        ("api_key_file = \"empty\"\n", "`output.api_key_file`: could not read `empty`: the file is empty"),
    ] {
        let delivery = Delivery::new(Setup::default(), &format!("type = \"elasticsearch\"\nurl = \"URL\"\n{output}"));
        fs::write(delivery.served.folder.path().join("key"), "id:key").unwrap();
        fs::write(delivery.served.folder.path().join("empty"), "\n").unwrap();
        let output = delivery.run();
        assert_eq!(output.status.code(), Some(78), "{}", said(&output));
        assert!(said(&output).contains(expected), "{expected}: {}", said(&output));
    }
}

#[test]
fn headers_come_from_files_too() {
    let setup = Setup { authorization: Some("Splunk simulated-token".to_owned()), ..Setup::default() };
    let delivery =
        Delivery::new(setup, "type = \"http\"\nurl = \"URL/in\"\nheader_files = { Authorization = \"token\" }\n");
    fs::write(delivery.served.folder.path().join("token"), "Splunk simulated-token\n").unwrap();
    let output = delivery.run();
    assert!(output.status.success(), "{}", said(&output));
    delivery.served.tenant.check_delivery(&delivery.fake.lines()).unwrap();
}

#[test]
fn a_host_that_wants_a_certificate_gets_one() {
    let file = |key: &str, name: &str| format!("{key} = \"{}\"\n", certificate_file(name).display());
    let output = "type = \"elasticsearch\"\nurl = \"TLS_URL\"\n".to_owned();
    let trusting = output.clone() + &file("ca_file", "ca.pem");
    for (settings, hint) in [(&output, "hint: `ca_file` names"), (&trusting, "hint: are `certificate_file`")] {
        let delivery = Delivery::new(Setup::default(), settings);
        // A run would ask again for a while.
        let output = delivery.apply_template();
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains("could not reach `https://localhost:"), "{}", said(&output));
        assert!(said(&output).contains(hint), "{}", said(&output));
        assert!(delivery.fake.resources().is_empty());
    }
    let certificate = file("certificate_file", "client.pem") + &file("private_key_file", "client-key.pem");
    let delivery = Delivery::new(Setup::default(), &(trusting + &certificate));
    let output = delivery.run();
    assert!(output.status.success(), "{}", said(&output));
    delivery.check_store();
}

#[test]
fn certificates_that_cannot_be_used_are_named() {
    for (settings, expected) in [
        ("ca_file = \"exotrace.toml\"\n", "hint: `ca_file` has to have certificates in PEM"),
        ("certificate_file = \"exotrace.toml\"\n", "hint: a certificate and its private key in PEM"),
        ("ca_file = \"none.pem\"\n", "none.pem`: No such file"),
    ] {
        let output = format!("type = \"elasticsearch\"\nurl = \"URL\"\n{settings}");
        let output = Delivery::new(Setup::default(), &output).run();
        assert_eq!(output.status.code(), Some(78));
        assert!(said(&output).contains(expected), "{}", said(&output));
    }
}

#[test]
fn a_second_collection_stores_nothing_twice() {
    let delivery = Delivery::elasticsearch(Setup::default());
    delivery.run_until_done();
    fs::remove_dir_all(delivery.served.folder.path().join("state")).unwrap();
    delivery.run_until_done();
    delivery.check_store();
    assert_eq!(delivery.fake.duplicates(), 60);
}

#[test]
fn documents_are_posted_to_whatever_takes_them() {
    let bearer = Setup { authorization: Some("Bearer simulated-token".to_owned()), ..Setup::default() };
    let splunk = Setup { authorization: Some("Splunk simulated-token".to_owned()), ..Setup::default() };
    let failures = vec![answer(503, None), Failure::Hang];
    for (setup, failures, rest, content_type) in [
        (bearer, failures, "bearer_token = \"simulated-token\"\n", "application/x-ndjson"),
        (
            splunk,
            Vec::new(),
            "format = \"json\"\nheaders = { Authorization = \"Splunk simulated-token\" }\n",
            "application/json",
        ),
    ] {
        let output = format!("type = \"http\"\nurl = \"URL/in?x=1\"\nrequest_timeout = \"1s\"\n{rest}");
        let delivery = Delivery::new(Setup { failures, ..setup }, &output);
        delivery.run_until_done();
        delivery.served.tenant.check_delivery(&delivery.fake.lines()).unwrap();
        let requests = delivery.fake.requests();
        assert!(requests.iter().all(|request| request.target == "/in?x=1"));
        assert!(requests.iter().all(|request| request.headers["content-type"] == content_type));
    }
}

#[test]
fn templates_are_put_and_the_policy_of_people_stays() {
    let delivery = Delivery::elasticsearch(Setup::default());
    let output = delivery.apply_template();
    assert!(output.status.success(), "{}", said(&output));
    let put = delivery.fake.resources();
    let printed: Value = serde_json::from_slice(&exotrace(&["elasticsearch", "template"], "").stdout).unwrap();
    assert_eq!(serde_json::to_value(&put).unwrap(), printed);
    assert_eq!(put.len(), 3);
    let again = said(&delivery.apply_template());
    assert!(again.contains("kept _ilm/policy/exotrace-message-trace\n"), "{again}");
    assert!(again.contains("put  _index_template/exotrace-message-trace\n"), "{again}");
}

#[test]
fn templates_are_for_a_namespace_that_can_be() {
    let output = exotrace(&["elasticsearch", "template", "--namespace", "A"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("a namespace has no capital letters"), "{}", said(&output));
    let output = exotrace(&["elasticsearch", "template", "--opensearch", "--namespace", "it"], "");
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed.as_object().unwrap().len(), 2);
}

/// `make test` installs the client.
#[test]
fn the_official_client_writes_and_reads_the_same() {
    let delivery = Delivery::elasticsearch(Setup::default());
    delivery.run_until_done();
    let folder = project().join("target/tools/elasticsearch");
    let ready = fs::read_to_string(folder.join("ready")).expect("`make test` installs the client of Elasticsearch");
    if ready.trim() != "installed" {
        println!("{ready}");
        return;
    }
    let mut check = Command::new(folder.join("venv/bin/python"));
    check.arg(project().join("tests/hosts/elasticsearch/check.py")).args([&delivery.fake.url(), STREAM]);
    for (number, request) in delivery.fake.requests().iter().enumerate() {
        let path = delivery.served.folder.path().join(format!("request-{number}.ndjson"));
        fs::write(&path, &request.body).unwrap();
        check.arg(path);
    }
    let output = check.output().unwrap();
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), said(&output));
    assert!(output.stdout.starts_with(b"60 documents in 3 requests"), "{}", String::from_utf8_lossy(&output.stdout));
}
