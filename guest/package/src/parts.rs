//! What is packed: the packages, and what their files are called.

use anyhow::Context as _;

use crate::folder;

/// The packages of the adapters, and what their components are called.
pub(crate) const ADAPTERS: [(&str, &str); 3] =
    [("exotrace-adapter-cli", "cli"), ("exotrace-adapter-http", "http"), TANGENT];

/// The one whose pipeline gives no folder, so that databases are built in.
pub(crate) const TANGENT: (&str, &str) = ("exotrace-adapter-tangent", "tangent");

/// The adapters whose hosts give a component nothing of a system: built for [`BARE`], with databases inside if any.
pub(crate) const BARE_ADAPTERS: [(&str, &str); 2] =
    [("exotrace-adapter-camel", "camel"), ("exotrace-adapter-wasmcloud", "wasmcloud")];

/// The target of what imports only what it names.
pub(crate) const BARE: &str = "wasm32-unknown-unknown";

/// The target of what imports WASI.
pub(crate) const WASI: &str = "wasm32-wasip2";

/// The package of the part that answers questions about addresses.
pub(crate) const GEO_PROVIDER: &str = "exotrace-adapter-geo";

/// The packages of the core modules, and what their files are called.
pub(crate) const MODULES: [(&str, &str); 5] = [
    ("exotrace-extism", "extism.wasm"),
    ("exotrace-fluent-bit", "fluent-bit.wasm"),
    ("exotrace-fluvio", "fluvio.wasm"),
    ("exotrace-java", "java.wasm"),
    ("exotrace-redpanda-connect", "redpanda-connect.wasm"),
];

/// The licence of the C library in what is built for WASI.
pub(crate) const C_LIBRARY_LICENSE: &str =
    "(Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT) AND MIT AND BSD-2-Clause AND CC0-1.0";

/// The package that a mapping or a module was built of.
pub(crate) fn package_of(bytes: &[u8]) -> anyhow::Result<String> {
    folder::metadata(bytes)?.name.context("a file does not say its name")
}

/// Whether a program for this target has the C library musl inside.
pub(crate) fn is_musl(target: &str) -> bool {
    target.ends_with("-musl")
}
