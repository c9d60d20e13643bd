//! `exotrace mapping`, as people run it: listing, inspecting, comparing, signing.

use std::{fs, path::PathBuf, sync::Arc};

use exotrace::{
    geo::Geo,
    mapper::{BUILT_IN, Loader, Mapper, Origin, Settings, built_in},
};
use serde_json::{Value, json};

use crate::harness::{Ended, Folder, exotrace, fixture, project, text};

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

#[track_caller]
fn json_of(arguments: &[&str], code: i32) -> Value {
    exotrace(arguments, "").with(code).json()
}

/// A folder with a component file, keys, and settings that trust them.
struct Fixture(Folder);

impl Fixture {
    fn new() -> Self {
        let folder = Folder::new();
        folder.write("mapping.wasm", built_in("2.2").unwrap().bytes);
        Self(folder)
    }

    /// The same with a pair of keys.
    fn with_keys() -> Self {
        let fixture = Self::new();
        let (secret, public) = (fixture.path("test.key"), fixture.path("test.pub"));
        run(&["mapping", "keygen", "--secret-key", text(&secret), "--public-key", text(&public)], 0);
        fixture.settings("path = \"mapping.wasm\"\ntrusted_keys = [\"test.pub\"]");
        fixture
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path(name)
    }

    fn settings(&self, mapping: &str) -> PathBuf {
        let minimal = fs::read_to_string(fixture("config/good/minimal.toml")).unwrap();
        self.0.write_settings(&format!("{minimal}\n[mapping]\n{mapping}\n"))
    }

    fn sign(&self) {
        let (file, key) = (self.path("mapping.wasm"), self.path("test.key"));
        run(&["mapping", "sign", text(&file), "--secret-key", text(&key)], 0);
    }

    /// Whether the settings can be used, and if not, why.
    #[track_caller]
    fn check_settings(&self, expected: &str) {
        let said = self.0.exotrace(&["check"]).ends(if expected.is_empty() { 0 } else { 78 }).stderr;
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn a_mapping_is_equal_to_itself() {
    let said = run(&["mapping", "diff", "2.2", "2.2", RECORDS], 0);
    assert!(said.starts_with("2.2.0 to 2.2.0: ") && said.ends_with(" records, all equal\n"), "{said}");
}

#[test]
fn two_versions_are_compared_field_by_field() {
    let said = run(&["mapping", "diff", "1.20", "2.2", "--local-domain", "contoso.com", RECORDS], 1);
    assert!(said.lines().any(|line| line.starts_with("field ") && line.ends_with("examples")), "{said}");
    assert!(said.lines().any(|line| line.starts_with("event.category ")), "{said}");
    let found = json_of(&["mapping", "diff", "--json", "1.20", "2.2", RECORDS], 1);
    let records = fs::read_to_string(project().join(RECORDS)).unwrap().lines().count();
    assert_eq!(found["records"], json!(records));
    let before = &found["before"];
    assert_eq!((&before["mapping"], &before["mapping_version"]), (&json!("1.20"), &json!("1.20.0")));
    assert_eq!((&before["schema"]["name"], &found["schema_change"]), (&json!("ecs"), &Value::Null));
    // Version 2.2 sets what 1.20 does not.
    assert_eq!(found["fields"]["event.category"]["added"], json!(records));
}

/// Fields of one schema are not those of another.
#[test]
fn another_schema_is_named_and_its_fields_are_not_compared() {
    let other = project().join("fixtures/wit/0.2.0/component.wasm");
    let folder = Folder::new();
    let record =
        folder.write("record.ndjson", fs::read_to_string(project().join(RECORDS)).unwrap().lines().next().unwrap());
    let said = run(&["mapping", "diff", "2.2", text(&other), text(&record)], 1);
    assert!(
        said.contains("\nschema ecs 8.") && said.contains(" to shown 1.0: outcomes and ids are compared"),
        "{said}"
    );
    assert!(!said.contains("field "), "{said}");
}

#[test]
fn values_are_hidden_unless_they_are_asked_for() {
    let folder = Folder::new();
    let records = r#"{"Received":"2026-03-04T05:06:07Z","SenderAddress":"marker@contoso.com","Status":"Delivered"}"#;
    let file = folder.write("records.ndjson", records);
    for form in [&["--json"][..], &[]] {
        let arguments = |more: &[&'static str]| [&["mapping", "diff", "1.20", "2.2"], form, more].concat();
        let with_file = |arguments: Vec<&'static str>| exotrace(&[&arguments[..], &[text(&file)]].concat(), "");
        let hidden = with_file(arguments(&[]));
        let shown = with_file(arguments(&["--show-values"]));
        let contains = |ended: &Ended, word: &str| ended.stdout.contains(word);
        assert!(!contains(&hidden, "success") && !contains(&hidden, "marker"));
        assert!(contains(&shown, "success"), "{}", shown.stdout);
    }
}

#[test]
fn what_cannot_be_compared_ends_with_2() {
    let said = fail(&["mapping", "diff", "1.20", "9.9", RECORDS], 2);
    assert!(said.starts_with("error: there is no mapping `9.9`"), "{said}");
    let said = fail(&["mapping", "diff", "1.20", "2.2", "no-such-file"], 2);
    assert!(said.contains("could not open `no-such-file`"), "{said}");
    let said = fail(&["mapping", "diff", "1.20", "2.2"], 2);
    assert!(said.contains("there are no records, so nothing was compared"), "{said}");
    fail(&["mapping", "diff", "1.20"], 2);
}

#[test]
fn mappings_are_listed_with_those_of_the_state_folder() {
    let fixture = Fixture::new();
    fixture.0.write("state/mappings/ours.wasm", built_in("2.2").unwrap().bytes);
    fixture.0.write("state/mappings/broken.wasm", "no component");
    fixture.0.write("state/mappings/notes.txt", "not looked at");
    let settings = fixture.settings("");
    let found = json_of(&["mapping", "list", "--json", "--config", text(&settings)], 0);
    let versions: Vec<_> = found.as_array().unwrap().iter().map(|entry| entry["mapping_version"].as_str()).collect();
    // The schema is not part of the number.
    let numbers = BUILT_IN.map(|built_in| format!("{}.0", built_in.version.trim_start_matches("ocsf-")));
    let mut expected: Vec<_> = numbers.iter().map(|number| Some(number.as_str())).collect();
    expected.extend([None, Some("2.2.0")]);
    assert_eq!(versions, expected);
    let (broken, ours) = (&found[BUILT_IN.len()], &found[BUILT_IN.len() + 1]);
    assert_eq!(broken["error"], "not a WebAssembly component: the file does not begin like one");
    let same = found.as_array().unwrap().iter().find(|entry| entry["mapping_version"] == "2.2.0").unwrap();
    assert_eq!(ours["digest"], same["digest"]);
    let said = run(&["mapping", "list"], 0);
    assert_eq!(said.lines().count(), 1 + BUILT_IN.len(), "{said}");
    assert!(said.contains("\nocsf-1.8.0 ocsf 1.8.0  graph,legacy,details yes "), "{said}");
    assert!(said.lines().all(|line| line.contains("where") || line.contains("built in")), "{said}");
}

#[test]
fn a_component_is_inspected() {
    let fixture = Fixture::new();
    let file = fixture.path("mapping.wasm");
    let found = json_of(&["mapping", "inspect", "--json", text(&file)], 0);
    assert_eq!(found["size"], json!(built_in("2.2").unwrap().bytes.len()));
    assert_eq!(found["imports"], json!(["exotrace:mapping/geo@0.2.0"]));
    assert_eq!(found["exports"], json!(["exotrace:mapping/mapper@0.2.0"]));
    assert_eq!((&found["mapping_version"], &found["wit_version"]), (&json!("2.2.0"), &json!("0.2.0")));
    assert_eq!(found["signature"], "missing");
    assert_eq!(found["metadata"]["version"], "2.2.0");
    assert!(found["metadata"]["licenses"].as_str().unwrap().contains("MPL-2.0"), "{found}");
    assert!(found["metadata"]["source"].as_str().unwrap().starts_with("https://"), "{found}");
    assert!(found["producers"]["language"][0].as_str().unwrap().starts_with("Rust"), "{found}");
    let said = run(&["mapping", "inspect", text(&file)], 0);
    assert!(said.contains("\nSHA-256      ") && said.contains("\nsignature    none\n"), "{said}");
}

#[test]
fn a_version_is_inspected_as_its_file_is() {
    let fixture = Fixture::new();
    let mut of_file = json_of(&["mapping", "inspect", "--json", text(&fixture.path("mapping.wasm"))], 0);
    for version in ["2.2", "2.2.0"] {
        let of_version = json_of(&["mapping", "inspect", "--json", version], 0);
        assert_eq!(of_version["signature"], "built_in");
        of_file["signature"] = json!("built_in");
        assert_eq!(of_version, of_file);
    }
    let said = run(&["mapping", "inspect", "ocsf-1.8"], 0);
    assert!(said.lines().any(|line| line.starts_with("records ") && line.ends_with("details")), "{said}");
    assert!(said.contains("signature    built in, needs none\n"), "{said}");
    let said = exotrace(&["mapping", "inspect", "7.7"], "").with(2).stderr;
    assert!(said.contains("`7.7`") && said.contains("built in are"), "{said}");
    // A file that is there is meant.
    let folder = Folder::new();
    folder.write("2.2", built_in("1.20").unwrap().bytes);
    let said = folder.bare(&["mapping", "inspect", "2.2"]).ends(0).stdout;
    assert!(said.contains("mapping      1.20.0\n") && said.contains("signature    none\n"), "{said}");
}

/// It is told what it is all the same.
#[test]
fn a_component_that_is_no_mapping_is_inspected_with_an_error() {
    let folder = Folder::new();
    let file = folder.write("empty.wasm", b"\0asm\x0d\0\x01\0");
    let Ended { stdout, stderr: said, .. } = exotrace(&["mapping", "inspect", text(&file)], "").with(1);
    assert!(stdout.starts_with("size         8 bytes\n"), "{stdout}");
    assert!(said.starts_with("error: this host cannot run it: not an exotrace mapping: it has no section"), "{said}");
}

#[test]
fn only_a_signed_mapping_is_taken_where_keys_are_trusted() {
    let fixture = Fixture::with_keys();
    fixture.check_settings("`mapping.path`: could not use mapping");
    fixture.check_settings("not signed: there is no `");
    fixture.sign();
    fixture.check_settings("");
    let settings = fixture.path("exotrace.toml");
    let file = fixture.path("mapping.wasm");
    let found = json_of(&["mapping", "inspect", "--json", text(&file), "--config", text(&settings)], 0);
    let comment = found["signature"]["trusted"]["comment"].as_str().unwrap();
    assert!(comment.starts_with(&format!("mapping=2.2.0 sha256={} at=", found["digest"].as_str().unwrap())), "{found}");
    // One that is whole but not the signed one.
    fs::write(&file, built_in("1.20").unwrap().bytes).unwrap();
    fixture.check_settings("is not of this file: one of the two was changed");
    let arguments = ["map", "--config", text(&settings), "--mapping", text(&file), RECORDS];
    assert!(fail(&arguments, 2).contains("is not of this file"));
}

#[test]
fn built_in_mappings_need_no_signature() {
    let fixture = Fixture::with_keys();
    fixture.settings("version = \"1.20\"\ntrusted_keys = [\"test.pub\"]");
    fixture.check_settings("");
}

#[test]
fn a_signature_is_verified_by_key_and_by_settings() {
    let fixture = Fixture::with_keys();
    let (file, settings, public) =
        (fixture.path("mapping.wasm"), fixture.path("exotrace.toml"), fixture.path("test.pub"));
    let said = fail(&["mapping", "verify", text(&file), "--public-key", text(&public)], 1);
    assert!(said.contains("not signed: there is no `"), "{said}");
    fixture.sign();
    let key = fs::read_to_string(&public).unwrap().lines().nth(1).unwrap().to_owned();
    for keys in [["--public-key", text(&public)], ["--public-key", &key], ["--config", text(&settings)]] {
        let said = run(&[&["mapping", "verify", text(&file)], &keys[..]].concat(), 0);
        assert!(said.starts_with("valid: signed with key ") && said.ends_with("mapping  2.2.0\n"), "{said}");
    }
    let other = Fixture::with_keys();
    let said = fail(&["mapping", "verify", text(&file), "--public-key", text(&other.path("test.pub"))], 1);
    assert!(said.contains("which is not one of the trusted keys"), "{said}");
    fail(&["mapping", "verify", text(&file)], 2);
}

#[test]
fn what_is_no_mapping_is_not_signed() {
    let fixture = Fixture::with_keys();
    let (file, key) = (fixture.path("test.pub"), fixture.path("test.key"));
    let said = fail(&["mapping", "sign", text(&file), "--secret-key", text(&key)], 1);
    assert!(said.contains("test.pub` is not signed: not a WebAssembly component"), "{said}");
    assert!(!fixture.path("test.pub.minisig").exists());
}

/// Somebody may write anything into the cache: the documents are those of the component.
#[test]
fn compiled_code_is_kept_and_never_trusted() {
    let folder = Folder::new();
    let cache = folder.path("cache");
    // The code of built-in mappings is inside the program.
    let file = project().join("fixtures/wit/0.1.0/mapping-2.2.wasm");
    let map = || {
        let component = Loader::default().with_cache(&cache).open(&file).unwrap();
        let mapper = Mapper::new(component, Settings::default(), Arc::new(Geo::default())).unwrap();
        mapper.map_batch(r#"{"receivedDateTime":"2026-03-04T05:06:07Z"}"#, &Origin::default()).unwrap().documents
    };
    let expected = map();
    let code = || fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().path());
    let code = code().find(|path| path.extension().is_some_and(|extension| extension == "code")).unwrap();
    let whole = fs::read(&code).unwrap();
    assert_eq!(map(), expected);
    assert!(fs::read(&code).unwrap() == whole, "used as it is");
    let middle = whole.len() / 2;
    for damaged in [&whole[..middle], &[&whole[..middle], &[0; 64], &whole[middle + 64..]].concat()] {
        fs::write(&code, damaged).unwrap();
        assert_eq!(map(), expected);
        assert!(fs::read(&code).unwrap() != damaged, "compiled again");
    }
}

/// Without a place for it everything is compiled each time.
#[test]
fn a_cache_that_cannot_be_made_does_no_harm() {
    let folder = Folder::new();
    let file = folder.write("file", "");
    assert!(Loader::default().with_cache(&file.join("cache")).built_in(built_in("2.2").unwrap()).is_ok());
}
