//! Documents say which source they are of.

use std::fs;

use exotrace_fake_elasticsearch::{FakeElasticsearch, Setup};
use serde_json::{Value, json};

use crate::harness::exotrace;

const RECORD: &str =
    "{\"Received\":\"2026-01-02T03:04:05Z\",\"MessageTraceId\":\"1\",\"RecipientAddress\":\"a@b.c\"}\n";

/// Two sources of two tenants, with these lines for the second.
fn run(second: &str, command: &[&str]) -> (tempfile::TempDir, FakeElasticsearch, String, Option<i32>) {
    let folder = tempfile::tempdir().unwrap();
    let fake = FakeElasticsearch::start(Setup::default());
    for name in ["one", "two"] {
        fs::create_dir(folder.path().join(name)).unwrap();
        fs::write(folder.path().join(name).join("x.ndjson"), RECORD).unwrap();
    }
    let settings = format!(
        "state_dir = \"state\"\n[mapping]\ntags = [\"forwarded\", \"mail\"]\n\
         [[source]]\ntype = \"file\"\npaths = [\"one/*\"]\n\
         [[source]]\ntype = \"file\"\npaths = [\"two/*\"]\n{second}\n\
         [[output]]\ntype = \"file\"\npath = \"out.ndjson\"\n\
         [[output]]\ntype = \"elasticsearch\"\nurl = \"{}\"\n",
        fake.url()
    );
    let path = folder.path().join("exotrace.toml");
    fs::write(&path, settings).unwrap();
    let output = exotrace(&[command, &["--config", path.to_str().unwrap()]].concat(), "");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (folder, fake, said, output.status.code())
}

#[test]
fn documents_of_two_tenants_can_be_told_apart() {
    let second = "tags = [\"mail\", \"fabrikam\"]\ntenant_name = \"Fabrikam GmbH\"\nnamespace = \"fabrikam\"\n\
                  fields = { labels = { customer = 7 }, event = { module = \"mail\" } }";
    let (folder, fake, said, code) = run(second, &["run", "--once"]);
    assert_eq!(code, Some(0), "{said}");
    let text = fs::read_to_string(folder.path().join("out.ndjson")).unwrap();
    let documents: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(documents.len(), 2);
    let of = |folder: &str| {
        let is_of =
            |document: &&Value| document["log"]["file"]["path"].as_str().unwrap().contains(&format!("/{folder}/"));
        documents.iter().find(is_of).unwrap()
    };
    let (one, two) = (of("one"), of("two"));
    assert_eq!(one["tags"], json!(["forwarded", "mail"]));
    assert_eq!((&one["organization"], &one["labels"]), (&Value::Null, &Value::Null));
    assert_eq!(one["data_stream"]["namespace"], "default");
    assert_eq!(two["tags"], json!(["forwarded", "mail", "fabrikam"]));
    assert_eq!(two["organization"], json!({ "name": "Fabrikam GmbH" }));
    assert_eq!((&two["labels"], &two["event"]["module"]), (&json!({ "customer": 7 }), &json!("mail")));
    assert_eq!(two["event"]["dataset"], one["event"]["dataset"]);
    assert_eq!(two["data_stream"]["namespace"], "fabrikam");
    for namespace in ["default", "fabrikam"] {
        let stored = fake.documents(&format!("logs-microsoft_exchange_online_message_trace.log-{namespace}"));
        let namespaces: Vec<_> = stored.values().map(|document| &document["data_stream"]["namespace"]).collect();
        assert_eq!(namespaces, [namespace]);
    }
}

#[test]
fn map_writes_what_the_first_source_says() {
    let folder = tempfile::tempdir().unwrap();
    let settings = "state_dir = \"state\"\n[[source]]\ntype = \"file\"\npaths = [\"x\"]\ntags = [\"t\"]\n\
                    tenant_name = \"Contoso\"\n[[output]]\ntype = \"stdout\"\n";
    let path = folder.path().join("exotrace.toml");
    fs::write(&path, settings).unwrap();
    let output = exotrace(&["map", "--config", path.to_str().unwrap(), "-"], RECORD);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["tags"], json!(["forwarded", "t"]));
    assert_eq!(document["organization"], json!({ "name": "Contoso" }));
}

#[test]
fn a_field_that_the_mapping_writes_is_refused_with_its_line() {
    let (folder, _, said, code) = run("fields = { email = { subject = \"x\" } }", &["check"]);
    assert_eq!(code, Some(78), "{said}");
    let place = format!("{}:10: `source[2].fields`", folder.path().join("exotrace.toml").display());
    assert!(said.contains(&place) && said.contains("field `email` is written by the mapping itself"), "{said}");
}
