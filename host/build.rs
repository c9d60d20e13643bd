//! Builds the mapping components that the program carries: core modules first, then `wit-component`.
//! So a component imports only what its world names.

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
};

use exotrace_guest_build::{Guests, SIMD, TARGET};
use wit_component::ComponentEncoder;

#[path = "../guest/build/about.rs"]
mod about;

use about::About;

/// The packages to build, and what the component files are called.
const PACKAGES: [&str; 2] = ["exotrace-mapping-1-20", "exotrace-mapping-2-2"];
const COMPONENTS: [&str; 2] = ["mapping-1.20.wasm", "mapping-2.2.wasm"];

fn main() -> Result<(), Box<dyn Error>> {
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);
    let guests = Guests { target: TARGET, packages: &PACKAGES, flags: SIMD, variables: Vec::new() };
    let modules = guests.build(1)?;
    for ((module, package), component) in modules.iter().zip(PACKAGES).zip(COMPONENTS) {
        let bytes = ComponentEncoder::default().validate(true).module(&fs::read(module)?)?.encode()?;
        let bytes = About::package(Path::new(".."), package)?.put_into(&bytes)?;
        fs::write(out_dir.join(component), bytes)?;
    }
    Ok(())
}
