//! Contracts that were given out: a component that was built against one keeps running, on this host and on every
//! later one of its track. `fixtures/wit` has the components, and what they were made from.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use exotrace::mapper::{Component, FailureReason, MappedBatch, Mapper, MapperError, Origin, Settings};
use semver::Version;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::harness::{fixture, geo, project};

mod across;
mod v0_1;
mod v0_2;

/// The component that uses every item of a contract.
struct Kept(&'static str);

impl Kept {
    fn bytes(&self) -> Vec<u8> {
        fs::read(fixture(&format!("wit/{}/component.wasm", self.0))).unwrap()
    }

    fn mapper(&self, settings: Settings) -> Result<Mapper, MapperError> {
        let geo = geo(&fixture("geo/City.mmdb"), &fixture("geo/ASN.mmdb"));
        Mapper::new(Component::new(&self.bytes()).unwrap(), settings, geo)
    }

    fn map(&self, settings: Settings, records: &str, origin: &Origin) -> MappedBatch {
        self.mapper(settings).unwrap().map_batch(records, origin).unwrap()
    }

    /// What the component says that reached it.
    #[track_caller]
    fn check_shown(&self, settings: Settings, record: &str, origin: &Origin, expected: &str) {
        let batch = self.map(settings, record, origin);
        let document: Value = serde_json::from_str(&batch.documents).unwrap();
        assert_eq!(document, json!({ "shown": expected }));
    }

    /// Why it refuses settings with this tag.
    #[track_caller]
    fn refusal(&self, tag: &str) -> String {
        match self.mapper(Settings { tags: vec![tag.to_owned()], ..Settings::default() }) {
            Ok(_) => panic!("{tag}"),
            Err(error) => error.to_string(),
        }
    }
}

/// What is wrong with records that have these names, in every version of the contract.
const REASONS: [(&str, FailureReason); 10] = [
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

/// What the databases of the fixtures know about `192.0.2.1`.
const LONDON: &str = r#"Some("Europe") Some("GB") Some("United Kingdom") Some("GB-ENG") Some("England") Some("London") Some((51.5142, -0.0931)) 64496 Some("Fabrikam Networks Ltd")"#;

/// The SHA-256 of these bytes, in hexadecimal digits.
fn digest_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
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
            let digest = digest_of(&fs::read(&file).unwrap());
            found.push_str(&format!("{digest}  {}\n", file.strip_prefix(&folder).unwrap().display()));
        }
        let component = project().join(format!("fixtures/wit/{version}/component.wasm"));
        assert!(component.is_file(), "there is no `{}`", component.display());
    }
    assert!(found.contains("0.1.0/world.wit") && found.contains("0.2.0/world.wit"), "{found}");
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

/// Everywhere in the component at once: in its section and in the names of its interfaces.
fn as_of(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut changed = bytes.to_vec();
    for at in 0..changed.len() - from.len() {
        if changed[at..].starts_with(from.as_bytes()) {
            changed[at..at + to.len()].copy_from_slice(to.as_bytes());
        }
    }
    changed
}

#[test]
fn a_component_of_another_track_or_of_a_later_host_is_refused() {
    for (kept, others) in [("0.1.0", ["0.1.1", "0.3.0", "1.0.0"]), ("0.2.0", ["0.2.1", "0.3.0", "1.0.0"])] {
        for version in others {
            let Err(error) = Component::new(&as_of(&Kept(kept).bytes(), kept, version)) else { panic!("{version}") };
            let expected =
                format!("built for version `{version}` of the contract, this host speaks `0.1.0` and `0.2.0`");
            assert_eq!(error.to_string(), expected);
        }
    }
}

#[test]
fn a_component_that_says_another_contract_than_it_has_is_refused() {
    for (kept, said) in [("0.1.0", "0.2.0"), ("0.2.0", "0.1.0")] {
        let Err(error) = Component::new(&as_of(&Kept(kept).bytes(), kept, said)) else { panic!("{kept}") };
        assert_eq!(error.to_string(), "could not say what it is", "{kept}");
    }
}

#[test]
fn a_component_is_shared_by_mappers() {
    for kept in ["0.1.0", "0.2.0"] {
        let component = Component::new(&Kept(kept).bytes()).unwrap();
        let mapper = |tag: &str| {
            let settings = Settings { tags: vec![tag.to_owned()], ..Settings::default() };
            Mapper::new(component.clone(), settings, geo(&fixture("geo/City.mmdb"), &fixture("geo/ASN.mmdb"))).unwrap()
        };
        let (one, other) = (mapper("one"), mapper("other"));
        let shown = |mapper: &Mapper| mapper.map_batch("settings", &Origin::default()).unwrap().documents;
        assert!(shown(&one).contains("one") && shown(&other).contains("other"));
    }
}
