//! Runs the core modules as the pipelines do that load them, from their published contracts, and as Fluent Bit 5.1.1 was
//! seen to: neither Fluent Bit nor Redpanda Connect is in a registry that the tests reach.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::Value;
use wasmtime::{Config, Engine};

mod fluent_bit;
mod fluent_json;
mod fluent_pipeline;
mod redpanda_connect;

pub use fluent_bit::{Filtered, FluentBit};
pub use fluent_pipeline::{Parser, Pipeline, READ_AT, carried};
pub use redpanda_connect::{Message, RedpandaConnect};

/// The modules with the settings and geo databases of the fixtures.
pub const FLUENT_BIT: &str = env!("FLUENT_BIT");
/// See [`FLUENT_BIT`].
pub const REDPANDA_CONNECT: &str = env!("REDPANDA_CONNECT");

/// An engine with no more of WebAssembly than the runtimes of the two pipelines have.
fn engine() -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    config.wasm_simd(false).wasm_relaxed_simd(false).wasm_tail_call(false).wasm_extended_const(false);
    config.wasm_memory64(false).wasm_multi_memory(false);
    Engine::new(&config)
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fixtures/records")
}

/// The names of the files in `fixtures/records`, in order.
///
/// # Errors
///
/// When the folder cannot be read.
pub fn fixtures() -> io::Result<Vec<String>> {
    let names = fs::read_dir(folder())?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names: Vec<String> = names.collect::<io::Result<_>>()?;
    names.sort();
    Ok(names.iter().filter_map(|name| name.strip_suffix(".ndjson").map(str::to_owned)).collect())
}

/// A file of `fixtures/records`: its records, and the documents that the mapping of a module makes of them unless its
/// settings name another one.
///
/// # Errors
///
/// When there is no such file, or it is not JSON.
pub fn fixture(name: &str) -> io::Result<Vec<(String, Value)>> {
    let folder = folder();
    let records = fs::read_to_string(folder.join(format!("{name}.ndjson")))?;
    let expected: Vec<Value> = serde_json::from_slice(&fs::read(folder.join(format!("{name}-2.2-expected.json")))?)?;
    Ok(records.lines().map(str::to_owned).zip(expected).collect())
}
