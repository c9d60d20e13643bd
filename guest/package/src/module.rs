//! The core modules, for pipelines that load no components.

use std::path::Path;

use anyhow::Context as _;

use crate::{
    about::About,
    crates::Crates,
    folder, licenses,
    parts::{BARE, MODULES},
    workspace::WORKSPACE,
};

/// Takes the modules from where cargo put them, and writes them with what they are.
pub(crate) fn pack(built: &Path, output: &Path) -> anyhow::Result<()> {
    let mut crates = Crates::default();
    crates.add_build(BARE, &MODULES.map(|(package, _)| package))?;
    for (package, name) in MODULES {
        let module = folder::read(&built.join(format!("{}.wasm", package.replace('-', "_"))))?;
        let license = licenses::expression(&crates.licenses(vec![crates.id(package)?]));
        let about = About { license, ..About::package(Path::new(WORKSPACE), package)? };
        let bytes = about.put_into(&module).with_context(|| format!("could not describe `{name}`"))?;
        folder::write(&output.join(name), &bytes)?;
    }
    Ok(())
}
