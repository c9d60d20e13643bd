//! `fixtures/records`, and `fixtures/tenant` where a tenant is named: every file of records with the documents that each mapping version makes of them.
//!
//! `UPDATE_GOLDEN=1` writes the expected documents; look at the difference before you commit it.

use std::{env, fs, path::Path};

use exotrace::mapper::{BUILT_IN, BuiltIn};
use exotrace_mapping::Origin;
use serde_json::Value;

use crate::harness::{Settings, assert_same, fixture, geo, map};

fn settings(folder: &Path) -> Settings {
    let settings: Value = serde_json::from_slice(&fs::read(folder.join("settings.json")).unwrap()).unwrap();
    let texts = |name: &str| -> Vec<String> { serde_json::from_value(settings[name].clone()).unwrap() };
    let tenant = settings.get("tenant").map(|tenant| {
        let text = |name: &str| tenant[name].as_str().unwrap().to_owned();
        (text("id"), text("name"))
    });
    Settings { tenant, local_domains: Some(texts("local_domains")), tags: texts("tags"), ..Settings::default() }
}

#[track_caller]
fn check(folder: &Path, name: &str) {
    let records = fs::read_to_string(folder.join(format!("{name}.ndjson"))).unwrap();
    let geo = geo(&fixture("geo/City.mmdb"), &fixture("geo/ASN.mmdb"));
    for BuiltIn { version, .. } in BUILT_IN {
        let found = map(version, &settings(folder), &geo, &records, &Origin::default());
        assert_eq!(found.len(), records.lines().count(), "one outcome for every record");
        let file = folder.join(format!("{name}-{version}-expected.json"));
        if env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&file, serde_json::to_string_pretty(&found).unwrap() + "\n").unwrap();
        }
        let expected: Vec<Value> = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        assert_eq!(found.len(), expected.len(), "{}", file.display());
        for (number, (found, expected)) in found.iter().zip(&expected).enumerate() {
            assert_same(&format!("{}, record {}", file.display(), number + 1), found, expected);
        }
    }
}

/// The folders with records.
const FOLDERS: [&str; 2] = ["records", "tenant"];

/// The files of a folder that end so, without that end.
fn names(folder: &Path, end: &str) -> Vec<String> {
    let files = fs::read_dir(folder).unwrap();
    let names = files.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter_map(|name| name.strip_suffix(end).map(str::to_owned)).collect()
}

#[test]
fn records_become_the_documents_beside_them() {
    for folder in FOLDERS.map(fixture) {
        let names = names(&folder, ".ndjson");
        assert!(!names.is_empty());
        names.iter().for_each(|name| check(&folder, name));
    }
}

#[test]
fn documents_beside_records_are_those_of_a_version() {
    for folder in FOLDERS.map(fixture) {
        let mut expected = Vec::new();
        for name in names(&folder, ".ndjson") {
            expected.extend(BUILT_IN.map(|built_in| format!("{name}-{}", built_in.version)));
        }
        for found in names(&folder, "-expected.json") {
            assert!(expected.contains(&found), "`{found}-expected.json` is compared with nothing");
        }
    }
}
