//! From what people name to what it is: mappings and public suffix lists.

use std::path::Path;

use anyhow::Context as _;

use crate::{
    mapper::{Component, Loader, built_in},
    support::{
        plain_file::{self, MAX_PEM_BYTES},
        shown,
    },
};

/// The mapping of that version: built in, or in the folder of mappings.
pub(crate) fn version(version: &str, loader: &Loader) -> anyhow::Result<Component> {
    Ok(loader.open_version(version)?)
}

/// The mapping in a component file.
pub(crate) fn file(path: &Path, loader: &Loader) -> anyhow::Result<Component> {
    loader.open(path).with_context(|| format!("could not use mapping `{}`", shown::path(path)))
}

/// A version, or else a file.
pub(crate) fn version_or_file(name: &str, loader: &Loader) -> anyhow::Result<Component> {
    if built_in(name).is_none() && (name.contains(['/', '\\']) || name.ends_with(".wasm")) {
        return file(Path::new(name), loader);
    }
    version(name, loader)
}

/// The text of a public suffix list; whether it is one, the mapping finds out.
pub(crate) fn suffix_list(path: Option<&Path>) -> anyhow::Result<Option<String>> {
    let read = |path: &Path| {
        plain_file::text(path, MAX_PEM_BYTES)
            .with_context(|| format!("could not read public suffix list `{}`", path.display()))
    };
    path.map(read).transpose()
}
