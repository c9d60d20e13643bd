//! What is in the components and modules, as CycloneDX: the crates, the standard library and the public suffix list.
//!
//! The same sources give the same bytes: there is no time and no serial number in it.

use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::{
    about::About,
    checksums,
    crates::{Crate, Crates},
    folder,
    parts::{ADAPTERS, BARE, BARE_ADAPTERS, C_LIBRARY_LICENSE, GEO_PROVIDER, MODULES, WASI, is_musl, package_of},
    wit,
    workspace::WORKSPACE,
};

/// The file of the SBOM.
pub(crate) const FILE: &str = "sbom.cdx.json";

const STANDARD_LIBRARY: &str = "rust-std";

/// The C library in what is built for WASI.
const C_LIBRARY: &str = "wasi-libc";

/// The list that the mapping has inside, and of when it is.
const SUFFIX_LIST: &str = "public-suffix-list";
const SUFFIX_LIST_DATE: &str = "2022-10-22";
const SUFFIX_LIST_FILE: &str = "guest/mapping/data/public_suffix_list.dat";
/// The package that has it.
const SUFFIX_LIST_USER: &str = "exotrace-mapping";

/// The crates that the components and modules in a folder are built with.
pub(crate) fn crates(output: &Path) -> anyhow::Result<Crates> {
    let mut mappings = Vec::new();
    for (_, file) in folder::mappings(output)? {
        mappings.push(package_of(&folder::read(&file)?)?);
    }
    let mut crates = Crates::default();
    crates.add_build(BARE, &mappings.iter().map(String::as_str).collect::<Vec<_>>())?;
    crates.add_build(BARE, &MODULES.map(|(package, _)| package))?;
    let [cli, http, tangent] = ADAPTERS.map(|(package, _)| package);
    crates.add_build(WASI, &[cli, http, tangent, GEO_PROVIDER])?;
    let [camel, wasmcloud] = BARE_ADAPTERS.map(|(package, _)| package);
    crates.add_build(BARE, &[camel, wasmcloud, GEO_PROVIDER])?;
    crates.add_checksums()?;
    crates.add_sources()?;
    Ok(crates)
}

/// Writes the SBOM of the components and modules in a folder, which are built with these crates.
pub(crate) fn write(output: &Path, crates: &Crates) -> anyhow::Result<()> {
    let document = document(output, crates)?;
    folder::write(&output.join(FILE), format!("{document:#}\n").as_bytes())
}

/// What stands in the SBOM of the files in a folder, which are built with these crates.
pub(crate) fn document(output: &Path, crates: &Crates) -> anyhow::Result<Value> {
    let mut components = Vec::new();
    let mut needs = Vec::new();
    let mut compiler = None;
    for name in folder::files(output)?.iter().filter(|name| name.ends_with(".wasm")) {
        let bytes = folder::read(&output.join(name))?;
        components.push(file(name, &bytes)?);
        needs.push(json!({ "ref": name, "dependsOn": made_of(name, &bytes, crates)? }));
        compiler = compiler.or(compiler_of(&bytes)?);
    }
    let compiler = compiler.context("no file says which compiler made it")?;
    add_crates(crates, &mut components, &mut needs);
    components.extend([standard_library(&compiler), c_library(&compiler), suffix_list()?]);
    frame(json!({ "bom-ref": "exotrace", "name": "exotrace components" }), components, needs)
}

/// What stands in the SBOM of the program with these bytes, which is built with these crates and has these mappings inside.
pub(crate) fn of_program(
    program: &[u8],
    crates: &Crates,
    mappings: &[&str],
    compiler: &str,
    target: &str,
) -> anyhow::Result<Value> {
    let (mut components, mut needs) = (Vec::new(), Vec::new());
    let mut parts = vec![crates.id("exotrace")?];
    for mapping in mappings {
        parts.push(crates.id(mapping)?);
    }
    needs.push(json!({ "ref": "program", "dependsOn": parts }));
    add_crates(crates, &mut components, &mut needs);
    components.extend([standard_library(compiler), suffix_list()?]);
    if is_musl(target) {
        components.push(musl(compiler));
    }
    let hashes = json!([{ "alg": "SHA-256", "content": checksums::digest(program) }]);
    frame(json!({ "bom-ref": "program", "name": "exotrace", "hashes": hashes }), components, needs)
}

/// The document about `subject`, which is of exotrace's version and licence.
fn frame(mut subject: Value, components: Vec<Value>, needs: Vec<Value>) -> anyhow::Result<Value> {
    let exotrace = About::package(Path::new(WORKSPACE), "exotrace")?;
    subject["type"] = json!("application");
    subject["version"] = json!(exotrace.version);
    subject["licenses"] = json!([{ "expression": exotrace.license }]);
    subject["externalReferences"] = json!([{ "type": "vcs", "url": exotrace.repository }]);
    Ok(json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "tools": { "components": [{
                "type": "application", "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION"),
            }] },
            "component": subject,
        },
        "components": components,
        "dependencies": needs,
    }))
}

fn add_crates(crates: &Crates, components: &mut Vec<Value>, needs: &mut Vec<Value>) {
    for (id, found) in &crates.all {
        components.push(library(id, found));
        let mut needed: Vec<&str> = crates.needs.get(id).into_iter().flatten().map(String::as_str).collect();
        needed.push(STANDARD_LIBRARY);
        if found.name == SUFFIX_LIST_USER {
            needed.push(SUFFIX_LIST);
        }
        needs.push(json!({ "ref": id, "dependsOn": needed }));
    }
}

/// A component or module.
fn file(name: &str, bytes: &[u8]) -> anyhow::Result<Value> {
    let metadata = folder::metadata(bytes).with_context(|| format!("`{name}`"))?;
    let text = |text: Option<String>| text.with_context(|| format!("`{name}` does not say what it is"));
    Ok(json!({
        "type": "file",
        "bom-ref": name,
        "name": name,
        "version": text(metadata.version.map(|version| version.to_string()))?,
        "description": text(metadata.description.map(|description| description.to_string()))?,
        "licenses": [{ "expression": text(metadata.licenses.map(|licenses| licenses.to_string()))? }],
        "hashes": [{ "alg": "SHA-256", "content": checksums::digest(bytes) }],
    }))
}

/// What a file is made of: the crates, and other files.
fn made_of(name: &str, bytes: &[u8], crates: &Crates) -> anyhow::Result<Vec<String>> {
    for (package, adapter) in ADAPTERS.into_iter().chain(BARE_ADAPTERS) {
        if let Some(version) = name.strip_prefix(adapter).and_then(|rest| rest.strip_prefix('-')) {
            return Ok(vec![format!("mapping-{version}"), crates.id(package)?, crates.id(GEO_PROVIDER)?]);
        }
    }
    if name == wit::PACKAGE {
        return Ok(Vec::new());
    }
    Ok(vec![crates.id(&package_of(bytes)?)?])
}

/// The version of the compiler that made a module, or what is in a component.
fn compiler_of(bytes: &[u8]) -> anyhow::Result<Option<String>> {
    let producers = folder::metadata(bytes)?.producers;
    let version = producers.as_ref().and_then(|producers| producers.get("processed-by"));
    let version = version.and_then(|tools| tools.get("rustc").cloned());
    // After the version there are a commit and a date.
    Ok(version.and_then(|version| version.split(' ').next().map(str::to_owned)))
}

fn library(id: &str, found: &Crate) -> Value {
    let mut library = json!({
        "type": "library",
        "bom-ref": id,
        "name": found.name,
        "version": found.version,
        "licenses": [{ "expression": found.license }],
    });
    if let Some(checksum) = &found.checksum {
        library["purl"] = json!(format!("pkg:cargo/{}@{}", found.name, found.version.replace('+', "%2B")));
        library["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
    }
    if !found.repository.is_empty() {
        library["externalReferences"] = json!([{ "type": "vcs", "url": found.repository }]);
    }
    library
}

fn standard_library(compiler: &str) -> Value {
    json!({
        "type": "library",
        "bom-ref": STANDARD_LIBRARY,
        "name": STANDARD_LIBRARY,
        "version": compiler,
        "description": "The standard library of Rust as it comes with the compiler, with the crates in it",
        "licenses": [{ "expression": "MIT OR Apache-2.0" }],
        "purl": format!("pkg:github/rust-lang/rust@{compiler}"),
    })
}

fn c_library(compiler: &str) -> Value {
    json!({
        "type": "library",
        "bom-ref": C_LIBRARY,
        "name": C_LIBRARY,
        "version": format!("as it comes with Rust {compiler}"),
        "description": "The C library of WASI, in what is built for wasm32-wasip2",
        "licenses": [{ "expression": C_LIBRARY_LICENSE }],
        "externalReferences": [{ "type": "vcs", "url": "https://github.com/WebAssembly/wasi-libc" }],
    })
}

fn musl(compiler: &str) -> Value {
    json!({
        "type": "library",
        "bom-ref": "musl",
        "name": "musl",
        "version": format!("as it comes with Rust {compiler}"),
        "description": "The C library inside a static program",
        "licenses": [{ "expression": "MIT" }],
        "externalReferences": [{ "type": "website", "url": "https://musl.libc.org/" }],
    })
}

fn suffix_list() -> anyhow::Result<Value> {
    Ok(json!({
        "type": "data",
        "bom-ref": SUFFIX_LIST,
        "name": SUFFIX_LIST,
        "version": SUFFIX_LIST_DATE,
        "description": "The public suffix list, without its comments",
        "licenses": [{ "expression": "MPL-2.0" }],
        "hashes": [{
            "alg": "SHA-256",
            "content": checksums::digest(&folder::read(&Path::new(WORKSPACE).join(SUFFIX_LIST_FILE))?),
        }],
        "externalReferences": [{ "type": "website", "url": "https://publicsuffix.org/" }],
    }))
}
