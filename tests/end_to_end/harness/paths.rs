//! Where things are.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The project's folder.
pub(crate) fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// A file of the fixtures.
pub(crate) fn fixture(name: &str) -> PathBuf {
    project().join("fixtures").join(name)
}

/// A component that misbehaves; `tests/guests/NAME.wat` says how.
pub(crate) fn guest(name: &str) -> Vec<u8> {
    let file = project().join("tests/guests").join(name).with_extension("wasm");
    fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
