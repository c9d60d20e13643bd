//! The status page as browsers and programs get it; `tests/browser` opens it.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    os::unix::fs::PermissionsExt as _,
};

use exotrace_fake_elasticsearch::{FakeElasticsearch, Setup};
use serde_json::Value;

use super::{DOWN, FAILURES, Monitored, STDOUT, tenant};
use crate::harness::{SimulatedTenant, wait_for};

const TOKEN: &str = "a-token-that-nobody-guesses";

/// What was answered: status, head and body.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        serde_json::from_str(&self.body).unwrap()
    }
}

impl Monitored {
    /// Sends a request with these lines in its head, and a body.
    fn send(&self, request: &str, head: &[&str], body: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let lines: String = head.iter().map(|line| format!("{line}\r\n")).collect();
        let length = body.len();
        write!(stream, "{request} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n{lines}\r\n{body}")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_lowercase(), body: body.to_owned() }
    }

    fn ask(&self, path: &str, head: &[&str]) -> Answer {
        self.send(&format!("GET {path}"), head, "")
    }

    fn report(&self) -> Value {
        self.ask("/status.json", &[]).json()
    }
}

#[test]
fn the_page_is_one_file_that_loads_nothing_and_may_do_little() {
    let tenant = tenant();
    let monitored = Monitored::start(&tenant, STDOUT);
    wait_for("the first page", || monitored.get("/readyz").0 == 200);
    let page = monitored.ask("/", &[]);
    assert_eq!(page.status, 200);
    for line in [
        "content-type: text/html; charset=utf-8",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
        "cache-control: no-store",
        "x-frame-options: deny",
    ] {
        assert!(page.head.contains(line), "{line}: {}", page.head);
    }
    let policy = page.head.lines().find(|line| line.starts_with("content-security-policy: ")).unwrap();
    for rule in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "script-src 'sha256-"] {
        assert!(policy.contains(rule), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    // Without JavaScript, the tables have it.
    for text in
        ["<h2 id=\"coverage-title\">Coverage</h2>", "<th scope=\"row\">graph</th>", "<th scope=\"row\">here</th>"]
    {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
    for outside in [" src=", "<link", "<iframe", " style=", " onclick"] {
        assert!(!page.body.contains(outside), "{outside}");
    }
    assert!(monitored.get("/metrics").0 == 200 && monitored.ask("/metrics", &[]).head.contains("nosniff"));
}

#[test]
fn odd_requests_get_an_answer_that_says_what_is_wrong() {
    let tenant = tenant();
    let monitored = Monitored::start(&tenant, STDOUT);
    let head = monitored.send("HEAD /", &[], "");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    for (request, status) in [
        ("DELETE /", 405),
        ("PUT /status.json", 405),
        ("POST /status.json", 405),
        ("OPTIONS /", 405),
        ("GET //", 404),
        ("GET /../etc/passwd", 404),
        ("GET /%2e%2e/", 404),
        ("GET /status.json/", 404),
        ("GET /favicon.ico", 204),
        ("GET /status.json?span=week", 200),
        ("GET /status.json?span=year", 400),
        ("GET /status.json?source=nobody", 400),
        ("GET /?token=secret", 400),
        ("GET /?span=week&source=graph", 200),
    ] {
        let answer = monitored.send(request, &[], "");
        assert_eq!(answer.status, status, "{request}: {}", answer.body);
        assert!(answer.head.contains("x-content-type-options: nosniff"), "{request}");
    }
    let said = monitored.ask("/status.json?span=year", &[]).body;
    assert_eq!(said, "`span` is one of `day`, `week`, `90days`\n");
    let form = "Content-Type: application/x-www-form-urlencoded";
    // Not read to its end: the answer may be lost with the connection.
    let mut long = TcpStream::connect(monitored.address).unwrap();
    write!(long, "POST / HTTP/1.1\r\nHost: localhost\r\n{form}\r\nContent-Length: 99999999\r\n\r\ntoken=x").unwrap();
    let mut answer = String::new();
    drop(long.read_to_string(&mut answer));
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert_eq!(monitored.send("POST /", &[], "token=x").status, 415);
    // A page of somebody else.
    for origin in ["Origin: http://evil.example", "Origin: http://127.0.0.1:1", "Origin: null"] {
        assert_eq!(monitored.ask("/status.json", &[origin]).status, 403, "{origin}");
        assert_eq!(monitored.send("POST /", &[origin, form], "token=x").status, 403, "{origin}");
    }
    assert_eq!(monitored.ask("/status.json", &["Origin: http://localhost"]).status, 200);
}

/// What was delivered is told by time, also after the program was started again.
#[test]
fn history_outlives_the_process() {
    let tenant = SimulatedTenant::misbehaving(&["late-rows=0.3", "lateness=1s"]);
    let mut monitored = Monitored::start(&tenant, STDOUT);
    let rows = |report: &Value| report["sources"][0]["delivered"]["documents"].as_u64().unwrap();
    // Metrics hear of the newest record when the ledger has noted its page.
    let is_told = |report: &Value| rows(report) == 20 && report["sources"][0]["lag_seconds"].is_u64();
    wait_for("all rows", || is_told(&monitored.report()));
    let report = monitored.report();
    let sum: u64 = report["history"].as_array().unwrap().iter().map(|step| step["rows"].as_u64().unwrap()).sum();
    assert_eq!(sum, 20, "{report:#}");
    let source = &report["sources"][0];
    assert!(source["covered_until"].is_string() && source["lag_seconds"].is_u64(), "{source:#}");
    assert_eq!((&source["requests"]["budget"], &source["gap_count"]), (&Value::from(1000), &Value::from(0)));
    assert_eq!(report["outputs"][0]["delivered"], 20);
    assert_eq!(report["mapping"]["status"]["mapping"], "2.2.0");
    assert_eq!(report["mapping"]["history"][0]["event"], "started");
    assert_eq!(report["run"]["pid"], monitored.daemon.id());
    monitored.daemon.stop();
    let daemon = tenant.exotrace(&["run"]).start();
    let mut again = Monitored { daemon, said: 0, address: monitored.address };
    again.follow();
    for span in ["day", "week", "90days"] {
        let report = again.ask(&format!("/status.json?span={span}"), &[]).json();
        assert_eq!(rows(&report), 20, "{span}: {report:#}");
    }
}

/// An unreadable source, names from outside, and a source that never polled.
#[test]
fn names_are_text_and_nothing_has_to_be_there() {
    let tenant = SimulatedTenant::misbehaving(&["service-principal-missing=30m"]);
    let evil = "<script>alert(1)</script>";
    let files = format!("[[source]]\ntype = \"file\"\nname = \"{evil}\"\npaths = [\"*.csv\"]\n");
    tenant.write("<img src=x onerror=alert(2)>.csv", "neither,one\nnor,the other\n");
    let monitored = Monitored::start(&tenant, &format!("{files}{STDOUT}"));
    let files = |report: &Value| report["sources"][1]["files_in_trouble"].as_array().unwrap().len();
    wait_for("the file to be found wrong", || files(&monitored.report()) == 1);
    wait_for("the source to fail", || monitored.report()["sources"][0]["state"] == "needs_attention");
    let page = monitored.ask("/", &[]).body;
    assert!(!page.contains(evil) && page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{page}");
    let report = monitored.report();
    assert_eq!(report["sources"][0]["covered_until"], Value::Null, "{report:#}");
    assert_eq!(report["sources"][1]["has_coverage"], false, "{report:#}");
    // What came from outside is for those with the token.
    assert!(report["sources"][1]["files_in_trouble"][0].get("path").is_none(), "{report:#}");
    assert!(!page.contains("onerror"), "{page}");
    assert_eq!(report["has_reasons"], false);
}

#[test]
fn with_a_token_only_those_who_have_it_are_answered_and_they_see_reasons() {
    let tenant = tenant();
    let receiver = FakeElasticsearch::start(Setup { failures: vec![DOWN; FAILURES], ..Setup::default() });
    let outputs = format!("[[output]]\ntype = \"http\"\nname = \"there\"\nurl = \"{}/in\"\n", receiver.url());
    tenant.write("token", format!("{TOKEN}\n"));
    fs::set_permissions(tenant.path("token"), fs::Permissions::from_mode(0o600)).unwrap();
    let monitored = Monitored::start_with(&tenant, &outputs, "listen_token_file = \"token\"\n");
    wait_for("the output to be found down", || monitored.state("output") == "retrying");
    let bearer = format!("Authorization: Bearer {TOKEN}");
    for path in ["/status.json", "/metrics"] {
        let refused = monitored.ask(path, &[]);
        assert_eq!(refused.status, 401, "{path}");
        assert!(refused.head.contains("www-authenticate: bearer"), "{}", refused.head);
        assert_eq!(monitored.ask(path, &["Authorization: Bearer wrong"]).status, 401, "{path}");
        assert_eq!(monitored.ask(path, &[&format!("Authorization: Basic {TOKEN}")]).status, 401, "{path}");
        assert_eq!(monitored.ask(path, &[&bearer]).status, 200, "{path}");
    }
    let report = monitored.ask("/status.json", &[&bearer]).json();
    assert!(report["outputs"][0]["reason"].as_str().unwrap().contains("503"), "{report:#}");
    let form = "Content-Type: application/x-www-form-urlencoded";
    let empty = monitored.ask("/", &[]);
    assert!(empty.status == 200 && !empty.body.contains("<th scope=\"row\">there</th>"), "{}", empty.body);
    assert!(empty.body.contains("<form id=\"token-form\" method=\"post\""), "{}", empty.body);
    let page = monitored.send("POST /", &[form], &format!("token={TOKEN}&span=week"));
    assert!(page.status == 200 && page.body.contains("503"), "{}", page.body);
    let wrong = monitored.send("POST /", &[form], "token=wrong");
    assert!(wrong.status == 403 && !wrong.body.contains("503") && wrong.body.contains("The token is wrong"));
    // The token is in none of it.
    assert!(!page.body.contains(TOKEN) && !monitored.daemon.log().contains(TOKEN));
    // Another token counts from the next request on.
    tenant.write("token", "another-token-of-some-length");
    assert_eq!(monitored.ask("/status.json", &[&bearer]).status, 401);
    fs::remove_file(tenant.path("token")).unwrap();
    assert_eq!(monitored.ask("/status.json", &[&bearer]).status, 503);
}

#[test]
fn a_token_that_can_be_guessed_is_refused_with_how_to_make_one() {
    let tenant = tenant();
    tenant.settings(&tenant.by_secret());
    tenant.change_settings("state_dir", "listen_token_file = \"token\"\nstate_dir");
    let check = |token: &str, code: i32, said: &str| {
        tenant.write("token", token);
        let found = tenant.exotrace(&["check"]).ends(code).said();
        assert!(found.contains(said), "{found}");
    };
    check("short", 78, "`openssl rand -hex 32` makes one");
    check("words with blanks in them", 78, "visible characters of ASCII without spaces");
    check("", 78, "`listen_token_file`: could not read `token`: the file is empty");
    check(TOKEN, 0, "`listen_token_file` is without `listen`");
    assert!(!tenant.exotrace(&["check"]).ends(0).said().contains(TOKEN));
}

/// Readers that take nothing of the answer keep nobody else from it, and many sources cost little.
#[test]
fn three_hundred_sources_and_slow_readers_are_borne() {
    let tenant = tenant();
    let source = |number: usize| {
        format!("[[source]]\ntype = \"file\"\nname = \"tenant-{number:03}\"\npaths = [\"in/{number}/*.ndjson\"]\n")
    };
    let sources: String = (0..300).map(source).collect();
    // Each source has an instance of the mapping.
    let mapping = "[mapping]\nmax_total_memory_bytes = 4294967295\n";
    let monitored = Monitored::start(&tenant, &format!("{mapping}{sources}{STDOUT}"));
    wait_for("the first page", || monitored.report()["sources"][0]["delivered"]["rows"] == 60);
    let slow: Vec<_> = (0..100)
        .map(|_| {
            let mut stream = TcpStream::connect(monitored.address).unwrap();
            write!(stream, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
            stream
        })
        .collect();
    let report = monitored.report();
    assert_eq!(report["sources"].as_array().unwrap().len(), 301);
    assert!(monitored.ask("/", &[]).body.contains("tenant-299"));
    drop(slow);
}
