//! Builds guests for WebAssembly: plain cargo from a build script, as wasmtime builds the guests of its own tests.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "how a build script speaks to cargo")]

use std::{
    env,
    error::Error,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The target of guests that import only what they name.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// Flags for guests that may have 128-bit SIMD, which every host of components runs.
pub const SIMD: &[&str] = &["-C", "target-feature=+simd128"];

/// Flags for guests that may not.
pub const NO_SIMD: &[&str] = &["-C", "target-feature=-simd128"];

/// Guests to build.
#[derive(Debug)]
pub struct Guests<'a> {
    /// The target to build for.
    pub target: &'static str,
    /// The packages.
    pub packages: &'a [&'a str],
    /// Flags for the compiler.
    pub flags: &'static [&'static str],
    /// Environment variables for their build scripts.
    pub variables: Vec<(&'static str, OsString)>,
}

impl Guests<'_> {
    /// Builds the core modules, one a package, and returns their files in the order of the packages.
    ///
    /// Call it from the build script of a package whose folder is `depth` folders below the workspace's.
    ///
    /// # Errors
    ///
    /// When the target is not installed, or a guest does not build.
    pub fn build(&self, depth: usize) -> Result<Vec<PathBuf>, Box<dyn Error>> {
        let package = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
        let workspace = package.ancestors().nth(depth).ok_or("there is no workspace above this package")?;
        for input in ["Cargo.toml", "Cargo.lock", ".cargo/config.toml"] {
            println!("cargo::rerun-if-changed={}", workspace.join(input).display());
        }
        for room in ["guest", "wit"] {
            for entry in fs::read_dir(workspace.join(room))? {
                let entry = entry?;
                // Documentation builds nothing.
                if entry.file_name() != "docs" && entry.file_name() != "README.md" {
                    println!("cargo::rerun-if-changed={}", entry.path().display());
                }
            }
        }
        if !has_target(self.target)? {
            return Err(format!("the target {0} is not installed; run `rustup target add {0}`", self.target).into());
        }
        let out_dir = PathBuf::from(env::var("OUT_DIR")?);
        // One folder for all that is built with the same flags: `out` is four below the target folder.
        let target_dir = out_dir.ancestors().nth(4).ok_or("`OUT_DIR` is not within a target folder")?;
        let target_dir = target_dir.join("guests").join(if self.flags == SIMD { "plain" } else { "flags" });
        let mut cargo = Command::new(env::var("CARGO")?);
        cargo.current_dir(workspace).args(["build", "--locked", "--profile", "component", "--target", self.target]);
        cargo.arg("--target-dir").arg(&target_dir);
        for package in self.packages {
            cargo.args(["--package", package]);
        }
        // What is meant for the host's own build: flags for another processor, clippy in place of the compiler.
        for variable in ["CARGO_ENCODED_RUSTFLAGS", "RUSTFLAGS", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "RUSTC"] {
            cargo.env_remove(variable);
        }
        // So that the same sources give the same bytes on every machine, and say nothing of the one that they were built on.
        let home = env::var("CARGO_HOME").or_else(|_| env::var("HOME").map(|home| format!("{home}/.cargo")))?;
        let workspace = fs::canonicalize(workspace)?;
        let mut flags: Vec<String> = self.flags.iter().map(ToString::to_string).collect();
        flags.push(format!("--remap-path-prefix={home}=cargo"));
        flags.push(format!("--remap-path-prefix={}=exotrace", workspace.display()));
        cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
        cargo.envs(self.variables.iter().map(|(name, value)| (name, value)));
        if !cargo.status()?.success() {
            return Err(format!("guests do not build: {}", self.packages.join(", ")).into());
        }
        let built = target_dir.join(self.target).join("component");
        let mut modules = Vec::new();
        for package in self.packages {
            let name = format!("{}.wasm", package.replace('-', "_"));
            // Others build into that folder as well.
            let module = out_dir.join(&name);
            fs::copy(built.join(&name), &module)?;
            modules.push(module);
        }
        Ok(modules)
    }
}

fn has_target(target: &str) -> Result<bool, Box<dyn Error>> {
    let output = Command::new(env::var("RUSTC")?).args(["--print", "target-libdir", "--target", target]).output()?;
    Ok(Path::new(String::from_utf8(output.stdout)?.trim()).is_dir())
}
