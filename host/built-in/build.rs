//! Builds the mapping components that the program carries, one for each folder `guest/components/*_*`: core modules first,
//! then `wit-component`. So a component imports only what its world names. Then compiles them to machine code.
//!
//! Writes the list of them, `built_in.rs`.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use exotrace_guest_build::{Guests, SIMD, TARGET};
use sha2::{Digest as _, Sha256};
use wasmtime::Engine;
use wit_component::ComponentEncoder;

#[path = "../../guest/build/about.rs"]
#[allow(dead_code, reason = "`guest/package` needs more of it")]
mod about;
#[path = "src/config.rs"]
#[expect(unreachable_pub, reason = "it is public in the library")]
mod config;
#[path = "../../guest/build/mappings.rs"]
mod mappings;

use config::config;
use mappings::MappingPackage;

fn main() -> Result<(), Box<dyn Error>> {
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);
    let mappings = MappingPackage::all(Path::new("../.."))?;
    let packages: Vec<&str> = mappings.iter().map(|mapping| mapping.about.name.as_str()).collect();
    let guests = Guests { target: TARGET, packages: &packages, flags: SIMD, variables: Vec::new() };
    let engine = engine()?;
    for (module, mapping) in guests.build(2)?.iter().zip(&mappings) {
        let bytes = ComponentEncoder::default().validate(true).module(&fs::read(module)?)?.encode()?;
        let bytes = mapping.about.put_into(&bytes)?;
        fs::write(out_dir.join(file(mapping, "code")), engine.precompile_component(&bytes)?)?;
        fs::write(out_dir.join(file(mapping, "wasm")), bytes)?;
    }
    check_defaults(&mappings)?;
    Ok(fs::write(out_dir.join("built_in.rs"), list(&mappings)?)?)
}

/// What servers of the last ten years can do, x86-64-v3. On any other, a start compiles.
const X86_64_FEATURES: [&str; 12] = [
    "has_cmpxchg16b",
    "has_sse3",
    "has_ssse3",
    "has_sse41",
    "has_sse42",
    "has_popcnt",
    "has_avx",
    "has_avx2",
    "has_fma",
    "has_bmi1",
    "has_bmi2",
    "has_lzcnt",
];

/// The engine that compiles for the processors that the program is for, not for the one that builds it.
fn engine() -> Result<Engine, Box<dyn Error>> {
    let mut config = config();
    config.target(&env::var("TARGET")?)?;
    if env::var("CARGO_CFG_TARGET_ARCH")? == "x86_64" {
        for feature in X86_64_FEATURES {
            // SAFETY: the program compares what the code needs with the processor that it runs on.
            unsafe { config.cranelift_flag_enable(feature) };
        }
    }
    Ok(Engine::new(&config)?)
}

/// What the file of a component is called, and that of its machine code.
fn file(mapping: &MappingPackage, extension: &str) -> String {
    format!("mapping-{}.{extension}", mapping.version)
}

/// The kinds of records that somebody has to map.
const RECORD_KINDS: [&str; 3] = ["details", "graph", "legacy"];

/// Sees that every kind of records has one mapping that is the default, and no other kind has.
fn check_defaults(mappings: &[MappingPackage]) -> Result<(), Box<dyn Error>> {
    let mut kinds: Vec<&str> = mappings.iter().flat_map(|mapping| &mapping.default_for).map(String::as_str).collect();
    kinds.sort_unstable();
    if kinds != RECORD_KINDS {
        return Err(format!("`default-for` of the crates in `guest/components` names {kinds:?}").into());
    }
    Ok(())
}

/// The list as Rust.
///
/// The bytes are statics: a constant that holds them would be in the program once for each part of the compilation that
/// uses it.
fn list(mappings: &[MappingPackage]) -> Result<String, Box<dyn Error>> {
    let mut list = format!(
        "/// Every mapping version inside the program, oldest first.\npub const BUILT_IN: [BuiltIn; {}] = [\n",
        mappings.len()
    );
    let mut statics = String::new();
    for (number, mapping) in mappings.iter().enumerate() {
        let MappingPackage { version, default_for, .. } = mapping;
        let out_dir = PathBuf::from(env::var("OUT_DIR")?);
        let digest = hexadecimal(&Sha256::digest(fs::read(out_dir.join(file(mapping, "wasm")))?))?;
        writeln!(
            list,
            "BuiltIn {{ version: {version:?}, default_for: &{default_for:?}, bytes: &WASM_{number}, digest: {digest:?}, \
             code: &CODE_{number} }},"
        )?;
        for (name, extension) in [("WASM", "wasm"), ("CODE", "code")] {
            let file = file(mapping, extension);
            let length = fs::metadata(out_dir.join(&file))?.len();
            writeln!(
                statics,
                "static {name}_{number}: [u8; {length}] = *include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{file}\"));"
            )?;
        }
    }
    list.push_str("];\n");
    Ok(list + &statics)
}

fn hexadecimal(bytes: &[u8]) -> Result<String, std::fmt::Error> {
    bytes.iter().try_fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}")?;
        Ok(text)
    })
}
