//! From the simulated tenant through the program to a fake Elasticsearch that fails in every way: what is stored is what
//! the tenant has, each under its `_id`.

use std::{collections::BTreeSet, fs, process::Command};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use exotrace_fake_elasticsearch::{Echo, Failure, FakeElasticsearch, Setup, certificate_file};

use crate::harness::{Ended, SimulatedTenant, fixture, project, wait_for};

mod templates;

const STREAM: &str = "logs-microsoft_exchange_online_message_trace.log-default";

/// So often a run may fail before one succeeds.
const RUNS: usize = 12;

/// A tenant, a store, and settings that lead from one to the other.
struct Delivery {
    tenant: SimulatedTenant,
    fake: FakeElasticsearch,
}

impl Delivery {
    /// `output` is the rest of the output's settings; `URL` in it is where the fake is, and `TLS_URL` where it wants a
    /// certificate.
    fn new(setup: Setup, output: &str) -> Self {
        let tenant = SimulatedTenant::with_rows(60);
        let fake = FakeElasticsearch::start(setup);
        let output = output.replace("TLS_URL", &fake.tls_url()).replace("URL", &fake.url());
        tenant.write_settings(&format!("{}batch_size = 20\n[[output]]\n{output}", tenant.source()));
        Self { tenant, fake }
    }

    fn elasticsearch(setup: Setup) -> Self {
        Self::new(setup, "type = \"elasticsearch\"\nurl = \"URL\"\n")
    }

    fn run(&self) -> Ended {
        self.tenant.exotrace(&["run", "--once"]).run()
    }

    fn apply_template(&self) -> Ended {
        self.apply_template_with(&[])
    }

    fn apply_template_with(&self, arguments: &[&str]) -> Ended {
        self.tenant.exotrace(&[&["elasticsearch", "template", "--apply"], arguments].concat()).run()
    }

    /// Runs until everything is delivered: a run that fails loses nothing.
    #[track_caller]
    fn run_until_done(&self) {
        let mut runs = (0..RUNS).map(|_| self.run());
        assert!(runs.any(|ended| ended.status.success()), "not done after {RUNS} runs: {}", self.run());
    }

    /// The store has what the tenant has, each document under the `_id` of the mapping, and nothing else.
    #[track_caller]
    fn check_store(&self) {
        let stored = self.fake.documents(STREAM);
        self.tenant.check(&stored.values().cloned().collect::<Vec<_>>());
        assert_eq!(stored.into_keys().collect::<BTreeSet<_>>(), self.tenant.visible_ids());
    }
}

#[track_caller]
fn check_failures(failures: Vec<Failure>) {
    let output = "type = \"elasticsearch\"\nurl = \"URL\"\nrequest_timeout = \"1s\"\n";
    let delivery = Delivery::new(Setup { failures, ..Setup::default() }, output);
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
    delivery.run().with(0);
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
    delivery.run().with(0);
    delivery.check_store();
    let too_large = delivery.fake.requests().iter().filter(|request| request.body.len() > 20_000).count();
    assert!((1..=4).contains(&too_large), "{too_large}: the limit is learned");
}

#[test]
fn requests_are_cut_to_what_the_settings_say() {
    let output =
        "type = \"elasticsearch\"\nurl = \"URL\"\nmax_bytes = 9000\nmax_documents = 3\ncompression = \"none\"\n";
    let delivery = Delivery::new(Setup::default(), output);
    delivery.run().with(0);
    delivery.check_store();
    let requests = delivery.fake.requests();
    assert!(requests.iter().all(|request| request.body.len() <= 9000 && request.sent_bytes == request.body.len()));
    assert!(requests.iter().all(|request| request.body.iter().filter(|byte| **byte == b'\n').count() <= 6));
}

#[test]
fn another_host_is_asked_when_one_fails() {
    // A port that nobody listens on.
    let output = "type = \"elasticsearch\"\nurls = [\"http://127.0.0.1:9\", \"URL\"]\nrequest_timeout = \"1s\"\n";
    let failures = vec![Failure::Hang, answer(502, None)];
    let delivery = Delivery::new(Setup { failures, ..Setup::default() }, output);
    delivery.run_until_done();
    delivery.check_store();
}

#[test]
fn missing_permission_to_write_is_named_and_nothing_is_lost() {
    let setup = || Setup { authorization: Some("ApiKey aWQ6a2V5".to_owned()), ..Setup::default() };
    let delivery = Delivery::new(setup(), "type = \"elasticsearch\"\nurl = \"URL\"\napi_key = \"id:other-key\"\n");
    let said = delivery.run().with(1).said();
    assert!(said.contains("401 Unauthorized: security_exception"), "{said}");
    assert!(said.contains("hint: are `api_key`, or `username` and `password`, right?"), "{said}");
    assert!(!said.contains("other-key") && !said.contains("aWQ6b3RoZXIta2V5"), "{said}");
    assert!(delivery.fake.documents(STREAM).is_empty());
    // Mended, everything comes.
    delivery.tenant.change_settings("id:other-key", "id:key");
    delivery.run_until_done();
    delivery.check_store();
}

#[test]
fn a_key_in_a_file_is_replaced_while_the_daemon_runs() {
    let setup = Setup { authorization: Some("ApiKey aWQ6a2V5".to_owned()), ..Setup::default() };
    let delivery = Delivery::new(setup, "type = \"elasticsearch\"\nurl = \"URL\"\napi_key_file = \"key\"\n");
    delivery.tenant.write("key", "id:old-key\n");
    let daemon = delivery.tenant.exotrace(&["run"]).start();
    daemon.wait_for_log("401 Unauthorized");
    assert!(delivery.fake.documents(STREAM).is_empty());
    delivery.tenant.write("key", "id:key\n");
    wait_for("documents", || delivery.fake.documents(STREAM).len() == 60);
    let said = daemon.log();
    assert!(said.contains("secret file changed; secret read again"), "{said}");
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
        delivery.tenant.write("key", "id:key");
        delivery.tenant.write("empty", "\n");
        let ended = delivery.run().with(78);
        assert!(ended.said().contains(expected), "{expected}: {ended}");
    }
}

#[test]
fn headers_come_from_files_too() {
    let setup = Setup { authorization: Some("Splunk simulated-token".to_owned()), ..Setup::default() };
    let delivery =
        Delivery::new(setup, "type = \"http\"\nurl = \"URL/in\"\nheader_files = { Authorization = \"token\" }\n");
    delivery.tenant.write("token", "Splunk simulated-token\n");
    delivery.run().with(0);
    delivery.tenant.check(&delivery.fake.lines());
}

#[test]
fn a_host_that_wants_a_certificate_gets_one() {
    let file = |key: &str, name: &str| format!("{key} = \"{}\"\n", certificate_file(name).display());
    let output = "type = \"elasticsearch\"\nurl = \"TLS_URL\"\n".to_owned();
    let trusting = output.clone() + &file("ca_file", "ca.pem");
    for (settings, hint) in [(&output, "hint: `ca_file` names"), (&trusting, "hint: are `certificate_file`")] {
        let delivery = Delivery::new(Setup::default(), settings);
        // A run would ask again for a while.
        let said = delivery.apply_template().with(1).said();
        assert!(said.contains("could not reach `https://localhost:") && said.contains(hint), "{said}");
        assert!(delivery.fake.resources().is_empty());
    }
    let certificate = file("certificate_file", "client.pem") + &file("private_key_file", "client-key.pem");
    let delivery = Delivery::new(Setup::default(), &(trusting + &certificate));
    delivery.run().with(0);
    delivery.check_store();
}

#[test]
fn a_certificate_is_replaced_while_the_daemon_runs() {
    let settings = format!(
        "type = \"elasticsearch\"\nurl = \"TLS_URL\"\nca_file = \"{}\"\ncertificate_file = \"both.pem\"\n",
        certificate_file("ca.pem").display()
    );
    let delivery = Delivery::new(Setup::default(), &settings);
    let stranger = fs::read(fixture("certificates/both.pem")).unwrap();
    delivery.tenant.write("both.pem", &stranger);
    let daemon = delivery.tenant.exotrace(&["run"]).start();
    daemon.wait_for_log("CertificateUnknown");
    // What cannot be used is said, and changes nothing.
    delivery.tenant.write("both.pem", "no certificate\n");
    daemon.wait_for_log("could not use the changed certificates and keys");
    let [certificate, key] = ["client.pem", "client-key.pem"].map(|name| fs::read(certificate_file(name)).unwrap());
    delivery.tenant.write("both.pem", [certificate, key].concat());
    wait_for("documents", || delivery.fake.documents(STREAM).len() == 60);
    delivery.check_store();
}

/// A host may repeat anything of what it was sent: nobody gets to see the secret.
#[test]
fn a_secret_that_a_host_repeats_is_kept_and_shown_nowhere() {
    const KEY: &str = "id-of-key:Q~8w+kept/for<nobody>&'=x";
    let api_key = format!("type = \"elasticsearch\"\nurl = \"URL\"\napi_key = \"{KEY}\"\n");
    let password = format!("type = \"elasticsearch\"\nurl = \"URL\"\nusername = \"me\"\npassword = \"{KEY}\"\n");
    let bearer = format!("type = \"http\"\nurl = \"URL/in\"\nbearer_token = \"{}\"\n", &KEY[10..]);
    let everything = [Echo::Answer(400), Echo::Answer(401), Echo::Answer(403), Echo::Answer(503), Echo::Documents(400)];
    let two = [Echo::Answer(401), Echo::Documents(400)];
    for (output, echoes) in [(api_key, &everything[..]), (password, &two[..]), (bearer, &two[..])] {
        for echo in echoes.iter().copied() {
            let delivery = Delivery::new(Setup { echo: Some(echo), ..Setup::default() }, &output);
            let mut daemon = delivery.tenant.exotrace(&["run"]).env("EXOTRACE_LOG", "debug").start();
            wait_for("an answer", || !delivery.fake.requests().is_empty());
            let doctor = delivery.tenant.exotrace(&["doctor"]).run();
            wait_for("a word of it", || {
                ["could not deliver", "dead letter", "batch delivered", "page delivered"]
                    .iter()
                    .any(|said| daemon.log().contains(said))
            });
            let status = delivery.tenant.exotrace(&["status", "--json"]).run();
            daemon.kill();
            let listed = delivery.tenant.exotrace(&["replay", "--list"]).run();
            let said = format!("{}{}{doctor}{status}{listed}", daemon.log(), daemon.output());
            let secrets = [&KEY[10..], KEY].map(str::to_owned);
            let encoded = [KEY.to_owned(), format!("me:{KEY}")].map(|text| STANDARD.encode(text));
            for secret in secrets.iter().chain(&encoded) {
                assert!(!said.contains(secret), "{echo:?}: {secret} in {said}");
                for (path, bytes) in delivery.tenant.files() {
                    let is_in = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                    assert!(path.ends_with("exotrace.toml") || !is_in, "{echo:?}: {secret} in {}", path.display());
                }
            }
        }
    }
}

#[test]
fn certificates_that_cannot_be_used_are_named() {
    for (settings, expected) in [
        ("ca_file = \"exotrace.toml\"\n", "hint: `ca_file` has to have certificates in PEM"),
        ("certificate_file = \"exotrace.toml\"\n", "hint: a certificate and its private key in PEM"),
        ("ca_file = \"none.pem\"\n", "none.pem`: No such file"),
    ] {
        let output = format!("type = \"elasticsearch\"\nurl = \"URL\"\n{settings}");
        let ended = Delivery::new(Setup::default(), &output).run().with(78);
        assert!(ended.said().contains(expected), "{ended}");
    }
}

#[test]
fn a_second_collection_stores_nothing_twice() {
    let delivery = Delivery::elasticsearch(Setup::default());
    delivery.run_until_done();
    fs::remove_dir_all(delivery.tenant.path("state")).unwrap();
    delivery.run_until_done();
    delivery.check_store();
    assert_eq!(delivery.fake.duplicates(), 60);
}

#[test]
fn documents_are_posted_to_any_server_that_takes_them() {
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
        // Not shorter: what was taken without an answer in time would come twice.
        let output = format!("type = \"http\"\nurl = \"URL/in?x=1\"\nrequest_timeout = \"10s\"\n{rest}");
        let delivery = Delivery::new(Setup { failures, ..setup }, &output);
        delivery.run_until_done();
        delivery.tenant.check(&delivery.fake.lines());
        let requests = delivery.fake.requests();
        assert!(requests.iter().all(|request| request.target == "/in?x=1"));
        assert!(requests.iter().all(|request| request.headers["content-type"] == content_type));
    }
}

#[test]
#[ignore = "needs the official client of Elasticsearch, which `make test` installs"]
fn the_official_client_writes_and_reads_the_same() {
    let delivery = Delivery::elasticsearch(Setup::default());
    delivery.run_until_done();
    let mut check = Command::new(project().join("target/tools/elasticsearch/venv/bin/python"));
    check.arg(project().join("tests/hosts/elasticsearch/check.py")).args([&delivery.fake.url(), STREAM]);
    for (number, request) in delivery.fake.requests().iter().enumerate() {
        check.arg(delivery.tenant.write(&format!("request-{number}.ndjson"), &request.body));
    }
    let output = check.output().expect("`make test` installs the client");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.starts_with("60 documents in 3 requests"), "{said}");
}
