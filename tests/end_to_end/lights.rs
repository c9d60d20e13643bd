//! Every kind of source and output, set up in the commonest ways that are wrong: `check` or `doctor` finds each.
//!
//! `host/docs/doctor.md` has the same table, with the same numbers.

use std::{collections::BTreeMap, fs};

use exotrace_fake_elasticsearch::{CannedAnswer, FakeElasticsearch, Setup};
use exotrace_simulator::TenantConfig;
use serde_json::Value;

use crate::harness::{Folder, SimulatedTenant, project};

/// Nobody has this name (RFC 2606).
const NOBODY: &str = "https://no-such-host.invalid";

/// Nobody listens there.
const CLOSED: &str = "http://127.0.0.1:9";

/// One way to be wrong.
struct Case {
    kind: &'static str,
    way: &'static str,
    /// The lines that are wrong: they take the place of those with the same keys.
    lines: String,
    /// What is told.
    expected: &'static str,
    /// How the tenant misbehaves.
    faults: &'static [&'static str],
    /// How the store or receiver is.
    setup: Setup,
}

fn case(kind: &'static str, way: &'static str, lines: &str, expected: &'static str) -> Case {
    Case { kind, way, lines: lines.to_owned(), expected, faults: &[], setup: Setup::default() }
}

fn answering(status: u16, body: &'static str) -> Setup {
    Setup { answer_to_all: Some(CannedAnswer { status, content_type: "text/html", body }), ..Setup::default() }
}

fn authorized(value: &str) -> Setup {
    Setup { authorization: Some(value.to_owned()), ..Setup::default() }
}

/// Services of Microsoft: the same ways for both.
fn of_service(kind: &'static str) -> Vec<Case> {
    let with = |faults, case: Case| Case { faults, ..case };
    let page = answering(200, "<html><title>Welcome to nginx!</title>");
    let missing = match kind {
        "source graph" => {
            with(&["service-principal-missing"], case(kind, "missing part", "", "the credentials are right"))
        }
        _ => with(&["sign-in-error=7000222"], case(kind, "expired secret", "", "has expired; make a new one")),
    };
    vec![
        missing,
        case(kind, "wrong host", &format!("url = \"{NOBODY}\"\n"), "could not look up `no-such-host.invalid`"),
        case(kind, "port closed", &format!("login_url = \"{CLOSED}\"\n"), "could not connect to `127.0.0.1` at port 9"),
        case(kind, "TLS of an unknown issuer", "url = \"TLS_URL\"\n", "`source.ca_file` names certificates to trust"),
        case(kind, "wrong credentials", "client_secret = \"guess\"\n", "`source.client_secret` is wrong"),
        with(&["no-permission"], case(kind, "missing privilege", "", "with admin consent")),
        case(kind, "wrong tenant", "tenant_id = \"fabrikam.example\"\n", "AADSTS90002"),
        case(kind, "wrong id", "client_id = \"my app\"\n", "`source.client_id` is not a GUID"),
        case(kind, "typo", "client_secrit = \"x\"\n", "did you mean `client_secret`?"),
        case(
            kind,
            "unreadable file",
            "certificate_file = \"none.pem\"\nclient_secret =\n",
            "could not read `none.pem`",
        ),
        Case { setup: page, ..case(kind, "wrong answer", "url = \"URL\"\n", "first page") },
    ]
}

/// Nobody listens there.
fn closed_broker() -> String {
    "[\"127.0.0.1:9\"]".to_owned()
}

/// Brokers: the same ways for the source and the output. What brokers refuse, the tests with a real one show.
fn of_brokers(kind: &'static str) -> Vec<Case> {
    let own = match kind {
        "source kafka" => case(kind, "missing group", "group =\n", "`source.group` is missing"),
        _ => case(kind, "wrong range", "delivery_timeout = \"1d\"\n", "`output.delivery_timeout` is out of range"),
    };
    vec![
        own,
        case(kind, "wrong host", "brokers = [\"no-such-host.invalid:9093\"]\n", "brokers `no-such-host.invalid:9093`"),
        case(kind, "port closed", "", "could not reach brokers `127.0.0.1:9`"),
        case(kind, "TLS of an unknown issuer", "brokers = [\"TLS_ADDRESS\"]\ntls = true\n", "`ca_file` names"),
        case(kind, "URL", "brokers = [\"https://kafka-1:9093\"]\n", "is a URL, not a host with its port"),
        case(kind, "no port", "brokers = [\"kafka-1\"]\n", "is not a host with its port"),
        case(kind, "one text", "brokers = [\"kafka-1:9093,kafka-2:9093\"]\n", "has several brokers in one text"),
        case(kind, "typo", "brokers =\nbootstrap_servers = [\"kafka-1:9093\"]\n", "did you mean `brokers`?"),
        case(kind, "wrong topic", "topic = \"mail/contoso\"\n", "a topic has other characters in its name"),
        case(kind, "unreadable file", "tls = true\nca_file = \"none.pem\"\n", "could not read `none.pem`"),
        case(kind, "wrong sign-in", "sasl = { mechanism = \"GSSAPI\" }\n", "there is no `GSSAPI`"),
        case(
            kind,
            "no password",
            "sasl = { mechanism = \"PLAIN\", username = \"exotrace\" }\n",
            "sasl.password` is missing",
        ),
    ]
}

fn of_files() -> Vec<Case> {
    let kind = "source file";
    vec![
        case(kind, "missing folder", "paths = [\"none/*.json\"]\n", "no file matches"),
        case(kind, "wrong path", "paths = [\"***\"]\n", "wildcards are either regular"),
        case(kind, "typo", "path = [\"x\"]\n", "did you mean `paths`?"),
        case(kind, "unreadable file", "paths = [\"broken-link\"]\n", "no file matches"),
        case(kind, "wrong answer", "paths = [\"page.html\"]\n", "is HTML or XML, not records"),
        case(kind, "unexpanded variable", "paths = [\"$HOME/*.json\"]\n", "`$HOME` is not put in"),
        case(kind, "missing part", "local_domains =\n", "no `email.direction` is written"),
        case(kind, "key of another kind", "client_id = \"x\"\n", "is not for a source of type `file`"),
        case(kind, "wrong value", "date_order = \"ymd\"\n", "`month_first`, `day_first`"),
        case(kind, "wrong type", "paths = \"x\"\n", "the value is of a wrong type"),
    ]
}

fn of_elasticsearch() -> Vec<Case> {
    let kind = "output elasticsearch";
    let with = |setup, case: Case| Case { setup, ..case };
    let missing = Setup { missing_privileges: vec!["create_doc".to_owned()], ..authorized("ApiKey aWQ6a2V5") };
    vec![
        case(kind, "wrong host", &format!("url = \"{NOBODY}\"\n"), "could not reach `https://no-such-host.invalid`"),
        case(kind, "port closed", &format!("url = \"{CLOSED}\"\n"), "could not reach `http://127.0.0.1:9`"),
        case(kind, "TLS of an unknown issuer", "url = \"TLS_URL\"\n", "`ca_file` names certificates to trust"),
        with(
            authorized("ApiKey other"),
            case(kind, "wrong credentials", "", "are `api_key`, or `username` and `password`, right?"),
        ),
        with(missing, case(kind, "missing privilege", "", "lacks `create_doc`")),
        with(answering(403, "{}"), case(kind, "403 to everything", "", "and not as Elasticsearch or OpenSearch does")),
        case(kind, "wrong path", "url = \"URL/kibana\"\n", "404 Not Found, and not as Elasticsearch"),
        case(kind, "typo", "url =\nhosts = [\"URL\"]\n", "did you mean `urls`?"),
        case(kind, "unreadable file", "api_key =\napi_key_file = \"none\"\n", "could not read `none`"),
        with(
            answering(200, "<html><title>Welcome to nginx!</title>"),
            case(kind, "wrong answer", "", "a web page, \"Welcome to nginx!\""),
        ),
        with(authorized("ApiKey aWQ6a2V5"), case(kind, "missing template", "", "would become an ordinary index")),
        case(kind, "no credentials", "api_key =\n", "and so is any other credential"),
    ]
}

fn of_http() -> Vec<Case> {
    let kind = "output http";
    let with = |setup, case: Case| Case { setup, ..case };
    vec![
        case(kind, "wrong host", &format!("url = \"{NOBODY}\"\n"), "could not reach `https://no-such-host.invalid`"),
        case(kind, "port closed", &format!("url = \"{CLOSED}\"\n"), "could not reach `http://127.0.0.1:9`"),
        case(kind, "TLS of an unknown issuer", "url = \"TLS_URL\"\n", "`ca_file` names certificates to trust"),
        with(authorized("Bearer other"), case(kind, "wrong credentials", "", "are `bearer_token`, or")),
        with(answering(403, "{}"), case(kind, "missing privilege", "", "403 Forbidden")),
        case(kind, "wrong path", "url = \"URL/none\"\n", "is the path in `url` right?"),
        case(kind, "typo", "url =\nuri = \"URL\"\n", "did you mean `url`?"),
        case(kind, "unreadable file", "bearer_token =\nbearer_token_file = \"none\"\n", "could not read `none`"),
        with(answering(200, "<html>"), case(kind, "wrong answer", "", "with a web page")),
        case(
            kind,
            "in the clear",
            "url = \"http://receiver.example\"\n",
            "would send secrets and documents in the clear",
        ),
    ]
}

fn of_file_output() -> Vec<Case> {
    let kind = "output file";
    vec![
        case(kind, "missing folder", "path = \"page.html/trace.ndjson\"\n", "is a file, not a folder"),
        case(kind, "wrong path", "path = \"folder\"\n", "is a folder, not a file"),
        case(kind, "typo", "path =\nfilename = \"x\"\n", "did you mean `path`?"),
        case(kind, "missing part", "path =\n", "`output.path` is missing"),
        case(kind, "unexpanded variable", "path = \"$HOME/trace.ndjson\"\n", "`$HOME` is not put in"),
        case(kind, "variable not set", "path = \"${NO_SUCH_VARIABLE}/x\"\n", "`NO_SUCH_VARIABLE` is not set"),
        case(kind, "wrong value", "compression = \"lz4\"\n", "`none`, `gzip`, `zstd`"),
        case(kind, "wrong type", "keep = \"3\"\n", "the value is of a wrong type"),
        case(kind, "out of range", "keep = 0\n", "0 is out of range"),
        case(kind, "key of another kind", "api_key = \"x\"\n", "is not for an output of type `file`"),
    ]
}

fn of_stdout() -> Vec<Case> {
    let kind = "output stdout";
    vec![
        case(kind, "typo", "type = \"stdot\"\n", "`stdout`, `file`, `elasticsearch`, `http`"),
        case(kind, "missing part", "type =\n", "`output.type` is missing"),
        case(kind, "key of another kind", "path = \"x\"\n", "is not for an output of type `stdout`"),
    ]
}

/// The lines of a section that is right, by their keys.
fn good(kind: &str, tenant: &SimulatedTenant) -> Vec<(&'static str, String)> {
    let quoted = |text: &str| format!("\"{text}\"");
    let TenantConfig { client_id, client_secret, tenant_id, .. } = &tenant.config;
    let r#type = kind.rsplit(' ').next().unwrap_or_default();
    let mut lines = vec![("type", quoted(r#type))];
    match kind {
        "source graph" | "source reporting_webservice" => lines.extend([
            ("tenant_id", quoted(tenant_id)),
            ("client_id", quoted(client_id)),
            ("client_secret", quoted(client_secret)),
            ("login_url", quoted(&tenant.url)),
            ("url", quoted(&tenant.url)),
            ("local_domains", "[\"contoso.com\"]".to_owned()),
        ]),
        "source file" => {
            lines.extend([
                ("paths", "[\"records.json\"]".to_owned()),
                ("local_domains", "[\"contoso.com\"]".to_owned()),
            ]);
        }
        "output elasticsearch" => lines.extend([("url", quoted("URL")), ("api_key", quoted("id:key"))]),
        "output http" => lines.extend([("url", quoted("URL/in")), ("bearer_token", quoted("token"))]),
        "output file" => lines.push(("path", quoted("trace.ndjson"))),
        "source kafka" | "output kafka" => {
            lines.extend([("brokers", closed_broker()), ("topic", quoted("mail")), ("tls", "false".to_owned())]);
            if kind == "source kafka" {
                lines.push(("group", quoted("exotrace")));
            }
        }
        _ => {}
    }
    lines
}

/// A section with other lines in the place of those that are right; a key without a value is left out.
fn section(kind: &str, tenant: &SimulatedTenant, changes: &str) -> String {
    let name = kind.split(' ').next().unwrap_or_default();
    let mut lines: Vec<(String, String)> =
        good(kind, tenant).into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    for (key, value) in changes.lines().filter_map(|line| line.split_once('=')) {
        lines.retain(|(known, _)| known != key.trim());
        if !value.trim().is_empty() {
            lines.push((key.trim().to_owned(), value.trim().to_owned()));
        }
    }
    let lines: String = lines.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
    format!("[[{name}]]\n{lines}")
}

/// Sets it up, and gives what `check` and `doctor` find: errors, warnings, and steps that failed.
fn found(case: &Case) -> Vec<String> {
    let tenant = SimulatedTenant::misbehaving(case.faults);
    let fake = FakeElasticsearch::start(case.setup.clone());
    let (source, output) = match case.kind.split_once(' ') {
        Some(("source", _)) => (section(case.kind, &tenant, &case.lines), section("output stdout", &tenant, "")),
        _ => (section("source file", &tenant, ""), section(case.kind, &tenant, &case.lines)),
    };
    let settings = format!("state_dir = \"state\"\n{source}{output}");
    let tls_url = fake.tls_url();
    let settings = settings.replace("TLS_ADDRESS", tls_url.trim_start_matches("https://"));
    let settings = settings.replace("TLS_URL", &tls_url).replace("URL", &fake.url());
    tenant.write_settings(&settings);
    tenant.write("records.json", "{}\n");
    tenant.write("page.html", "<html>\n");
    fs::create_dir(tenant.path("folder")).unwrap();
    std::os::unix::fs::symlink("nowhere", tenant.path("broken-link")).unwrap();
    let run = |command: &str| tenant.bare(&[command, "--json", "exotrace.toml"]).run().json();
    let text = |value: &Value, names: &[&str]| {
        let texts = names.iter().map(|name| value[*name].as_str().unwrap_or_default());
        texts.collect::<Vec<_>>().join(" ")
    };
    // First, since it ends at once when the settings are wrong by themselves.
    let doctor = run("doctor");
    let steps = doctor["steps"].as_array().into_iter().flatten();
    let steps = steps.filter(|step| ["failed", "warning"].contains(&step["result"].as_str().unwrap_or_default()));
    let mut told: Vec<_> = steps.map(|step| text(step, &["step", "detail", "hint"])).collect();
    if !told.iter().any(|said| said.contains(case.expected)) {
        let check = run("check");
        let faults = ["errors", "warnings"].into_iter().flat_map(|kind| check[kind].as_array().into_iter().flatten());
        told.extend(faults.map(|fault| text(fault, &["problem", "hint"])));
    }
    told
}

/// The kinds that there are, as exotrace names them in the error for another one.
fn kinds() -> Vec<String> {
    let mut kinds = Vec::new();
    for section in ["source", "output"] {
        let folder = Folder::with_settings(&format!("state_dir = \"state\"\n[[{section}]]\ntype = \"none of them\"\n"));
        let checked = folder.exotrace(&["check", "--json"]).ends(78).json();
        let errors = checked["errors"].as_array().unwrap();
        let fault = errors.iter().find(|fault| fault["line"] == 3).unwrap_or_else(|| panic!("{checked}"));
        let names = fault["hint"].as_str().unwrap().split('`').skip(1).step_by(2);
        kinds.extend(names.map(|name| format!("{section} {name}")));
    }
    kinds
}

#[test]
fn every_kind_is_told_what_is_wrong_with_it() {
    let mut cases = of_service("source graph");
    cases.extend(of_service("source reporting_webservice"));
    cases.extend(of_files());
    cases.extend(of_elasticsearch());
    cases.extend(of_http());
    cases.extend(of_file_output());
    cases.extend(of_stdout());
    let kinds = kinds();
    for kind in ["source kafka", "output kafka"] {
        // Kafka is left out where it cannot be built.
        if kinds.iter().any(|known| known == kind) {
            cases.extend(of_brokers(kind));
        }
    }
    let (mut missed, mut counts) = (Vec::new(), BTreeMap::<&str, (usize, usize)>::new());
    for case in &cases {
        let told = found(case);
        let is_found = told.iter().any(|said| said.contains(case.expected));
        let count = counts.entry(case.kind).or_default();
        count.0 += usize::from(is_found);
        count.1 += 1;
        if !is_found {
            missed.push(format!("{}: {}: {}: {told:#?}", case.kind, case.way, case.expected));
        }
    }
    for kind in kinds {
        let (_, ways) = counts.get(&*kind).copied().unwrap_or_default();
        // Standard output has no settings of its own.
        assert!(ways >= if kind == "output stdout" { 3 } else { 10 }, "`{kind}` has {ways} ways to be wrong here");
    }
    let all = counts.values().map(|(_, all)| all).sum::<usize>();
    println!("{} of {all} found: {counts:?}", all - missed.len());
    assert!(missed.is_empty(), "{} of {all} found; missed: {}", all - missed.len(), missed.join("\n"));
    let docs = fs::read_to_string(project().join("host/docs/doctor.md")).unwrap();
    for (kind, (found, all)) in &counts {
        assert!(docs.contains(&format!("| `{kind}` | {found} of {all} |")), "`{kind}`: {found} of {all}");
    }
    let without_kafka = counts.keys().all(|kind| !kind.ends_with("kafka"));
    assert!(without_kafka || docs.contains(&format!("{all} of {all}")), "{all}");
}
