//! What a file of WebAssembly says about itself, in the sections that `wasm-tools metadata show` reads.
//!
//! A module of the build scripts and of `guest/package`, not of the library: as a part of the workspace's library it
//! would change the features of what wasmtime is built with.

use std::{env, path::Path, process::Command};

use anyhow::{Context as _, bail};
use serde::Deserialize;
use wasm_encoder::{CustomSection, Section as _};
use wasm_metadata::{AddMetadata, AddMetadataField};

/// What a package is, as its `Cargo.toml` says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct About {
    /// The name, unlike that of any other file.
    pub(crate) name: String,
    /// The version.
    pub(crate) version: String,
    /// What it does, in one sentence.
    pub(crate) description: String,
    /// The licence, an expression of SPDX.
    pub(crate) license: String,
    /// Where the sources are.
    pub(crate) repository: String,
}

/// The part of the answer of `cargo metadata` that counts.
#[derive(Deserialize)]
struct CargoMetadata {
    packages: Vec<serde_json::Value>,
}

/// The packages of the workspace at `workspace`, each as `cargo metadata` tells of it.
///
/// # Errors
///
/// When cargo does not know.
pub(crate) fn packages(workspace: &Path) -> anyhow::Result<Vec<serde_json::Value>> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(workspace).args(["metadata", "--no-deps", "--offline", "--format-version", "1"]);
    let output = command.output().context("could not run `cargo metadata`")?;
    if !output.status.success() {
        bail!("`cargo metadata`: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(serde_json::from_slice::<CargoMetadata>(&output.stdout)?.packages)
}

impl About {
    /// Reads what the package of that name in the workspace at `workspace` is.
    ///
    /// # Errors
    ///
    /// When there is no such package, or one of the keys is not in its `Cargo.toml`.
    pub(crate) fn package(workspace: &Path, name: &str) -> anyhow::Result<Self> {
        let found = packages(workspace)?.into_iter().find(|package| package["name"] == name);
        let found = found.with_context(|| format!("there is no package `{name}` in `{}`", workspace.display()))?;
        serde_json::from_value(found).with_context(|| format!("`Cargo.toml` of package `{name}`"))
    }

    /// The bytes of a component or core module with this in them; what made it stays as it is.
    ///
    /// # Errors
    ///
    /// When the bytes are neither.
    pub(crate) fn put_into(&self, wasm: &[u8]) -> anyhow::Result<Vec<u8>> {
        let mut metadata = AddMetadata::default();
        metadata.name = AddMetadataField::Set(self.name.clone());
        let mut bytes = metadata.to_wasm(wasm)?;
        // By hand: with its feature for these `wasm-metadata` would have wasmtime built once more.
        for (name, text) in [
            ("version", &self.version),
            ("description", &self.description),
            ("licenses", &self.license),
            ("source", &self.repository),
        ] {
            CustomSection { name: name.into(), data: text.as_bytes().into() }.append_to(&mut bytes);
        }
        Ok(bytes)
    }
}
