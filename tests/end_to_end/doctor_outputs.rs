//! What `exotrace doctor` says of outputs: only what was asked and answered is good.

use exotrace_fake_elasticsearch::{CannedAnswer, FakeElasticsearch, Product, Setup};
use serde_json::{Value, json};

use crate::harness::Folder;

const STREAM: &str = "logs-microsoft_exchange_online_message_trace.log-default";

/// Settings with no source that needs a network, and this output.
struct Examined {
    folder: Folder,
    fake: FakeElasticsearch,
}

impl Examined {
    /// `URL` in the output's settings is where the fake is.
    fn new(setup: Setup, output: &str) -> Self {
        let fake = FakeElasticsearch::start(setup);
        let source = "[[source]]\ntype = \"file\"\npaths = [\"*.json\"]\nlocal_domains = [\"contoso.com\"]\n";
        let output = output.replace("URL", &fake.url());
        let folder = Folder::with_settings(&format!("state_dir = \"state\"\n{source}[[output]]\n{output}"));
        folder.write("a.json", "");
        Self { folder, fake }
    }

    fn elasticsearch(setup: Setup) -> Self {
        let setup = Setup { authorization: Some("ApiKey aWQ6a2V5".to_owned()), ..setup };
        Self::new(setup, "type = \"elasticsearch\"\nurl = \"URL\"\napi_key = \"id:key\"\n")
    }

    fn with_template(self) -> Self {
        self.folder.exotrace(&["elasticsearch", "template", "--apply"]).ends(0);
        self
    }

    /// The steps of the output, `step result detail hint` each.
    #[track_caller]
    fn examine(&self, arguments: &[&str], code: i32) -> Vec<String> {
        let ended = self.folder.exotrace(&[&["doctor", "--json"], arguments].concat()).ends(code);
        let report = ended.json();
        assert_eq!(report["ok"], code == 0, "{ended}");
        let text = |step: &Value, name: &str| step[name].as_str().unwrap_or_default().to_owned();
        let steps = report["steps"].as_array().unwrap().iter();
        let steps = steps.filter(|step| text(step, "part").starts_with("output "));
        steps
            .map(|step| {
                ["step", "result", "detail", "hint"].map(|name| text(step, name)).join(" ").trim_end().to_owned()
            })
            .collect()
    }

    /// Exactly one step has this verdict, and says this; the person who reads it is not told that all is well.
    #[track_caller]
    fn check(&self, arguments: &[&str], code: i32, verdict: &str, expected: &[&str]) {
        let steps = self.examine(arguments, code);
        let found: Vec<_> = steps.iter().filter(|step| step.contains(&format!(" {verdict} "))).collect();
        assert!(found.iter().any(|step| expected.iter().all(|part| step.contains(part))), "{expected:?}: {steps:#?}");
        let shown = self.folder.exotrace(&[&["doctor"], arguments].concat()).run();
        assert!(!shown.stdout.contains("all is well"), "{steps:?}");
    }
}

fn answering(status: u16, content_type: &'static str, body: &'static str) -> Setup {
    Setup { answer_to_all: Some(CannedAnswer { status, content_type, body }), ..Setup::default() }
}

#[test]
fn an_elasticsearch_that_is_ready_is_well() {
    let examined = Examined::elasticsearch(Setup::default()).with_template();
    let steps = examined.examine(&[], 0);
    let expected = [
        format!("product ok `{}` is Elasticsearch 9.2.0", examined.fake.url()),
        format!("privileges ok `exotrace` has `auto_configure` and `create_doc` on `{STREAM}`"),
        format!("index template ok `exotrace-message-trace` of exotrace {}", env!("CARGO_PKG_VERSION")),
        format!("data stream ok `{STREAM}` is not there yet, and the first document makes it"),
        "final pipeline ok `exotrace-message-trace` sets `event.ingested`".to_owned(),
    ];
    assert_eq!(steps, expected);
    assert!(examined.fake.requests().is_empty() && examined.fake.documents(STREAM).is_empty(), "nothing was delivered");
    assert!(examined.folder.exotrace(&["doctor"]).run().stdout.ends_with("\nall is well\n"));
}

#[test]
fn a_server_that_is_not_elasticsearch_is_never_well() {
    for (setup, expected) in [
        (answering(403, "application/json", "{}"), "403 Forbidden, and not as Elasticsearch or OpenSearch does"),
        (answering(404, "text/html", "<html>404"), "404 Not Found, and not as Elasticsearch or OpenSearch does"),
        (answering(200, "application/json", "{}"), "it answers with JSON of another kind"),
        (answering(200, "text/html", "<html><title>Welcome to nginx!</title>"), "a web page, \"Welcome to nginx!\""),
        (answering(401, "application/json", "{}"), "401 Unauthorized"),
        (answering(503, "text/html", "<html>"), "503 Service Unavailable"),
        (answering(302, "text/html", "<html>"), "302 Found"),
    ] {
        let examined = Examined::new(setup, "type = \"elasticsearch\"\nurl = \"URL\"\napi_key = \"id:key\"\n");
        examined.check(&[], 1, "failed", &["product", expected]);
        examined.check(&[], 1, "not_asked", &["privileges", "no host answers"]);
    }
}

#[test]
fn what_an_elasticsearch_lacks_is_told_with_what_to_do() {
    let missing = |names: &[&str]| Setup {
        missing_privileges: names.iter().map(ToString::to_string).collect(),
        ..Setup::default()
    };
    let examined = Examined::elasticsearch(missing(&["create_doc"])).with_template();
    examined.check(&[], 1, "failed", &["privileges", "`exotrace` lacks `create_doc`", "POST /_security/api_key {"]);
    let examined = Examined::elasticsearch(missing(&["create_doc", "auto_configure"])).with_template();
    examined.check(&[], 1, "failed", &["lacks `auto_configure` and `create_doc`"]);

    let examined = Examined::elasticsearch(Setup::default());
    let apply = "`exotrace elasticsearch template --apply --config exotrace.toml`";
    examined.check(&[], 1, "failed", &["index template", "would become an ordinary index", apply]);
    examined.check(&[], 1, "not_asked", &["data stream"]);

    let template = |name: &str, priority: u32| json!({ "name": name, "index_template": { "index_patterns": ["logs-*-*"], "priority": priority, "data_stream": {} } });
    let with = |template: Value| Setup { templates: vec![template], ..Setup::default() };
    let examined = Examined::elasticsearch(with(template("logs", 100)));
    examined.check(&[], 0, "warning", &["index template", "`logs` is used", "is not there"]);
    let examined = Examined::elasticsearch(with(template("other", 900))).with_template();
    examined.check(&[], 0, "warning", &["index template", "`other` goes before the one of exotrace"]);

    let examined =
        Examined::elasticsearch(Setup { indices: vec![STREAM.to_owned()], ..Setup::default() }).with_template();
    examined.check(&[], 1, "failed", &["data stream", "is an ordinary index or an alias"]);
    let examined =
        Examined::elasticsearch(Setup { version: Some("7.17.9".to_owned()), ..Setup::default() }).with_template();
    examined.check(&[], 0, "warning", &["product", "7.17.9, older than 8"]);
    let examined = Examined::elasticsearch(Setup { is_without_security: true, ..Setup::default() }).with_template();
    examined.check(&[], 0, "warning", &["privileges", "security is off"]);
    // A key that may write and nothing else is a good key, but not everything is known.
    let examined = Examined::elasticsearch(Setup { is_blind: true, ..Setup::default() });
    examined.check(&[], 2, "not_asked", &["product", "does not tell this user its version"]);
    examined.check(&[], 2, "ok", &["privileges", "has `auto_configure` and `create_doc`"]);
    examined.check(&[], 2, "not_asked", &["data stream", "`view_index_metadata`"]);

    let examined = Examined::new(Setup::default(), "type = \"elasticsearch\"\nurl = \"URL\"\npipeline = \"ours\"\n");
    examined.check(&[], 1, "failed", &["ingest pipeline", "`ours` is not there"]);
}

#[test]
fn a_cluster_that_does_not_say_when_documents_arrive_is_named() {
    let with = |settings: &Value| {
        let meta = json!({ "managed_by": "exotrace", "version": env!("CARGO_PKG_VERSION") });
        let body = json!({
            "index_patterns": [STREAM], "priority": 250, "data_stream": {}, "_meta": meta,
            "composed_of": ["exotrace-message-trace"], "template": { "settings": settings },
        });
        let template = json!({ "name": "exotrace-message-trace", "index_template": body });
        Examined::elasticsearch(Setup { templates: vec![template], ..Setup::default() })
    };
    let apply = "`exotrace elasticsearch template --apply --config exotrace.toml`";
    for none in [json!({}), json!({ "index": { "final_pipeline": "_none" } })] {
        with(&none).check(&[], 0, "warning", &["final pipeline", "nothing sets `event.ingested`", apply]);
    }
    for gone in [json!({ "index": { "final_pipeline": "gone" } }), json!({ "index.final_pipeline": "gone" })] {
        let expected = ["final pipeline", "`gone` is not there: every document would be refused", apply];
        with(&gone).check(&[], 1, "failed", &expected);
    }
}

#[test]
fn credentials_that_are_wrong_or_missing_are_told_apart() {
    let setup = || Setup { authorization: Some("ApiKey other".to_owned()), ..Setup::default() };
    let wrong = Examined::new(setup(), "type = \"elasticsearch\"\nurl = \"URL\"\napi_key = \"id:key\"\n");
    wrong.check(
        &[],
        1,
        "failed",
        &["product", "401 Unauthorized", "are `api_key`, or `username` and `password`, right?"],
    );
    let none = Examined::new(setup(), "type = \"elasticsearch\"\nurl = \"URL\"\n");
    none.check(&[], 1, "failed", &["product", "401 Unauthorized", "it wants to know who asks"]);
}

#[test]
fn an_opensearch_is_asked_what_it_can_tell() {
    let setup = |roles: &[&str]| Setup {
        product: Product::OpenSearch,
        version: Some("3.1.0".to_owned()),
        roles: roles.iter().map(ToString::to_string).collect(),
        ..Setup::default()
    };
    let apply = "--opensearch --apply --config exotrace.toml`";
    let examined = Examined::elasticsearch(setup(&["own_index", "exotrace"]));
    examined.check(&[], 1, "ok", &["product", "is OpenSearch 3.1.0"]);
    examined.check(&[], 1, "failed", &["index template", apply]);
    examined.check(&[], 1, "not_asked", &["privileges", "OpenSearch does not tell users"]);
    Examined::elasticsearch(setup(&[])).check(&[], 1, "failed", &["privileges", "has no role that may write"]);
    let everything = Examined::elasticsearch(setup(&["all_access"])).with_template();
    everything.examine(&[], 0);
}

#[test]
fn an_http_receiver_is_not_called_well_unless_it_was_asked() {
    let output = "type = \"http\"\nurl = \"URL/in\"\nbearer_token = \"token\"\n";
    let examined = Examined::new(Setup { authorization: Some("Bearer token".to_owned()), ..Setup::default() }, output);
    examined.check(&[], 2, "not_asked", &["documents", "exotrace doctor --post-empty"]);
    assert!(examined.fake.requests().is_empty());
    examined.examine(&["--post-empty"], 0);
    assert_eq!(examined.fake.requests().len(), 1);
    assert!(examined.fake.lines().is_empty());
    let examined = Examined::new(Setup { authorization: Some("Bearer other".to_owned()), ..Setup::default() }, output);
    examined.check(&[], 1, "failed", &["reachable", "401 Unauthorized", "are `bearer_token`"]);
    let examined = Examined::new(answering(404, "text/plain", ""), output);
    examined.check(&[], 2, "warning", &["reachable", "404 Not Found", "is the path in `url` right?"]);
    examined.check(&["--post-empty"], 1, "failed", &["documents", "404 Not Found"]);
    let examined = Examined::new(answering(200, "text/html", "<html>nginx"), output);
    examined.check(&["--post-empty"], 1, "failed", &["documents", "a web page"]);
}

#[test]
fn a_file_is_looked_at_with_its_folder_and_nothing_is_made() {
    let examined = Examined::new(Setup::default(), "type = \"file\"\npath = \"new/folder/out.ndjson\"\n");
    let steps = examined.examine(&[], 0);
    assert!(steps[0].starts_with("file ok `new/folder/out.ndjson` can be made, with its folder"), "{steps:?}");
    assert!(steps[1].starts_with("space ok "), "{steps:?}");
    assert!(!examined.folder.path("new").exists());
    examined.folder.write("a.json", "{\"id\":\"x\"}\n");
    let ran = examined.folder.exotrace(&["run", "--once"]).run();
    assert!(examined.folder.path("new/folder/out.ndjson").exists(), "a run makes it: {ran}");
    let examined = Examined::new(Setup::default(), "type = \"file\"\npath = \"a.json/out.ndjson\"\n");
    examined.check(&[], 1, "failed", &["file", "is a file, not a folder"]);
}
