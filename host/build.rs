//! Builds the mapping components that the program carries, one for each folder `guest/components/v*`: core modules first,
//! then `wit-component`. So a component imports only what its world names.
//!
//! Writes the list of them, `built_in.rs`, which `mapper` includes, and the JSON Schema of the settings, which
//! `app::settings` includes.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use exotrace_guest_build::{Guests, SIMD, TARGET};
use wit_component::ComponentEncoder;

#[path = "../guest/build/about.rs"]
#[allow(dead_code, reason = "`guest/package` needs more of it")]
mod about;
#[path = "../guest/build/mappings.rs"]
mod mappings;
#[path = "build/settings_schema.rs"]
mod settings_schema;

use mappings::MappingPackage;

fn main() -> Result<(), Box<dyn Error>> {
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);
    let mappings = MappingPackage::all(Path::new(".."))?;
    let packages: Vec<&str> = mappings.iter().map(|mapping| mapping.about.name.as_str()).collect();
    let guests = Guests { target: TARGET, packages: &packages, flags: SIMD, variables: Vec::new() };
    for (module, mapping) in guests.build(1)?.iter().zip(&mappings) {
        let bytes = ComponentEncoder::default().validate(true).module(&fs::read(module)?)?.encode()?;
        fs::write(out_dir.join(file(mapping)), mapping.about.put_into(&bytes)?)?;
    }
    check_defaults(&mappings)?;
    let (schema, files) = settings_schema::schema(Path::new("src"))?;
    fs::write(out_dir.join("settings.schema.json"), format!("{schema:#}\n"))?;
    for input in
        files.iter().map(|file| file.display().to_string()).chain(["src/app/kinds.rs".to_owned(), "build".to_owned()])
    {
        println!("cargo::rerun-if-changed={input}");
    }
    println!("cargo::rustc-env=EXOTRACE_WASMTIME_VERSION={}", locked_version("wasmtime")?);
    Ok(fs::write(out_dir.join("built_in.rs"), list(&mappings)?)?)
}

/// The version of a dependency that the program is built with.
fn locked_version(package: &str) -> Result<String, Box<dyn Error>> {
    let lock = fs::read_to_string("../Cargo.lock")?;
    let found = lock.split_once(&format!("name = \"{package}\"\nversion = \""));
    let version = found.and_then(|(_, rest)| rest.split('"').next());
    Ok(version.ok_or_else(|| format!("`Cargo.lock` does not name `{package}`"))?.to_owned())
}

/// What the file of a component is called.
fn file(mapping: &MappingPackage) -> String {
    format!("mapping-{}.wasm", mapping.version)
}

/// The kinds of records, as `Cargo.toml` names them and as the enum `RecordKind` does.
const RECORD_KINDS: [(&str, &str); 2] = [("graph", "RecordKind::Graph"), ("legacy", "RecordKind::Legacy")];

/// Sees that every kind of records has one mapping that is the default, and no other kind has.
fn check_defaults(mappings: &[MappingPackage]) -> Result<(), Box<dyn Error>> {
    let mut kinds: Vec<&str> = mappings.iter().flat_map(|mapping| &mapping.default_for).map(String::as_str).collect();
    kinds.sort_unstable();
    if kinds != RECORD_KINDS.map(|(kind, _)| kind) {
        return Err(format!("`default-for` of the crates in `guest/components` names {kinds:?}").into());
    }
    Ok(())
}

/// The list as Rust.
fn list(mappings: &[MappingPackage]) -> Result<String, Box<dyn Error>> {
    let mut list = format!(
        "/// Every mapping version inside the program, oldest first.\npub const BUILT_IN: [BuiltIn; {}] = [\n",
        mappings.len()
    );
    for mapping in mappings {
        let (version, file) = (&mapping.version, file(mapping));
        let is_default = |(kind, _): &&(&str, &str)| mapping.default_for.iter().any(|named| named == kind);
        let default_for: Vec<_> = RECORD_KINDS.iter().filter(is_default).map(|(_, variant)| *variant).collect();
        let default_for = default_for.join(", ");
        writeln!(
            list,
            "BuiltIn {{ version: {version:?}, default_for: &[{default_for}], \
             bytes: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{file}\")) }},"
        )?;
    }
    list.push_str("];\n");
    Ok(list)
}
