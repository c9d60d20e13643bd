//! Contracts that were given out: a component that was built against one keeps running, on this host and on every
//! later one of its track. `fixtures/wit` has the components, and what they were made from.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::DateTime;
use exotrace::mapper::{
    Component, DropReason, FailureReason, FilePosition, MappedBatch, Mapper, MapperError, Origin, Outcome, Settings,
};
use semver::Version;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::harness::{geo, project};

fn bytes() -> Vec<u8> {
    fs::read(project().join("fixtures/wit/0.1.0/component.wasm")).unwrap()
}

fn mapper(settings: Settings) -> Result<Mapper, MapperError> {
    let fixture = |name| project().join("fixtures/geo").join(name);
    Mapper::new(Component::new(&bytes()).unwrap(), settings, geo(&fixture("City.mmdb"), &fixture("ASN.mmdb")))
}

fn map(settings: Settings, records: &str, origin: &Origin) -> MappedBatch {
    mapper(settings).unwrap().map_batch(records, origin).unwrap()
}

/// What the component says that reached it.
#[track_caller]
fn check_shown(settings: Settings, record: &str, origin: &Origin, expected: &str) {
    let batch = map(settings, record, origin);
    let document: Value = serde_json::from_str(&batch.documents).unwrap();
    assert_eq!(document, json!({ "shown": expected }));
}

/// The folders of released contracts, each with its version.
fn released() -> Vec<(Version, PathBuf)> {
    let folders = fs::read_dir(project().join("wit/released")).unwrap().map(|entry| entry.unwrap().path());
    let folders = folders.filter(|path| path.is_dir());
    folders.map(|path| (Version::parse(path.file_name().unwrap().to_str().unwrap()).unwrap(), path)).collect()
}

/// The files of a contract by name, with what they say.
fn wit_files(folder: &Path) -> BTreeMap<String, String> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "wit"));
    files
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap()))
        .collect()
}

/// The version of a contract, which each of its files that says one has to agree about.
fn version(files: &BTreeMap<String, String>) -> Version {
    let lines = files.values().flat_map(|text| text.lines());
    let versions = lines.filter_map(|line| line.strip_prefix("package exotrace:mapping@")?.strip_suffix(';'));
    let versions: BTreeSet<_> = versions.map(|version| Version::parse(version).unwrap()).collect();
    assert_eq!(versions.len(), 1, "{versions:?}");
    versions.into_iter().next().unwrap()
}

/// What a contract says to programs: what it says to people may become clearer.
fn declared(files: &BTreeMap<String, String>) -> Vec<(&str, &str)> {
    let lines = files.iter().flat_map(|(name, text)| text.lines().map(|line| (name.as_str(), line.trim())));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with("//")).collect()
}

#[test]
fn a_released_contract_is_never_edited() {
    let folder = project().join("wit/released");
    let sums = fs::read_to_string(folder.join("SHA256SUMS")).unwrap();
    let mut found = String::new();
    for (version, path) in released().into_iter().collect::<BTreeMap<_, _>>() {
        assert_eq!(self::version(&wit_files(&path)), version, "{}", path.display());
        let mut files: Vec<_> = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files {
            let digest = Sha256::digest(fs::read(&file).unwrap());
            let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            found.push_str(&format!("{digest}  {}\n", file.strip_prefix(&folder).unwrap().display()));
        }
        let component = project().join(format!("fixtures/wit/{version}/component.wasm"));
        assert!(component.is_file(), "there is no `{}`", component.display());
    }
    assert!(found.contains("0.1.0/world.wit"), "{found}");
    assert_eq!(found, sums);
}

/// A contract is the released one of its version, or has a later version than every released one.
#[test]
fn a_contract_that_changes_gets_another_version() {
    let current = wit_files(&project().join("wit"));
    let version = version(&current);
    for (released, folder) in released() {
        if released == version {
            assert_eq!(declared(&current), declared(&wit_files(&folder)), "`wit` is not the contract {version}");
        } else {
            assert!(released < version, "the contract {released} was released before {version}");
        }
    }
}

#[test]
fn a_component_of_0_1_0_says_what_it_is() {
    let component = Component::new(&bytes()).unwrap();
    let description = component.description();
    assert_eq!(description.name, "contract 0.1.0");
    assert_eq!((&*description.mapping_version, &*description.wit_version), ("9.8.7", "0.1.0"));
    assert_eq!(description.ecs_version, "8.11.0");
}

#[test]
fn a_component_of_0_1_0_gets_its_settings() {
    let settings = Settings {
        local_domains: Some(vec!["contoso.com".to_owned()]),
        preserve_original_event: true,
        tags: vec!["a".to_owned(), "b".to_owned()],
        drop_status: vec!["Failed".to_owned()],
        fields: Some(json!({ "x": 1 })),
        suffix_list: Some("com".to_owned()),
    };
    let expected = r#"Some(["contoso.com"]) true ["a", "b"] ["Failed"] Some("{\"x\":1}") Some("com")"#;
    check_shown(settings, "settings", &Origin::default(), expected);
    check_shown(Settings::default(), "settings", &Origin::default(), "None false [] [] None None");
}

#[test]
fn a_component_of_0_1_0_hears_where_records_come_from() {
    check_shown(Settings::default(), "origin", &Origin::default(), "None");
    let origin = Origin {
        read_at: DateTime::from_timestamp_millis(1_700_000_000_123),
        file: Some(FilePosition { path: "trace.ndjson".to_owned(), offset: 5_000_000_000 }),
    };
    check_shown(Settings::default(), "origin", &origin, r#"Some(1700000000123) "trace.ndjson" 5000000000"#);
}

#[test]
fn a_component_of_0_1_0_asks_about_networks() {
    let london = r#"Some("Europe") Some("GB") Some("United Kingdom") Some("GB-ENG") Some("England") Some("London") Some((51.5142, -0.0931)) 64496 Some("Fabrikam Networks Ltd")"#;
    check_shown(Settings::default(), "192.0.2.1", &Origin::default(), london);
    check_shown(Settings::default(), "10.0.0.1", &Origin::default(), "nothing");
}

#[test]
fn a_component_of_0_1_0_tells_what_became_of_records() {
    let reasons = [
        ("not-json", FailureReason::NotJson),
        ("not-an-object", FailureReason::NotAnObject),
        ("too-long", FailureReason::TooLong),
        ("too-deep", FailureReason::TooDeep),
        ("page-not-split", FailureReason::PageNotSplit),
        ("missing-date", FailureReason::MissingDate),
        ("invalid-date", FailureReason::InvalidDate),
        ("invalid-address", FailureReason::InvalidAddress),
        ("invalid-ip", FailureReason::InvalidIp),
        ("invalid-type", FailureReason::InvalidType),
    ];
    let names: Vec<_> = reasons.iter().map(|(name, _)| *name).collect();
    let records = format!("10.0.0.1\ndropped\nempty\n{}\n", names.join("\n"));
    let batch = map(Settings::default(), &records, &Origin::default());
    let mut found = batch.outcomes.into_iter();
    let length = r#"{"shown":"nothing"}"#.len() as u32;
    let timestamp = DateTime::from_timestamp_millis(1_700_000_000_123).unwrap();
    assert_eq!(found.next(), Some(Outcome::Mapped { id: "id 0".to_owned(), timestamp, length }));
    assert_eq!(found.next(), Some(Outcome::Dropped(DropReason::Status)));
    assert_eq!(found.next(), Some(Outcome::Dropped(DropReason::EmptyPage)));
    for (place, (name, expected)) in reasons.into_iter().enumerate() {
        let timestamp = DateTime::from_timestamp_millis(-1);
        let id = format!("id {}", place + 3);
        assert_eq!(found.next(), Some(Outcome::Failed { id, timestamp, reason: expected, length }), "{name}");
    }
    assert_eq!(found.next(), None);
}

#[test]
fn a_component_of_0_1_0_refuses_settings() {
    let expected = [
        ("invalid-fields", "fields to add: reason"),
        ("reserved-field", "field `event.kind` is written by the mapping itself"),
        ("invalid-suffix-list", "public suffix list: reason"),
        ("unsupported", "this mapping version has no rule for `drop_status`"),
    ];
    for (tag, expected) in expected {
        let Err(error) = mapper(Settings { tags: vec![tag.to_owned()], ..Settings::default() }) else {
            panic!("{tag}")
        };
        assert_eq!(error.to_string(), format!("mapping refuses its settings: {expected}"));
    }
}

/// Everywhere in the component at once: in its section and in the names of its interfaces.
#[test]
fn a_component_of_another_track_or_of_a_later_host_is_refused() {
    for version in ["0.1.1", "0.2.0", "1.0.0"] {
        let mut changed = bytes();
        for at in 0..changed.len() - 5 {
            if &changed[at..at + 5] == b"0.1.0" {
                changed[at..at + 5].copy_from_slice(version.as_bytes());
            }
        }
        let Err(error) = Component::new(&changed) else { panic!("{version}") };
        let expected = format!("built for version `{version}` of the contract, this host speaks `0.1.0`");
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn a_component_is_shared_by_mappers() {
    let component = Component::new(&bytes()).unwrap();
    let mapper = |tag: &str| {
        let settings = Settings { tags: vec![tag.to_owned()], ..Settings::default() };
        Mapper::new(component.clone(), settings, Arc::default()).unwrap()
    };
    let (one, other) = (mapper("one"), mapper("other"));
    let shown = |mapper: &Mapper| mapper.map_batch("settings", &Origin::default()).unwrap().documents;
    assert!(shown(&one).contains("one") && shown(&other).contains("other"));
}
