//! wasmtime takes minutes to build: the program and its build script have the same one.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::{path::Path, process::Command};

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
