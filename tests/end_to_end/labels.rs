//! Documents say which source they are of.

use exotrace_fake_elasticsearch::{FakeElasticsearch, Setup};
use serde_json::{Value, json};

use crate::harness::{Ended, Folder};

const RECORD: &str =
    "{\"Received\":\"2026-01-02T03:04:05Z\",\"MessageTraceId\":\"1\",\"RecipientAddress\":\"a@b.c\"}\n";

/// Two sources of two tenants, with these lines for the second.
fn run(second: &str, command: &[&str]) -> (Folder, FakeElasticsearch, Ended) {
    let fake = FakeElasticsearch::start(Setup::default());
    let folder = Folder::with_settings(&format!(
        "state_dir = \"state\"\n[mapping]\ntags = [\"forwarded\", \"mail\"]\n\
         [[source]]\ntype = \"file\"\npaths = [\"one/*\"]\n\
         [[source]]\ntype = \"file\"\npaths = [\"two/*\"]\n{second}\n\
         [[output]]\ntype = \"file\"\npath = \"out.ndjson\"\n\
         [[output]]\ntype = \"elasticsearch\"\nurl = \"{}\"\n",
        fake.url()
    ));
    for name in ["one/x.ndjson", "two/x.ndjson"] {
        folder.write(name, RECORD);
    }
    let ended = folder.exotrace(command).run();
    (folder, fake, ended)
}

#[test]
fn documents_of_two_tenants_can_be_told_apart() {
    let second = "tags = [\"mail\", \"fabrikam\"]\ntenant_name = \"Fabrikam GmbH\"\nnamespace = \"fabrikam\"\n\
                  fields = { labels = { customer = 7 }, event = { module = \"mail\" } }";
    let (folder, fake, ended) = run(second, &["run", "--once"]);
    ended.with(0);
    let documents = folder.documents("out");
    assert_eq!(documents.len(), 2);
    let of = |folder: &str| {
        let is_of =
            |document: &&Value| document["log"]["file"]["path"].as_str().unwrap().contains(&format!("{folder}/"));
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
    let folder = Folder::with_settings(
        "state_dir = \"state\"\n[[source]]\ntype = \"file\"\npaths = [\"x\"]\ntags = [\"t\"]\n\
         tenant_name = \"Contoso\"\n[[output]]\ntype = \"stdout\"\n",
    );
    let document = folder.exotrace(&["map", "-"]).input(RECORD).run().json();
    assert_eq!(document["tags"], json!(["forwarded", "t"]));
    assert_eq!(document["organization"], json!({ "name": "Contoso" }));
}

#[test]
fn a_field_that_the_mapping_writes_is_refused_with_its_line() {
    let (_, _, ended) = run("fields = { email = { subject = \"x\" } }", &["check"]);
    let said = ended.with(78).stderr;
    let place = "exotrace.toml:10: `source[2].fields`";
    assert!(said.contains(place) && said.contains("field `email` is written by the mapping itself"), "{said}");
}
