//! Writes the JSON Schema of the settings, which `app::settings` includes, and says with which wasmtime the program is
//! built.

use std::{env, error::Error, fs, path::Path};

#[path = "build/settings_schema.rs"]
mod settings_schema;

fn main() -> Result<(), Box<dyn Error>> {
    let (schema, files) = settings_schema::schema(Path::new("src"))?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("settings.schema.json"), format!("{schema:#}\n"))?;
    let files = files.iter().map(|file| file.display().to_string());
    for input in files.chain(["src/app/kinds.rs", "build", "../Cargo.lock"].map(str::to_owned)) {
        println!("cargo::rerun-if-changed={input}");
    }
    println!("cargo::rustc-env=EXOTRACE_WASMTIME_VERSION={}", locked_version("wasmtime")?);
    // The standard library has debugging information, and the profile leaves it (Cargo.toml says why).
    if env::var("CARGO_CFG_TARGET_OS")? == "linux" {
        println!("cargo::rustc-link-arg-bins=-Wl,--strip-debug");
    }
    Ok(())
}

/// The version of a dependency that the program is built with.
fn locked_version(package: &str) -> Result<String, Box<dyn Error>> {
    let lock = fs::read_to_string("../Cargo.lock")?;
    let found = lock.split_once(&format!("name = \"{package}\"\nversion = \""));
    let version = found.and_then(|(_, rest)| rest.split('"').next());
    Ok(version.ok_or_else(|| format!("`Cargo.lock` does not name `{package}`"))?.to_owned())
}
