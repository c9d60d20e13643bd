//! What the tests share: both ways to map, the program, and a readable difference.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::{Arc, LazyLock},
    thread,
    time::{Duration, Instant},
};

use exotrace::{
    geo,
    mapper::{BUILT_IN, Component, FilePosition, Mapper},
};
use exotrace_mapping as native;
use serde_json::{Value, json};

/// The project's folder.
pub(crate) fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[track_caller]
pub(crate) fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !is_so() {
        assert!(Instant::now() < deadline, "waited for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Where `make test` has unpacked programs of Debian's packages; none on a machine without any.
pub(crate) fn unpacked(name: &str) -> Option<PathBuf> {
    let folder = project().join("target/tools").join(name);
    let ready = fs::read_to_string(folder.join("ready")).expect("`make test` unpacks what the tests need");
    if ready.trim() != "unpacked" {
        println!("{ready}");
        return None;
    }
    Some(fs::canonicalize(folder.join("root")).unwrap())
}

/// A component that misbehaves; `tests/guests/NAME.wat` says how.
pub(crate) fn guest(name: &str) -> Vec<u8> {
    let file = project().join("tests/guests").join(name).with_extension("wasm");
    fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Our own geo databases, or others.
pub(crate) fn geo(city: &Path, asn: &Path) -> Arc<geo::Geo> {
    Arc::new(geo::Geo::open(Some(city), Some(asn)).expect("the databases are readable"))
}

/// The built-in mappings: compiled once, as in the program.
static COMPILED: LazyLock<Vec<(&str, Component)>> =
    LazyLock::new(|| BUILT_IN.iter().map(|known| (known.version, Component::new(known.bytes).unwrap())).collect());

/// How to map: the settings that tests use.
#[derive(Clone, Default)]
pub(crate) struct Settings {
    pub(crate) local_domains: Option<Vec<String>>,
    pub(crate) preserve_original_event: bool,
    pub(crate) tags: Vec<String>,
    pub(crate) drop_status: Vec<String>,
    pub(crate) fields: Option<Value>,
}

impl Settings {
    pub(crate) fn new(local_domains: &[&str], tags: &[&str]) -> Self {
        let owned = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
        Self { local_domains: Some(owned(local_domains)), tags: owned(tags), ..Self::default() }
    }
}

/// Maps the records natively and in the component, sees that both give the same bytes,
/// and returns a line of JSON per record: `{"_id", "document"}` or `{"dropped"}`.
pub(crate) fn map(
    version: &str,
    settings: &Settings,
    geo: &Arc<geo::Geo>,
    records: &str,
    origin: &native::Origin,
) -> Vec<Value> {
    let native = map_natively(version, settings, geo, records, origin);
    let component = map_in_component(version, settings, geo, records, origin);
    assert_eq!(native.0, component.0, "mapping {version}: natively and in the component");
    assert_eq!(native.1, component.1, "mapping {version}: natively and in the component");
    let mut documents = native.0.lines();
    let outcomes = native.1.into_iter();
    outcomes
        .map(|mut outcome| {
            if outcome.get("dropped").is_none() {
                outcome["document"] = serde_json::from_str(documents.next().unwrap()).expect("a document is JSON");
            }
            outcome
        })
        .collect()
}

fn map_natively(
    version: &str,
    settings: &Settings,
    geo: &geo::Geo,
    records: &str,
    origin: &native::Origin,
) -> (String, Vec<Value>) {
    let settings = native::Settings {
        local_domains: settings.local_domains.clone(),
        preserve_original_event: settings.preserve_original_event,
        tags: settings.tags.clone(),
        drop_status: settings.drop_status.clone(),
        fields: settings.fields.as_ref().map(Value::to_string),
        suffix_list: None,
    };
    let version = native::versions::find(version).unwrap_or_else(|| panic!("no mapping {version}"));
    let mut session = native::Session::open(version, &settings).unwrap();
    let batch = session.map_batch(records, origin, &mut NativeGeo(geo));
    let outcomes = batch.outcomes.iter().map(|outcome| match outcome {
        native::Outcome::Mapped { id, .. } | native::Outcome::Failed { id, .. } => json!({ "_id": id }),
        native::Outcome::Dropped(reason) => json!({ "dropped": format!("{reason:?}") }),
    });
    let outcomes = outcomes.collect();
    (String::from_utf8(batch.documents).unwrap(), outcomes)
}

fn map_in_component(
    version: &str,
    settings: &Settings,
    geo: &Arc<geo::Geo>,
    records: &str,
    origin: &native::Origin,
) -> (String, Vec<Value>) {
    let component = COMPILED.iter().find(|(known, _)| *known == version).unwrap().1.clone();
    let settings = exotrace::mapper::Settings {
        local_domains: settings.local_domains.clone(),
        preserve_original_event: settings.preserve_original_event,
        tags: settings.tags.clone(),
        drop_status: settings.drop_status.clone(),
        fields: settings.fields.clone(),
        suffix_list: None,
    };
    let mapper = Mapper::new(component, settings, Arc::clone(geo)).unwrap();
    let origin = exotrace::mapper::Origin {
        read_at: origin.read_at.and_then(chrono::DateTime::from_timestamp_millis),
        file: origin.file.as_ref().map(|file| FilePosition { path: file.path.clone(), offset: file.offset }),
    };
    let batch = mapper.map_batch(records, &origin).unwrap();
    let outcomes = batch.outcomes.iter().map(|outcome| match outcome {
        exotrace::mapper::Outcome::Mapped { id, .. } | exotrace::mapper::Outcome::Failed { id, .. } => {
            json!({ "_id": id })
        }
        exotrace::mapper::Outcome::Dropped(reason) => json!({ "dropped": format!("{reason:?}") }),
        exotrace::mapper::Outcome::Rejected(reason) => json!({ "rejected": reason }),
    });
    let outcomes = outcomes.collect();
    (batch.documents, outcomes)
}

/// The host's databases, as the mapping library asks for them.
struct NativeGeo<'g>(&'g geo::Geo);

impl native::Geo for NativeGeo<'_> {
    fn lookup(&mut self, addresses: &[&str]) -> Vec<Option<native::Network>> {
        let convert = |network: geo::Network| native::Network {
            place: network.place.map(|place| native::Place {
                continent_name: place.continent_name,
                country_iso_code: place.country_iso_code,
                country_name: place.country_name,
                region_iso_code: place.region_iso_code,
                region_name: place.region_name,
                city_name: place.city_name,
                location: place.location.map(|(lat, lon)| native::Location { lat, lon }),
            }),
            autonomous_system: network
                .autonomous_system
                .map(|(number, organization_name)| native::AutonomousSystem { number, organization_name }),
        };
        addresses.iter().map(|address| self.0.lookup(address).map(convert)).collect()
    }
}

/// Runs the program with these arguments and this standard input, in the project's folder.
pub(crate) fn exotrace(arguments: &[&str], input: &str) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_exotrace"));
    program.current_dir(project()).args(arguments);
    program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = program.spawn().unwrap();
    let mut stdin = running.stdin.take().unwrap();
    let input = input.to_owned();
    // From another thread, since the program may answer before it has read everything.
    let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = running.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

/// What the program said; an error that is JSON follows as people read it on a terminal.
pub(crate) fn said(log: String) -> String {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let Some(failed) = lines.map(|line| line["fields"].clone()).rfind(|it| it["message"] == "failed") else {
        return log;
    };
    let text = |name: &str| failed[name].as_str().unwrap_or_default().to_owned();
    format!("{log}error: {}\nhint: {}\n", text("error"), text("hint"))
}

/// Asserts that two values are equal, and shows where they are not.
#[track_caller]
pub(crate) fn assert_same(what: &str, found: &Value, expected: &Value) {
    let mut differences = Vec::new();
    compare("", found, expected, &mut differences);
    assert!(differences.is_empty(), "{what}:\n{}", differences.join("\n"));
}

fn compare(path: &str, found: &Value, expected: &Value, differences: &mut Vec<String>) {
    let (Value::Object(found_members), Value::Object(expected_members)) = (found, expected) else {
        // 62 and 62.0 are the same number.
        let same_number = found.as_f64().is_some() && found.as_f64() == expected.as_f64();
        if found != expected && !same_number {
            differences.push(format!("  {path}: found {found}, expected {expected}"));
        }
        return;
    };
    for (name, value) in found_members {
        let expected = expected_members.get(name).unwrap_or(&Value::Null);
        compare(&format!("{path}.{name}"), value, expected, differences);
    }
    for (name, value) in expected_members.iter().filter(|(name, _)| !found_members.contains_key(*name)) {
        differences.push(format!("  {path}.{name}: found nothing, expected {value}"));
    }
}
