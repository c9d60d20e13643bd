//! `fixtures/records`: every file of records with the documents that each mapping version makes of them.
//!
//! `UPDATE_GOLDEN=1` writes the expected documents anew; look at the difference before you commit it.

use std::{env, fs, path::Path};

use exotrace_mapping::Origin;
use serde_json::Value;

use crate::harness::{Settings, assert_same, geo, map, project};

fn settings(folder: &Path) -> Settings {
    let settings: Value = serde_json::from_slice(&fs::read(folder.join("settings.json")).unwrap()).unwrap();
    let texts = |name: &str| -> Vec<String> { serde_json::from_value(settings[name].clone()).unwrap() };
    Settings { local_domains: Some(texts("local_domains")), tags: texts("tags"), ..Settings::default() }
}

#[track_caller]
fn check(name: &str) {
    let folder = project().join("fixtures/records");
    let records = fs::read_to_string(folder.join(format!("{name}.ndjson"))).unwrap();
    let databases = project().join("fixtures/geo");
    let geo = geo(&databases.join("City.mmdb"), &databases.join("ASN.mmdb"));
    for version in ["1.20", "2.2"] {
        let found = map(version, &settings(&folder), &geo, &records, &Origin::default());
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

#[test]
fn well_formed_records() {
    check("well-formed");
}

#[test]
fn odd_records() {
    check("odd");
}

#[test]
fn broken_records() {
    check("broken");
}

#[test]
fn records_with_every_escape() {
    check("escapes");
}

#[test]
fn records_with_every_kind_of_date() {
    check("dates");
}
