//! Settings that commands write: they can be used as they are.

use std::{fs, os::unix::fs::PermissionsExt as _};

use serde_json::Value;

use crate::harness::{Daemon, Ended, Folder, project, wait_for};

/// The sources, and the options that each needs.
const SOURCES: [(&str, &[&str]); 4] = [
    ("graph", &["--tenant-id", "contoso.onmicrosoft.com", "--local-domain", "contoso.com"]),
    ("reporting-webservice", &["--tenant-id", "contoso.com", "--client-id", ID, "--client-secret-file", "secret"]),
    ("kafka", &["--source-broker", "kafka-1:9093", "--source-topic", "raw", "--group", "mappers"]),
    (
        "file",
        &["--paths", "/var/log/exchange/*.csv", "--local-domain", "contoso.com", "--local-domain", "*.contoso.com"],
    ),
];

/// The outputs, and the options that each needs.
const OUTPUTS: [(&str, &[&str]); 6] = [
    ("kafka", &["--broker", "kafka-1:9093", "--broker", "kafka-2:9093", "--topic", "mail"]),
    ("elasticsearch", &["--url", "https://localhost:9200"]),
    ("elasticsearch", &["--url", "https://localhost:9200", "--api-key-file", "secret"]),
    ("file", &["--output-file", "my mail \"quoted\".ndjson"]),
    ("http", &["--url", "https://localhost:8088/x", "--bearer-token-env", "TOKEN"]),
    ("stdout", &[]),
];

const ID: &str = "11111111-2222-3333-4444-555555555555";

/// What the settings take from the environment.
const ENVIRONMENT: [(&str, &str); 4] = [
    ("EXOTRACE_CLIENT_ID", ID),
    ("EXOTRACE_CLIENT_SECRET", "secret"),
    ("EXOTRACE_API_KEY", "id:key"),
    ("TOKEN", "token"),
];

#[track_caller]
fn init(folder: &Folder, arguments: &[&str]) -> Ended {
    folder.bare(&[&["init"], arguments].concat()).run()
}

#[test]
fn what_init_writes_passes_check_for_every_source_and_output() {
    let is_built_in = |kind: &str| cfg!(feature = "kafka") || kind != "kafka";
    for (source, of_source) in SOURCES.into_iter().filter(|(source, _)| is_built_in(source)) {
        for (output, of_output) in OUTPUTS.into_iter().filter(|(output, _)| is_built_in(output)) {
            let folder = Folder::new();
            folder.write("secret", "s3cret\n");
            fs::set_permissions(folder.path("secret"), fs::Permissions::from_mode(0o600)).unwrap();
            let ended =
                init(&folder, &[&["--source", source, "--output", output], of_source, of_output].concat()).with(0);
            let checked = folder.bare(&["check", "--json", "exotrace.toml"]).envs(&ENVIRONMENT).run();
            let report = checked.json();
            assert_eq!(
                (checked.code(), &report["errors"]),
                (Some(0), &serde_json::json!([])),
                "{source}, {output}: {checked}"
            );
            for warning in report["warnings"].as_array().unwrap() {
                let problem = warning["problem"].as_str().unwrap();
                let is_expected = ["no file matches", "local_domains"].iter().any(|part| problem.contains(part));
                assert!(is_expected, "{source}, {output}: {problem}");
            }
            assert_eq!(report["sources"][0]["type"], source.replace('-', "_"));
            // Without what the environment has, check says what is missing.
            if source == "graph" {
                let said = folder.bare(&["check", "exotrace.toml"]).ends(78).stderr;
                assert!(said.contains("`EXOTRACE_CLIENT_ID` is not set"), "{said}");
            }
            told(source, output, &ended.stdout);
        }
    }
}

/// The next steps that it prints are those of this source and this output.
#[track_caller]
fn told(source: &str, output: &str, text: &str) {
    let has =
        |part: &str, is_expected: bool| assert_eq!(text.contains(part), is_expected, "{source}, {output}: {text}");
    let is_service = !matches!(source, "file" | "kafka");
    has("az login --tenant contoso.", is_service);
    has("az ad app create ", source == "graph");
    has("az ad sp create --id 8bd644d1-64a1-4d4b-ae52-2e0cbf64e373", source == "graph");
    has("New-MgServicePrincipal -AppId 8bd644d1-64a1-4d4b-ae52-2e0cbf64e373", source == "graph");
    has("az ad app permission admin-consent", is_service);
    has("kafka-topics.sh --bootstrap-server kafka-1:9093", output == "kafka");
    has("POST /_security/api_key", output == "elasticsearch");
    has("exotrace elasticsearch template --apply --config exotrace.toml", output == "elasticsearch");
    has("exotrace doctor exotrace.toml", true);
}

#[test]
fn init_keeps_what_is_there_unless_it_is_forced() {
    let folder = Folder::new();
    folder.write("exotrace.toml", "precious");
    let options = ["--source", "file", "--paths", "*.csv", "--output", "stdout"];
    let said = init(&folder, &options).with(2).stderr;
    assert!(said.contains("`exotrace.toml` exists\nhint: `--force` replaces it"), "{said}");
    assert_eq!(folder.read("exotrace.toml"), "precious");
    init(&folder, &[&options[..], &["--force"]].concat()).with(0);
    assert!(folder.read("exotrace.toml").contains("type = \"file\""));
    // The same again loses nothing.
    init(&folder, &[&["-c", "other.toml"], &options[..]].concat()).with(0);
    init(&folder, &[&["nowhere/exotrace.toml"], &options[..]].concat()).with(1);
}

#[test]
fn init_names_what_is_missing_or_wrong() {
    let folder = Folder::new();
    let check = |arguments: &[&str], expected: &str| {
        let ended = init(&folder, arguments).with(2);
        assert!(ended.stderr.contains(expected), "{expected}: {ended}");
    };
    check(&[], "`--source` is required where nobody can be asked");
    check(&["--source", "graph"], "`--output` is required where nobody can be asked");
    check(&["--source", "graph", "--output", "http"], "`--tenant-id`, `--url`");
    check(&["--source", "grph"], "graph");
    check(&["--source", "graph", "--tenant-id", "my tenant"], "is neither a GUID nor a domain");
    check(&["--source", "graph", "--client-id", "my app"], "is not a GUID");
    check(&["--source", "file", "--paths", "a", "--output", "stdout", "--url", "https://x"], "`--url` is not for");
    check(&["--url", "http://elasticsearch.example.com"], "in the clear");
    check(&["--local-domain", "https://contoso.com"], "is a URL");
    check(&["--client-secret-env", "a secret"], "is not the name of an environment variable");
    assert!(!folder.path("exotrace.toml").exists());
}

#[test]
fn simulate_writes_settings_that_run_as_they_are() {
    let folder = Folder::new();
    let simulate = ["simulate", "--rows", "30", "--listen", "127.0.0.1:0", "--write-settings", "exotrace.toml"];
    let mut simulator: Daemon = folder.bare(&simulate).start();
    wait_for("settings", || folder.path("exotrace.toml").exists());
    simulator.wait_for_log("settings for it are in exotrace.toml");
    let mode = fs::metadata(folder.path("exotrace.toml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // Its port may be taken by another test.
    folder.change_settings("listen = \"127.0.0.1:9464\"\n", "");
    folder.bare(&["doctor", "exotrace.toml"]).ends(0);
    let ended = folder.bare(&["run", "--once", "exotrace.toml"]).ends(0);
    assert!(ended.stderr.contains("30 documents delivered"), "{ended}");
    assert_eq!(folder.documents("trace.ndjson").len(), 30);
    // Another simulator has another port, and does not take them away.
    let said = folder.bare(&simulate).ends(2).stderr;
    assert!(said.contains("`exotrace.toml` exists"), "{said}");
    simulator.kill();
}

#[test]
fn simulate_writes_settings_for_many_tenants_that_run_as_they_are() {
    let folder = Folder::new();
    let simulate = ["simulate", "--rows", "10", "--tenants", "3", "--listen", "127.0.0.1:0"];
    let mut simulator = folder.bare(&[&simulate[..], &["--write-settings", "exotrace.toml"]].concat()).start();
    simulator.wait_for_log("3 simulated tenants at http://127.0.0.1:");
    folder.change_settings("listen = \"127.0.0.1:9464\"\n", "");
    folder.bare(&["check", "exotrace.toml"]).ends(0);
    let ended = folder.bare(&["run", "--once", "exotrace.toml"]).ends(0);
    assert!(ended.stderr.contains("30 documents delivered"), "{ended}");
    let documents = folder.documents("trace.ndjson");
    for number in 1..=3 {
        // Of both domains that the tenant has.
        let domain = format!("@tenant-00{number}.");
        let is_of_tenant = |document: &&Value| document.to_string().contains(&domain);
        assert!(documents.iter().filter(is_of_tenant).count() >= 5, "{domain}");
    }
    simulator.kill();
    // As many records come without a service.
    let printed = folder.bare(&["simulate", "--rows", "10", "--tenants", "3", "--print-records", "graph"]).ends(0);
    assert_eq!(printed.documents().len(), 30);
}

#[test]
fn the_schema_is_printed() {
    let schema = Folder::new().bare(&["config", "schema"]).ends(0).json();
    assert_eq!(schema["additionalProperties"], false);
    let types = |section: &str| {
        let kinds = schema["properties"][section]["items"]["oneOf"].as_array().unwrap();
        kinds.iter().flat_map(|kind| kind["properties"]["type"]["enum"].as_array().unwrap().clone()).collect::<Vec<_>>()
    };
    assert!(types("source").contains(&"graph".into()) && types("output").contains(&"elasticsearch".into()), "{schema}");
    let of_file = Folder::new().bare(&["config", "schema", "--source-file"]).ends(0).json();
    assert_eq!(of_file["properties"]["source"], schema["properties"]["source"]);
    assert_eq!(of_file["properties"].as_object().unwrap().len(), 1);
}

#[test]
fn the_tutorial_shows_the_settings_that_simulate_writes() {
    let folder = Folder::new();
    let simulate = ["simulate", "--rows", "1", "--listen", "127.0.0.1:0", "--write-settings", "exotrace.toml"];
    let _simulator: Daemon = folder.bare(&simulate).start();
    wait_for("settings", || folder.path("exotrace.toml").exists());
    let settings = folder.read("exotrace.toml");
    let (_, url) = settings.split_once("\nurl = \"").unwrap();
    let url = url.split('"').next().unwrap();
    let (comment, settings) = settings.split_once('\n').unwrap();
    assert!(comment.starts_with("# "), "{comment}");
    let shown = settings.replace(url, "http://127.0.0.1:8365");
    let tutorial = fs::read_to_string(project().join("host/docs/tutorial.md")).unwrap();
    assert!(tutorial.contains(&format!("```toml\n{shown}```")), "{shown}");
}
