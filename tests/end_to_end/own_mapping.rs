//! A mapping of one's own, as its author makes it: `exotrace mapping new`, `pack` and `test`.

use std::fs;

use exotrace::mapper::built_in;
use serde_json::{Value, json};
use wasm_encoder::{EntityType, ImportSection, Module, TypeSection};

use crate::harness::{Folder, exotrace, guest, project, text};

mod page;
mod template;

const RECORDS: &str = "fixtures/records/well-formed.ndjson";

#[track_caller]
fn run(arguments: &[&str], code: i32) -> String {
    exotrace(arguments, "").with(code).stdout
}

/// Runs with an error, and returns its message.
#[track_caller]
fn fail(arguments: &[&str], code: i32) -> String {
    exotrace(arguments, "").with(code).stderr
}

/// A component as a compiler gives it: without the sections that exotrace reads.
fn unmarked(component: &[u8]) -> Vec<u8> {
    let mut bytes = component.to_vec();
    for (section, other) in
        [("exotrace:mappingmapping=", "exotrace:nothingmapping="), ("exotrace:checks{", "exotrace:no-one{")]
    {
        let places: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(section.as_bytes())).collect();
        assert_eq!(places.len(), 1, "{section}");
        bytes[places[0]..places[0] + other.len()].copy_from_slice(other.as_bytes());
    }
    bytes
}

/// A component that does all that its host wants, and says nothing of itself, is a mapping when it is packed.
#[test]
fn a_component_without_sections_is_packed() {
    let folder = Folder::new();
    let file = folder.write("none.wasm", unmarked(built_in("2.2").unwrap().bytes));
    let said = fail(&["map", "--mapping", text(&file)], 2);
    assert!(said.contains("it has no section `exotrace:mapping`\nhint: `exotrace mapping pack` adds it"), "{said}");
    let packed = folder.path("packed.wasm");
    let checks = folder.write("checks.ndjson", "");
    let arguments = ["mapping", "pack", text(&file), "--license", "MIT", "--name", "mine", "-o", text(&packed)];
    let said = run(&[&arguments[..], &["--checks", text(&checks)]].concat(), 0);
    assert!(said.starts_with("component  ") && said.contains(" bytes, as it was\n"), "{said}");
    assert!(said.contains("\nchecks     none: ") && said.contains("\nlicence    MIT\n"), "{said}");
    assert!(said.ends_with("packed.wasm\n"), "{said}");
    let found = exotrace(&["mapping", "inspect", "--json", text(&packed)], "").with(0).json();
    assert_eq!((&found["metadata"]["licenses"], &found["wit_version"]), (&json!("MIT"), &json!("0.2.0")));
    let version = found["mapping_version"].as_str().unwrap();
    assert!(said.contains(&format!(" {version}\n")), "{said}");
    // Packed once more, it has every section once.
    let again = folder.path("again.wasm");
    run(&["mapping", "pack", text(&packed), "--license", "MIT", "--checks", text(&checks), "-o", text(&again)], 0);
    assert!(fs::read(&packed).unwrap() == fs::read(&again).unwrap());
}

#[test]
fn what_is_packed_is_what_it_says() {
    let folder = Folder::new();
    let file = folder.write("mapping.wasm", built_in("2.2").unwrap().bytes);
    let output = folder.path("out.wasm");
    let begin = ["mapping", "pack", text(&file), "-o", text(&output)];
    let said = run(&[&begin[..], &["--version", "2.2.0"]].concat(), 0);
    assert!(said.contains("\nchecks     12 records, passed\n"), "{said}");
    let said = fail(&[&begin[..], &["--version", "9.0.0"]].concat(), 1);
    assert!(said.contains("the mapping says that it is version `2.2.0`, not `9.0.0`"), "{said}");
    let checks = folder.write("checks.ndjson", r#"{"record":"{\"Received\":\"2026-03-04T05:06:07Z\"}","id":"other"}"#);
    let said = fail(&[&begin[..], &["--checks", text(&checks)]].concat(), 1);
    assert!(said.contains("it fails its own check: check record 1 has the id `"), "{said}");
    fs::write(&checks, "{}").unwrap();
    let said = fail(&[&begin[..], &["--checks", text(&checks)]].concat(), 1);
    assert!(said.contains("section `exotrace:checks`, line 1: missing field `record`"), "{said}");
    fail(&[&begin[..], &["--checks", "no-such-file"]].concat(), 1);
}

/// What can be told to be no mapping is not written.
#[test]
fn what_is_no_mapping_is_not_packed() {
    let folder = Folder::new();
    let output = folder.path("out.wasm");
    let mut wasi = Module::new();
    let mut types = TypeSection::new();
    types.ty().function([], []);
    let mut imports = ImportSection::new();
    imports.import("wasi_snapshot_preview1", "proc_exit", EntityType::Function(0));
    wasi.section(&types).section(&imports);
    for (bytes, expected) in [
        (b"no component".to_vec(), "not a WebAssembly component"),
        (
            Module::new().finish(),
            "exports no `exotrace:mapping/mapper`\nhint: build it with bindings of the world `mapping`",
        ),
        (wasi.finish(), "\nhint: build for `wasm32-unknown-unknown`: a mapping gets no files, clock, network"),
        (guest("wrong-world"), ""),
        (guest("describe-traps"), "could not say what it is"),
    ] {
        let file = folder.write("in.wasm", &bytes);
        let said = fail(&["mapping", "pack", text(&file), "-o", text(&output)], 1);
        assert!(said.starts_with("error: could not pack `") && said.contains(expected), "{expected}: {said}");
        assert!(!output.exists());
    }
    let file = folder.write("wasi.wasm", guest("wasi-import"));
    let said = fail(&["mapping", "inspect", text(&file)], 1);
    assert!(said.contains("\nhint: build for `wasm32-unknown-unknown`, without the functions of a system"), "{said}");
    let said = fail(&["mapping", "pack", "no-such-file", "-o", text(&output)], 1);
    assert!(said.contains("could not read `no-such-file`"), "{said}");
    fail(&["mapping", "pack", "in.wasm"], 2);
}

/// Runs `mapping test --json`; gives how each step went.
#[track_caller]
fn steps(arguments: &[&str], code: i32) -> Value {
    let report = exotrace(&[&["mapping", "test", "--json"], arguments].concat(), "").with(code).json();
    let steps = report["steps"].as_array().unwrap().iter();
    steps.map(|step| (step["step"].as_str().unwrap().to_owned(), step["result"].clone())).collect()
}

#[test]
fn built_in_mappings_pass() {
    let folder = Folder::new();
    let (expected, checks) = (folder.path("expected.json"), folder.path("checks.ndjson"));
    for version in ["1.20", "2.2", "3.0"] {
        let file = folder.write("mapping.wasm", built_in(version).unwrap().bytes);
        let arguments = ["mapping", "test", text(&file), RECORDS, text(&expected)];
        run(&[&arguments[..], &["--update", "--write-checks", text(&checks)]].concat(), 0);
        let said = run(&arguments, 0);
        assert!(said.contains("  ok         expected documents  ") && !said.contains("FAILED"), "{version}: {said}");
        let packed = folder.path("packed.wasm");
        let said = run(&["mapping", "pack", text(&file), "--checks", text(&checks), "-o", text(&packed)], 0);
        let records = fs::read_to_string(&checks).unwrap().lines().count();
        assert!(said.contains(&format!("\nchecks     {records} records, passed\n")), "{version}: {said}");
    }
}

#[test]
fn a_document_that_is_not_as_expected_is_named() {
    let folder = Folder::new();
    let file = folder.write("mapping.wasm", built_in("2.2").unwrap().bytes);
    let expected = folder.path("expected.json");
    let arguments = ["mapping", "test", text(&file), RECORDS, text(&expected)];
    run(&[&arguments[..], &["--update"]].concat(), 0);
    let as_is = fs::read_to_string(&expected).unwrap();
    fs::write(&expected, as_is.replacen("Spring catalogue", "Autumn catalogue", 1)).unwrap();
    let said = run(&arguments, 1);
    assert!(said.contains("documents differ: 1\n"), "{said}");
    assert!(said.contains("\"Autumn catalogue\" expected, \"Spring catalogue\" found"), "{said}");
    assert!(said.ends_with("\n1 step failed\n"), "{said}");
    fs::write(&expected, "{").unwrap();
    let said = fail(&arguments, 2);
    assert!(said.contains("expected.json`: EOF while parsing"), "{said}");
    // What is not tried is not a success.
    fail(&["mapping", "test", text(&file), "no-such-file"], 2);
    fail(&["mapping", "test", text(&file), "/dev/null"], 2);
    fail(&["mapping", "test", "no-such-file", RECORDS], 2);
    fail(&["mapping", "test", text(&file), RECORDS, "--update"], 2);
}

/// One that loses what its host adds, as everybody's first one does, is told so.
#[test]
fn what_a_mapping_does_wrong_is_named() {
    let folder = Folder::new();
    let records = folder.write("records.ndjson", "{\"id\":\"1\",\"recipientAddress\":\"a@b.c\",\"x\":1}\n");
    let file = |name: &str| folder.write(&format!("{name}.wasm"), guest(name));
    let honest = steps(&[text(&file("honest")), text(&records)], 1);
    assert_eq!((&honest["records"], &honest["settings kept"]), (&json!("ok"), &json!("failed")), "{honest}");
    assert_eq!((&honest["check records"], &honest["repetition"]), (&json!("warning"), &json!("ok")), "{honest}");
    for name in ["trap-at-once", "wrong-count", "wrong-length", "outside-memory", "trap-on-record", "not-utf8"] {
        let marked = folder.write("marked.ndjson", "{\"id\":\"1\",\"x\":2}\n{\"x\":2}\n");
        let found = steps(&[text(&file(name)), text(&marked)], 1);
        assert_eq!(found["records"], "failed", "{name}: {found}");
    }
    let said = run(&["mapping", "test", text(&file("lying-section")), text(&records)], 1);
    assert!(said.contains("  FAILED     component           its section says mapping `"), "{said}");
    let two = "{\"id\":\"1\",\"recipientAddress\":\"a@b.c\"}\n{\"id\":\"2\",\"recipientAddress\":\"a@b.c\"}\n";
    let two = folder.write("two.ndjson", two);
    let said = run(&["mapping", "test", text(&file("same-id")), text(&two)], 1);
    assert!(said.contains("has the `_id` of another record"), "{said}");
}

/// The file of records is read as `map` reads it.
#[test]
fn records_may_be_a_table() {
    let folder = Folder::new();
    let file = folder.write("mapping.wasm", built_in("2.2").unwrap().bytes);
    let table = folder.write(
        "export.csv",
        "Received,SenderAddress,RecipientAddress,Status,MessageTraceId\n2026-03-04T05:06:07,a@b.c,d@e.f,Delivered,1\n",
    );
    assert_eq!(steps(&[text(&file), text(&table)], 0)["records"], "ok");
    assert!(project().join(RECORDS).exists());
}
