//! wasmtime takes minutes to build, and the program some: each is built once.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::{
    collections::{BTreeMap, BTreeSet, hash_map::DefaultHasher},
    fs,
    hash::{Hash as _, Hasher as _},
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What cargo would build for these arguments. The form is not stable: the pinned toolchain has it.
fn units(arguments: &[String]) -> Vec<Value> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root()).env("RUSTC_BOOTSTRAP", "1").args(arguments);
    let output = cargo.args(["--locked", "--unit-graph", "-Z", "unstable-options"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut graph: Value = serde_json::from_slice(&output.stdout).unwrap();
    graph["units"].as_array_mut().map(std::mem::take).unwrap()
}

#[test]
fn wasmtime_is_built_once() {
    let program = units(&["build", "--release", "--package", "exotrace", "--bin", "exotrace"].map(str::to_owned));
    let tests = units(&["test", "--release", "--workspace", "--no-run"].map(str::to_owned));
    let demo = units(&selection("DEMO"));
    for units in [&program, &tests, &demo] {
        let is_library = |unit: &&Value| unit["target"]["name"] == "wasmtime" && unit["mode"] == "build";
        let built = units.iter().filter(is_library).count();
        assert_eq!(built, 1, "the build script of `host/built-in` asks for other features than the program");
    }
}

/// The libraries among units by all that decides whether one is built again, with everything below it.
fn libraries(units: &[Value]) -> BTreeMap<u64, String> {
    let mut known = BTreeMap::new();
    let is_library = |unit: &Value| unit["mode"] == "build" && !unit["target"]["kind"].to_string().contains("bin");
    let found = units.iter().enumerate().filter(|(_, unit)| is_library(unit));
    found.map(|(index, unit)| (signature(index, units, &mut known), unit["pkg_id"].to_string())).collect()
}

fn signature(index: usize, units: &[Value], known: &mut BTreeMap<usize, u64>) -> u64 {
    if let Some(signature) = known.get(&index) {
        return *signature;
    }
    let unit = &units[index];
    let own = ["pkg_id", "target", "mode", "platform", "profile", "features"].map(|part| unit[part].to_string());
    let dependencies = unit["dependencies"].as_array().unwrap().iter();
    let below: BTreeSet<_> = dependencies
        .map(|dependency| {
            let place = usize::try_from(dependency["index"].as_u64().unwrap()).unwrap();
            (dependency["extern_crate_name"].to_string(), signature(place, units, known))
        })
        .collect();
    let mut hasher = DefaultHasher::new();
    (own, below).hash(&mut hasher);
    known.insert(index, hasher.finish());
    hasher.finish()
}

/// What the Makefile selects for a build, where all features can be built.
fn selection(name: &str) -> Vec<String> {
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
    let value = |name: &str| {
        let start = format!("{name} := ");
        makefile.lines().find_map(|line| line.strip_prefix(&start)).unwrap().to_owned()
    };
    let selection = value(name).replace("$(WORKSPACE)", "--release --workspace");
    let selection = selection.replace("$(ALL_FEATURES)", &value("ALL_FEATURES"));
    assert!(!selection.contains('$'), "{selection}");
    let selected = selection.split(' ').filter(|word| *word != "--locked").map(str::to_owned);
    ["build".to_owned()].into_iter().chain(selected).collect()
}

#[test]
fn tests_take_over_what_is_built() {
    let built = libraries(&units(&selection("SELECTION")));
    let tested = libraries(&units(&["test", "--release", "--workspace", "--no-run"].map(str::to_owned)));
    let again: BTreeSet<_> =
        built.iter().filter(|(unit, _)| !tested.contains_key(unit)).map(|(_, name)| name).collect();
    assert!(built.len() > 200 && again.is_empty(), "{} libraries, and again: {again:?}", built.len());
}

#[test]
fn the_demo_is_built_quickly_and_without_what_needs_perl() {
    let units = units(&selection("DEMO"));
    let built = libraries(&units);
    assert!(!built.values().any(|name| name.contains("openssl-s") || name.contains("rdkafka")), "{built:?}");
    let is_optimised = |unit: &&Value| unit["profile"]["opt_level"] != "0";
    assert_eq!(units.iter().find(is_optimised), None);
}
