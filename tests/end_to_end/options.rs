//! What a mapping has of its own: options that it checks, and the tenant that it is told.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{Ended, Folder, MappingDaemon, fixture, text, wait_for};

/// A record that the component of the contract answers with its settings.
const SHOW: &str = "{\"Subject\":\"settings\"}\n";

/// A file of records, and one of documents.
const FILES: &str = "[[source]]\ntype = \"file\"\npaths = [\"in/*.ndjson\"]\ninterval = \"50ms\"\n\
                     [[output]]\ntype = \"file\"\npath = \"out.ndjson\"\n";

fn component(contract: &str) -> Vec<u8> {
    fs::read(fixture(&format!("wit/{contract}/component.wasm"))).unwrap()
}

/// A folder with these settings of the mapping, which is the component of a contract, from line 3 on.
fn folder(contract: &str, mapping: &str, files: &str) -> Folder {
    let settings = format!("state_dir = \"state\"\n[mapping]\n{mapping}\n{files}");
    let folder = Folder::with_settings(&settings);
    folder.write("mapping.wasm", component(contract));
    folder
}

/// What the component shows when it is asked for its settings.
#[track_caller]
fn shown(ended: &Ended) -> String {
    ended.json()["shown"].as_str().unwrap().to_owned()
}

#[track_caller]
fn check_refused(folder: &Folder, expected: &str) {
    for command in ["check", "run"] {
        let said = folder.exotrace(&[command]).run().with(78).stderr;
        assert!(said.contains(expected), "{command}: {said}");
    }
}

#[test]
fn options_reach_the_mapping_as_json() {
    let options = "path = \"mapping.wasm\"\n[mapping.options]\nlist = [1, \"${NAME}\"]\nnested = { a = true, b = 1.5 }";
    let folder = folder("0.2.0", options, FILES);
    let show = |arguments: &[&str]| {
        shown(&folder.exotrace(&[&["map"], arguments].concat()).env("NAME", "x").input(SHOW).run().with(0))
    };
    let expected = r#" Some("{\"list\":[1,\"x\"],\"nested\":{\"a\":true,\"b\":1.5}}") None None"#;
    assert!(show(&[]).ends_with(expected), "{}", show(&[]));
    // The command line counts instead.
    assert!(show(&["--options", "{\"list\": []}"]).ends_with(r#" Some("{\"list\":[]}") None None"#));
    let file = folder.write("options.json", "{\n\"other\": null\n}\n");
    assert!(show(&["--options", text(&file)]).ends_with(r#" Some("{\"other\":null}") None None"#));
}

#[test]
fn wrong_options_are_named_with_their_pointer_and_their_line() {
    let mapping = "path = \"mapping.wasm\"\ntags = [\"invalid-options\"]\n[mapping.options]\nfirst = 1\nlist = [1, 2]";
    let folder = folder("0.2.0", mapping, FILES);
    check_refused(
        &folder,
        "exotrace.toml:7: `mapping.options.list`: mapping refuses its settings: options at `/list/1`: reason",
    );
    let said = folder.exotrace(&["map"]).input(SHOW).run().stderr;
    assert!(said.contains("exotrace.toml:7: `mapping.options.list`: "), "{said}");
    let said = folder.exotrace(&["map", "--options", "{}"]).input(SHOW).run().with(2).stderr;
    assert!(said.contains("error: `--options`: mapping refuses its settings: options at `/list/1`: reason"), "{said}");
}

#[test]
fn options_that_are_no_json_are_named() {
    for (value, expected) in [
        ("x = 2026-01-02", "exotrace.toml:4: `mapping.options.x` is a date; put it in quotes"),
        ("x = { y = inf }", "exotrace.toml:4: `mapping.options.x.y` is not a number that JSON has"),
        ("x = \"${MISSING}\"", "exotrace.toml:4: `mapping.options.x` names a variable of the environment"),
    ] {
        let folder = folder("0.2.0", &format!("path = \"mapping.wasm\"\n[mapping.options]\n{value}"), FILES);
        check_refused(&folder, expected);
    }
    let folder = folder("0.2.0", "path = \"mapping.wasm\"\noptions = 1", FILES);
    check_refused(&folder, "exotrace.toml:4: `mapping.options`");
    for (options, expected) in [
        ("[1]", "could not read `[1]`"),
        ("{\"a\":}", "not a JSON object: expected value at line 1 column 6"),
        ("none.json", "could not read `none.json`: "),
    ] {
        let said = folder.bare(&["map", "--options", options]).input(SHOW).run().with(2).stderr;
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn a_mapping_without_options_refuses_them_by_name_and_line() {
    let options = "[mapping.options]\na = 1";
    for (version, contract) in [("1.20", "0.2.0"), ("2.2", "0.2.0")] {
        let folder = folder(contract, &format!("version = \"{version}\"\n{options}"), FILES);
        check_refused(
            &folder,
            "exotrace.toml:4: `mapping.options`: mapping refuses its settings: this mapping version has no rule for \
             `options`",
        );
    }
    let folder = folder("0.1.0", &format!("path = \"mapping.wasm\"\n{options}"), FILES);
    check_refused(
        &folder,
        "exotrace.toml:4: `mapping.options`: mapping refuses its settings: it was built for version `0.1.0` of the \
         contract, which has no `mapping.options`",
    );
}

#[test]
fn the_tenant_reaches_the_mapping() {
    let id = "AAAAAAAA-2222-3333-4444-555555555555";
    let source = FILES.replace("interval", &format!("tenant_id = \"{id}\"\ntenant_name = \"Contoso\"\ninterval"));
    let folder = folder("0.2.0", "path = \"mapping.wasm\"", &source);
    let show = |arguments: &[&str]| shown(&folder.exotrace(&[&["map"], arguments].concat()).input(SHOW).run());
    let tenant = |id: &str, name: &str| format!("Some((\"{id}\", {name})) ");
    assert!(show(&[]).starts_with(&tenant(&id.to_lowercase(), "Some(\"Contoso\")")), "{}", show(&[]));
    let arguments = ["--tenant-id", "contoso.com", "--tenant-name", "Fabrikam"];
    assert!(show(&arguments).starts_with(&tenant("contoso.com", "Some(\"Fabrikam\")")));
    let bare = |arguments: &[&str]| {
        let arguments = [&["map", "--mapping", "./mapping.wasm"], arguments].concat();
        shown(&folder.bare(&arguments).input(SHOW).run())
    };
    assert!(bare(&[]).starts_with("None "), "{}", bare(&[]));
    assert!(bare(&["--tenant-name", "Contoso"]).starts_with(&tenant("", "Some(\"Contoso\")")));
    assert!(bare(&["--tenant-id", id]).starts_with(&tenant(&id.to_lowercase(), "None")));
    let said = folder.bare(&["map", "--tenant-id", "my tenant"]).input(SHOW).run().with(2).stderr;
    assert!(said.contains("neither a GUID nor a domain"), "{said}");
    folder.change_settings(id, "my tenant");
    check_refused(&folder, "exotrace.toml:7: `source.tenant_id` is neither a GUID nor a domain");
}

#[test]
fn other_options_count_after_a_reload() {
    let mapping = |list: &str| format!("path = \"mapping.wasm\"\noptions = {{ list = [{list}] }}");
    let prepare = |folder: &Folder| drop(folder.write("mapping.wasm", component("0.2.0")));
    let daemon = MappingDaemon::prepared(&mapping("1"), FILES, prepare);
    let deliver = |name: &str, count: usize| -> String {
        daemon.write(
            &format!("in/{name}.ndjson"),
            format!("{{\"id\":\"1\",\"recipientAddress\":\"a@b.c\",\"Subject\":\"settings {name}\"}}\n"),
        );
        wait_for("delivery", || daemon.count("out") == count);
        daemon.documents("out").pop().unwrap()["shown"].as_str().unwrap().to_owned()
    };
    assert!(deliver("1", 1).contains(r#"{\"list\":[1]}"#));
    daemon.change_settings("list = [1]", "list = [2]");
    daemon.hang_up();
    assert!(deliver("2", 2).contains(r#"{\"list\":[2]}"#));
    // What is wrong is refused, and the run goes on.
    daemon.change_settings("options = { list = [2] }", "options = { list = [2] }\ntags = [\"invalid-options\"]");
    daemon.signal("HUP");
    daemon.wait_for_log("options at `/list/1`: reason");
    assert!(deliver("3", 3).contains(r#"{\"list\":[2]}"#));
    daemon.change_settings("tags = [\"invalid-options\"]", "tags = [\"a\"]");
    daemon.hang_up();
    assert!(deliver("4", 4).contains(r#"["a"]"#));
    // A mapping that cannot be told the options does not take the place of one that was.
    for mapping in ["2.2", text(&fixture("wit/0.1.0/component.wasm"))] {
        let (said, succeeded) = daemon.tell(&["replace", mapping]);
        assert!(!succeeded && said.contains("options`"), "{said}");
        assert!(said.contains("refused; the current mapping stays: it cannot be started: "), "{said}");
    }
    assert!(deliver("5", 5).contains(r#"{\"list\":[2]}"#));
}

#[test]
fn a_mapping_says_which_records_options_and_schema_it_has() {
    let folder = Folder::new();
    let file = folder.write("mapping.wasm", component("0.2.0"));
    let inspect =
        |file: &str, arguments: &[&str]| folder.bare(&[&["mapping", "inspect", file], arguments].concat()).run();
    let found: Value = inspect(text(&file), &["--json"]).json();
    assert_eq!(found["schema"], json!({ "name": "shown", "version": "1.0" }));
    assert_eq!((&found["ecs_version"], &found["wit_version"]), (&Value::Null, &json!("0.2.0")));
    assert_eq!(found["record_kinds"], json!(["graph", "legacy", "details"]));
    assert_eq!(found["options_schema"]["properties"]["list"], json!({ "type": "array" }));
    let said = inspect(text(&file), &[]).with(0).stdout;
    for line in [
        "schema       shown 1.0\n",
        "records      graph, legacy, details\n",
        "options      {\n               \"properties\": {\n",
        "contract     exotrace:mapping@0.2.0\n",
    ] {
        assert!(said.contains(line), "{said}");
    }
    let old = folder.write("old.wasm", fs::read(fixture("wit/0.1.0/mapping-2.2.wasm")).unwrap());
    let found = inspect(text(&old), &["--json"]).json();
    assert_eq!((&found["ecs_version"], &found["options_schema"]), (&json!("8.11.0"), &Value::Null));
    assert_eq!(found["schema"], json!({ "name": "ecs", "version": "8.11.0" }));
    let said = inspect(text(&old), &[]).with(0).stdout;
    assert!(said.contains("options      none\n") && said.contains("contract     exotrace:mapping@0.1.0\n"), "{said}");
}

#[test]
fn the_list_says_it_as_well() {
    let folder = folder("0.2.0", "", FILES);
    folder.write("state/mappings/shown.wasm", component("0.2.0"));
    folder.write("state/mappings/old.wasm", fs::read(fixture("wit/0.1.0/component.wasm")).unwrap());
    let said = folder.exotrace(&["mapping", "list"]).run().with(0).stdout;
    let columns: Vec<Vec<&str>> = said.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(columns[0], ["mapping", "schema", "records", "options", "contract", "SHA-256", "where"]);
    let row = |version: &str| columns.iter().find(|columns| columns[0] == version).unwrap();
    assert_eq!(row("2.2.0")[1..6], ["ecs", "8.11.0", "graph,legacy", "no", "0.2.0"]);
    assert_eq!(row("9.8.8")[1..6], ["shown", "1.0", "graph,legacy,details", "yes", "0.2.0"]);
    assert_eq!(row("9.8.7")[1..6], ["ecs", "8.11.0", "graph,legacy", "no", "0.1.0"]);
    let listed = folder.exotrace(&["mapping", "list", "--json"]).run().json();
    let of = |version: &str| {
        listed.as_array().unwrap().iter().find(|listed| listed["mapping_version"] == version).unwrap().clone()
    };
    assert_eq!(of("9.8.8")["options_schema"]["type"], "object");
    assert_eq!(of("9.8.8")["schema"], json!({ "name": "shown", "version": "1.0" }));
    assert_eq!(of("9.8.7")["record_kinds"], json!(["graph", "legacy"]));
}

#[test]
fn ids_name_the_document_and_the_delivery() {
    let folder = Folder::new();
    let record = |status: &str| {
        format!(
            "{{\"id\":\"1\",\"receivedDateTime\":\"2026-01-02T03:04:05Z\",\"recipientAddress\":\"a@b.c\",\
             \"status\":\"{status}\"}}\n"
        )
    };
    let records = format!("{}{}not JSON\n", record("pending"), record("delivered"));
    for mapping in ["2.2", text(&fixture("wit/0.1.0/mapping-2.2.wasm"))] {
        let ended = folder.bare(&["map", "--ids", "--flush", "line", "--mapping", mapping]).input(&records).run();
        let ids: Vec<Value> = ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(ids.len(), 3, "{}", ended.stdout);
        assert_ne!(ids[0]["_id"], ids[1]["_id"]);
        assert!(ids[0]["delivery_id"].is_string());
        assert_eq!(ids[0]["delivery_id"], ids[1]["delivery_id"]);
        assert!(ids[2]["_id"].is_string() && ids[2].get("delivery_id").is_none(), "{}", ids[2]);
    }
}
