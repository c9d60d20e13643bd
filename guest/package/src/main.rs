//! Packs what pipelines load into one folder. Run by `make`:
//!
//! - `exotrace-package modules BUILT OUTPUT`: the core modules that cargo built, with what they are.
//! - `exotrace-package tangent PARTS OUTPUT`: beside the mappings in `OUTPUT`, plugins for Tangent.
//! - `exotrace-package plugins BARE_PARTS OUTPUT`: beside the mappings in `OUTPUT`, components for hosts that give them no
//!   folder.
//! - `exotrace-package components PARTS BARE_PARTS OUTPUT`: beside the mappings and modules in `OUTPUT`, the adapters
//!   composed of these parts and the mappings, the contract, an SBOM, the licences and checksums.
//! - `exotrace-package program BUILT OUTPUT [TARGET]`: the program, with an SBOM, the licences and checksums; `TARGET` is
//!   what it is built for when that is not this machine.
//! - `exotrace-package check-program FOLDER MACHINE...`: whether it is whole, and names none of these folders.
//! - `exotrace-package check FOLDER`: whether all of that is right.
#![forbid(unsafe_code)]

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};

#[path = "../../build/about.rs"]
mod about;
mod check;
mod checksums;
mod compose;
mod crates;
mod folder;
mod licenses;
#[path = "../../build/mappings.rs"]
#[allow(dead_code, reason = "the build script of the host needs more of it")]
mod mappings;
mod module;
mod notices;
mod parts;
mod program;
mod sbom;
mod wit;
mod workspace;

use compose::Built;
use parts::{ADAPTERS, BARE, BARE_ADAPTERS, TANGENT, WASI};
use workspace::WORKSPACE;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    match arguments.iter().map(PathBuf::as_path).collect::<Vec<_>>().as_slice() {
        [command, built, output] if *command == Path::new("modules") => module::pack(built, output),
        [command, parts, output] if *command == Path::new("tangent") => {
            let built = Built { target: WASI, parts };
            compose::compose_all(&[TANGENT], &built, &folder::mappings(output)?, &sbom::crates(output)?, output)
        }
        [command, parts, output] if *command == Path::new("plugins") => {
            let built = Built { target: BARE, parts };
            compose::compose_all(&BARE_ADAPTERS, &built, &folder::mappings(output)?, &sbom::crates(output)?, output)
        }
        [command, parts, bare_parts, output] if *command == Path::new("components") => pack(parts, bare_parts, output),
        [command, built, output] if *command == Path::new("program") => program::pack(built, output, None),
        [command, built, output, target] if *command == Path::new("program") => {
            program::pack(built, output, target.to_str())
        }
        [command, folder, machine @ ..] if *command == Path::new("check-program") => {
            let machine: Vec<_> = machine.iter().filter_map(|folder| folder.to_str()).collect();
            program::check(folder, &machine)
        }
        [command, folder] if *command == Path::new("check") => check::check(folder),
        _ => bail!(
            "usage: exotrace-package modules BUILT OUTPUT | tangent PARTS OUTPUT | plugins BARE_PARTS OUTPUT | \
             components PARTS BARE_PARTS OUTPUT | check FOLDER | program BUILT OUTPUT [TARGET] | check-program FOLDER MACHINE..."
        ),
    }
}

fn pack(parts: &Path, bare_parts: &Path, output: &Path) -> anyhow::Result<()> {
    let mappings = folder::mappings(output)?;
    let crates = sbom::crates(output)?;
    compose::compose_all(&ADAPTERS, &Built { target: WASI, parts }, &mappings, &crates, output)?;
    compose::compose_all(&BARE_ADAPTERS, &Built { target: BARE, parts: bare_parts }, &mappings, &crates, output)?;
    wit::pack(&Path::new(WORKSPACE).join("wit"), output)?;
    sbom::write(output, &crates).context("could not write the SBOM")?;
    notices::write(output, &crates).context("could not write the licences")?;
    // Last: it tells of all other files.
    checksums::write(output)
}
