//! Builds the mapping components that the program carries: core modules first, then `wit-component`.
//! So a component imports only what its world names.

use std::{env, error::Error, fs, path::PathBuf};

use exotrace_guest_build::{Guests, TARGET};
use wit_component::ComponentEncoder;

/// The packages to build, and what the component files are called.
const PACKAGES: [&str; 2] = ["exotrace-mapping-1-20", "exotrace-mapping-2-2"];
const COMPONENTS: [&str; 2] = ["mapping-1.20.wasm", "mapping-2.2.wasm"];

fn main() -> Result<(), Box<dyn Error>> {
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);
    let guests = Guests { target: TARGET, packages: &PACKAGES, flags: None, variables: Vec::new() };
    for (module, component) in guests.build(1)?.iter().zip(COMPONENTS) {
        let bytes = ComponentEncoder::default().validate(true).module(&fs::read(module)?)?.encode()?;
        fs::write(out_dir.join(component), bytes)?;
    }
    Ok(())
}
