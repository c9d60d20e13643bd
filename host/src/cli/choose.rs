//! From what people name to what it is: mappings and public suffix lists.

use std::{fs, path::Path};

use anyhow::Context as _;

use crate::mapper::{BUILT_IN, Component, Loader, built_in};

/// The built-in mapping of that version.
pub(super) fn version(version: &str, loader: &Loader) -> anyhow::Result<Component> {
    let built_in = built_in(version).with_context(|| {
        let known: Vec<_> = BUILT_IN.iter().map(|known| known.version).collect();
        format!(
            "there is no mapping `{version}`\nhint: built in are {}; or name a file: ./mapping.wasm",
            known.join(", ")
        )
    })?;
    Ok(loader.built_in(built_in)?)
}

/// The mapping in a component file.
pub(super) fn file(path: &Path, loader: &Loader) -> anyhow::Result<Component> {
    loader.open(path).with_context(|| format!("could not use mapping `{}`", path.display()))
}

/// A built-in version, or else a file.
pub(super) fn version_or_file(name: &str, loader: &Loader) -> anyhow::Result<Component> {
    if built_in(name).is_none() && (name.contains(['/', '\\']) || name.ends_with(".wasm")) {
        return file(Path::new(name), loader);
    }
    version(name, loader)
}

/// The text of a public suffix list; whether it is one, the mapping finds out.
pub(super) fn suffix_list(path: Option<&Path>) -> anyhow::Result<Option<String>> {
    let read = |path: &Path| {
        fs::read_to_string(path).with_context(|| format!("could not read public suffix list `{}`", path.display()))
    };
    path.map(read).transpose()
}
