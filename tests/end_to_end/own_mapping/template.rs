//! What `exotrace mapping new` writes is built with plain cargo, and is a mapping.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use exotrace::mapper::BUILT_IN;
use serde_json::{Value, json};

use crate::harness::{Ended, Exotrace, Folder, PROGRAM, project, text};

/// A folder of somebody who writes a mapping: what cargo builds there is kept from one run of the tests to the next.
pub(super) fn new_mapping(folder: &Folder, name: &str, more: &[&str]) -> PathBuf {
    let said = Exotrace::new(folder.root(), &[&["mapping", "new", name], more].concat()).ends(0).stdout;
    assert!(
        said.contains(&format!("{name}/src/lib.rs\n")) && said.contains(&format!("\nnext: cd {name} && make ")),
        "{said}"
    );
    let built = project().join("target/own-mappings");
    fs::create_dir_all(&built).unwrap();
    symlink(built, folder.path(&format!("{name}/target"))).unwrap();
    folder.path(name)
}

/// Runs a target of its Makefile, without a network. Gives what was said.
#[track_caller]
pub(super) fn make(folder: &Path, target: &str) -> String {
    let mut make = Command::new("make");
    make.args(["--no-print-directory", "-C"]).arg(folder).arg(target);
    make.arg(format!("EXOTRACE={PROGRAM}")).arg(format!("CARGO={}", env!("CARGO")));
    make.env("CARGO_NET_OFFLINE", "true").env("CARGO_TERM_QUIET", "true");
    for variable in ["CARGO_TARGET_DIR", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "MAKEFLAGS", "EXOTRACE_CONFIG"] {
        make.env_remove(variable);
    }
    let output = make.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "make {target}:\n{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// Whether the crates are those that this repository is built with: what was tested is what people get.
fn check_lock(folder: &Path, name: &str) {
    let packages = |path: &Path| {
        let lock: toml::Table = fs::read_to_string(path).unwrap().parse().unwrap();
        let packages = lock["package"].as_array().unwrap().clone();
        packages.into_iter().map(|package| {
            (package["name"].as_str().unwrap().to_owned(), package["version"].as_str().unwrap().to_owned())
        })
    };
    let known: Vec<_> = packages(&project().join("Cargo.lock")).collect();
    let others: Vec<_> =
        packages(&folder.join("Cargo.lock")).filter(|it| it.0 != name && !known.contains(it)).collect();
    assert!(others.is_empty(), "not in Cargo.lock of the repository: {others:?}");
}

#[track_caller]
fn map(file: &Path, version: Option<&str>) -> Vec<Value> {
    let records = project().join("guest/template/records.ndjson");
    let mapping = version.unwrap_or(text(file));
    let Ended { stdout, .. } =
        Exotrace::new(&project(), &["map", "--with-id", "--mapping", mapping, text(&records)]).ends(0);
    stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_new_mapping_is_built_and_tested() {
    let folder = Folder::new();
    let own = new_mapping(&folder, "quiet-mail", &["--from", "2.2"]);
    check_lock(&own, "quiet-mail");
    let said = make(&own, "accept");
    assert!(said.contains("  ok         records  ") && said.ends_with("quiet-mail.wasm\n"), "{said}");
    let said = make(&own, "test");
    assert!(said.contains("\nchecks     12 records, passed\n") && said.ends_with("\nall is well\n"), "{said}");
    let document = map(&own.join("quiet-mail.wasm"), None).remove(0)["document"].clone();
    assert!(document["ecs"]["version"].as_str().unwrap().starts_with("8."), "{document}");
    assert_eq!(document["email"]["subject"], "Spring catalogue");
    // A rule is changed, and the test says which documents it changes.
    let source = own.join("src/lib.rs");
    let changed = fs::read_to_string(&source).unwrap().replace("\"subject\": record.text(\"subject\"),", "");
    fs::write(&source, changed).unwrap();
    make(&own, "build");
    let arguments = ["mapping", "test", "quiet-mail.wasm", "records.ndjson", "expected.json"];
    let said = Exotrace::new(&own, &arguments).ends(1).stdout;
    assert!(said.contains("email.subject: \"Spring catalogue\" expected, nothing found"), "{said}");
    make(&own, "clean");
    assert!(!own.join("quiet-mail.wasm").exists());
}

/// The expected documents and check records of the template are those of the template.
#[test]
fn the_template_is_whole() {
    let folder = Folder::new();
    // Not as the page calls it, whose test builds at the same time.
    let own = new_mapping(&folder, "whole-mapping", &[]);
    let files = ["expected.json", "checks.ndjson"];
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        make(&own, "accept");
        for file in files {
            fs::copy(own.join(file), project().join("guest/template/mapping").join(file)).unwrap();
        }
    }
    let said = make(&own, "test");
    assert!(said.contains("\nchecks     12 records, passed\n") && said.ends_with("\nall is well\n"), "{said}");
    let formatted =
        Command::new("rustfmt").args(["--check", "--edition", "2024", "src/lib.rs"]).current_dir(&own).output();
    let formatted = formatted.unwrap();
    assert!(formatted.status.success(), "{}", String::from_utf8_lossy(&formatted.stdout));
}

#[test]
fn a_wrapper_changes_the_documents_of_the_mapping_inside() {
    let folder = Folder::new();
    let own = new_mapping(&folder, "no-subjects", &["--wrap", "3.0"]);
    check_lock(&own, "no-subjects");
    let said = make(&own, "accept");
    assert!(
        said.contains("\nwraps      3.0\n") && said.contains("\nimports    exotrace:mapping/geo@0.2.0\n"),
        "{said}"
    );
    let said = make(&own, "test");
    assert!(said.ends_with("\nall is well\n"), "{said}");
    let file = own.join("no-subjects.wasm");
    let (wrapped, inside) = (map(&file, None), map(&file, Some("3.0")));
    assert_eq!(wrapped.len(), inside.len());
    for (wrapped, mut inside) in wrapped.into_iter().zip(inside) {
        let document = &mut inside["document"];
        for place in ["/email", "/microsoft/online_message_trace"] {
            if let Some(members) = document.pointer_mut(place).and_then(Value::as_object_mut) {
                members.retain(|name, _| !name.eq_ignore_ascii_case("subject"));
            }
        }
        document["labels"]["mapped_by"] = json!("no-subjects");
        assert!(!wrapped.to_string().contains("Spring catalogue"), "{wrapped}");
        // What 3.0 says of a record that is broken is not changed otherwise.
        assert_eq!(wrapped, inside);
    }
    let record =
        r#"{"id":"1","recipientAddress":"a@b.c","receivedDateTime":"2026-03-04T05:06:07Z","status":"gettingStatus"}"#;
    let mapped = Exotrace::new(&own, &["map", "--mapping", "./no-subjects.wasm"]).input(record).ends(0).stdout;
    assert_eq!(mapped, "", "one status more is dropped");
    let inspected = Exotrace::new(&own, &["mapping", "inspect", "--json", "no-subjects.wasm"]).ends(0).json();
    assert_eq!((&inspected["name"], &inspected["mapping_version"]), (&json!("no-subjects"), &json!("1.0.0")));
    let other = new_mapping(&folder, "of-1-20", &["--wrap", "1.20"]);
    assert!(make(&other, "build").contains("\nwraps      1.20\n"));
    assert!(inspected["metadata"]["licenses"].as_str().unwrap().contains("MPL-2.0"), "{inspected}");
}

#[test]
fn what_is_there_is_not_written_over() {
    let folder = Folder::new();
    let run = |arguments: &[&str], code| {
        Exotrace::new(folder.root(), &[&["mapping", "new"], arguments].concat()).ends(code).stderr
    };
    folder.write("mine/notes.txt", "mine");
    let said = run(&["mine"], 1);
    assert!(said.starts_with("error: could not make folder `mine`: File exists"), "{said}");
    assert_eq!(fs::read_dir(folder.path("mine")).unwrap().count(), 1);
    for name in ["", "../outside", "Mine", "1st", "a_b", "a-", "-"] {
        let said = run(&["--", name], 2);
        assert!(said.starts_with(&format!("error: `{name}` is not a name: ")), "{said}");
    }
    let said = run(&["mine", "--from", "9.9"], 2);
    assert!(said.contains("there is no mapping `9.9`") && said.contains(BUILT_IN[0].version), "{said}");
    run(&["mine", "--wrap", "9.9"], 2);
    run(&["mine", "--wrap", "3.0", "--from", "3.0"], 2);
    run(&[], 2);
}
