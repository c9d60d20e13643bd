//! wasmtime takes minutes to build: it is built once, for the program, its build script and the tests.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::{collections::BTreeSet, path::Path, process::Command};

use serde_json::Value;

/// What cargo would build for these arguments. The form is not stable: the pinned toolchain has it.
fn units(arguments: &[&str]) -> Vec<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root).env("RUSTC_BOOTSTRAP", "1").args(arguments);
    let output = cargo.args(["--release", "--locked", "--unit-graph", "-Z", "unstable-options"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut graph: Value = serde_json::from_slice(&output.stdout).unwrap();
    graph["units"].as_array_mut().map(std::mem::take).unwrap()
}

/// wasmtime and all that it is built on, each with what makes two builds of it differ.
fn wasmtimes(units: &[Value]) -> BTreeSet<String> {
    let is_wasmtime = |unit: &Value| unit["target"]["name"] == "wasmtime" && unit["mode"] == "build";
    let mut left: Vec<usize> = (0..units.len()).filter(|&index| is_wasmtime(&units[index])).collect();
    let mut seen = BTreeSet::new();
    let mut found = BTreeSet::new();
    while let Some(index) = left.pop() {
        if !seen.insert(index) {
            continue;
        }
        let unit = &units[index];
        let [package, target, profile] = [&unit["pkg_id"], &unit["target"]["name"], &unit["profile"]["opt_level"]];
        found.insert(format!("{package} {target} {profile} {}", unit["features"]));
        let dependencies = unit["dependencies"].as_array().unwrap();
        left.extend(dependencies.iter().map(|it| usize::try_from(it["index"].as_u64().unwrap()).unwrap()));
    }
    found
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
    let (program, tests) = (wasmtimes(&program), wasmtimes(&tests));
    assert!(program.len() > 50, "only {} crates are below wasmtime", program.len());
    let other: Vec<_> = program.symmetric_difference(&tests).collect();
    assert!(other.is_empty(), "the tests ask for other features than the program: {other:#?}");
}
