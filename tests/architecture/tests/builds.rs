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
fn units(arguments: &[&str]) -> Vec<Value> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root()).env("RUSTC_BOOTSTRAP", "1").args(arguments);
    let output = cargo.args(["--release", "--locked", "--unit-graph", "-Z", "unstable-options"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut graph: Value = serde_json::from_slice(&output.stdout).unwrap();
    graph["units"].as_array_mut().map(std::mem::take).unwrap()
}

#[test]
fn wasmtime_is_built_once() {
    let program = units(&["build", "--package", "exotrace", "--bin", "exotrace"]);
    let tests = units(&["test", "--workspace", "--no-run"]);
    for units in [&program, &tests] {
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
    let selection = value(name).replace("$(WORKSPACE)", "--workspace");
    let selection = selection.replace("$(ALL_FEATURES)", &value("ALL_FEATURES"));
    assert!(!selection.contains('$'), "{selection}");
    let given = ["--release", "--locked"];
    selection.split(' ').filter(|word| !given.contains(word)).map(str::to_owned).collect()
}

/// The libraries that `cargo build` builds with this selection, and those of them that the tests need otherwise.
fn built_again(selection: &[String]) -> (usize, BTreeSet<String>) {
    let arguments: Vec<_> = ["build"].into_iter().chain(selection.iter().map(String::as_str)).collect();
    let built = libraries(&units(&arguments));
    let tested = libraries(&units(&["test", "--workspace", "--no-run"]));
    let again = built.iter().filter(|(unit, _)| !tested.contains_key(unit)).map(|(_, name)| name.clone()).collect();
    (built.len(), again)
}

#[test]
fn tests_take_over_what_is_built() {
    let (built, again) = built_again(&selection("SELECTION"));
    assert!(built > 200 && again.is_empty(), "{built} libraries, and again: {again:?}");
}

#[test]
fn of_what_is_built_for_the_demo_only_small_crates_are_built_again() {
    let (built, again) = built_again(&selection("PROGRAM_ALONE"));
    assert!(built > 200 && again.len() < 30, "{built} libraries, and again: {again:?}");
    for large in ["wasmtime", "cranelift", "sqlite", "#rustls@", "clap", "exotrace-built-in"] {
        assert!(!again.iter().any(|name| name.contains(large)), "{large} is built again: {again:?}");
    }
}

#[test]
fn the_demo_is_built_without_what_needs_perl() {
    let selection = selection("PROGRAM_ALONE");
    let arguments: Vec<_> = ["build"].into_iter().chain(selection.iter().map(String::as_str)).collect();
    let built = libraries(&units(&arguments));
    assert!(!built.values().any(|name| name.contains("openssl-s") || name.contains("rdkafka")), "{built:?}");
}
