//! Builds the mapping components that the program carries, as wasmtime builds the guests of its own tests:
//! plain cargo for `wasm32-unknown-unknown`, then `wit-component`. So a component imports only what its world names.

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use wit_component::ComponentEncoder;

const TARGET: &str = "wasm32-unknown-unknown";

/// The packages to build, and what the component files are called.
const COMPONENTS: [(&str, &str); 2] =
    [("exotrace-mapping-1-20", "mapping-1.20.wasm"), ("exotrace-mapping-2-2", "mapping-2.2.wasm")];

/// What the components are made of, from the workspace's folder.
const INPUTS: [&str; 6] =
    ["guest/mapping", "guest/components", "wit", "Cargo.toml", "Cargo.lock", ".cargo/config.toml"];

fn main() -> Result<(), Box<dyn Error>> {
    let workspace = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("..");
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);
    for input in INPUTS {
        println!("cargo::rerun-if-changed={}", workspace.join(input).display());
    }
    if !has_target()? {
        println!("cargo::error=the target {TARGET} is not installed; run `rustup target add {TARGET}`");
        return Ok(());
    }
    let modules = build_modules(&workspace, &out_dir.join("guest"))?;
    for (package, file) in COMPONENTS {
        let module = fs::read(modules.join(format!("{}.wasm", package.replace('-', "_"))))?;
        let component = ComponentEncoder::default().validate(true).module(&module)?.encode()?;
        fs::write(out_dir.join(file), component)?;
    }
    Ok(())
}

fn has_target() -> Result<bool, Box<dyn Error>> {
    let output = Command::new(env::var("RUSTC")?).args(["--print", "target-libdir", "--target", TARGET]).output()?;
    Ok(Path::new(String::from_utf8(output.stdout)?.trim()).is_dir())
}

/// Builds the core modules, and returns the folder they are in.
fn build_modules(workspace: &Path, target_dir: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let mut cargo = Command::new(env::var("CARGO")?);
    cargo.current_dir(workspace).args(["build", "--locked", "--profile", "component", "--target", TARGET]);
    cargo.arg("--target-dir").arg(target_dir);
    for (package, _) in COMPONENTS {
        cargo.args(["--package", package]);
    }
    // What is meant for the host's own build: flags for another processor, clippy in place of the compiler.
    for variable in ["CARGO_ENCODED_RUSTFLAGS", "RUSTFLAGS", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "RUSTC"] {
        cargo.env_remove(variable);
    }
    if !cargo.status()?.success() {
        return Err("the mapping components do not build".into());
    }
    Ok(target_dir.join(TARGET).join("component"))
}
