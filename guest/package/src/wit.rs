//! The contract: the files, and one file of WebAssembly that says the same, as registries of WIT packages take it.

use std::path::Path;

use anyhow::{Context as _, bail};
use wit_component::{DecodedWasm, OutputToString, WitPrinter};
use wit_parser::{PackageId, Resolve};

use crate::{about::About, folder, workspace::WORKSPACE};

/// The folder of the files.
pub(crate) const FILES: &str = "wit";

/// The file of WebAssembly.
pub(crate) const PACKAGE: &str = "wit.wasm";

/// Copies the files of the contract, and encodes them.
pub(crate) fn pack(files: &Path, output: &Path) -> anyhow::Result<()> {
    // Without the released contracts, which lie below.
    for name in folder::files(files)?.into_iter().filter(|name| name.ends_with(".wit") && !name.contains('/')) {
        folder::write(&output.join(FILES).join(&name), &folder::read(&files.join(&name))?)?;
    }
    let (resolve, package) = parse(files)?;
    let bytes = wit_component::encode(&resolve, package).context("could not encode the contract")?;
    let name = &resolve.packages[package].name;
    let about = About {
        name: format!("{}:{}", name.namespace, name.name),
        version: name.version.as_ref().context("the contract has no version")?.to_string(),
        description: "The WIT contract between a mapping of exotrace and its host".to_owned(),
        // Those of the project.
        ..About::package(Path::new(WORKSPACE), "exotrace-component")?
    };
    folder::write(&output.join(PACKAGE), &about.put_into(&bytes)?)
}

/// Whether the file of WebAssembly says what the files say.
pub(crate) fn check(output: &Path) -> anyhow::Result<()> {
    let DecodedWasm::WitPackage(resolve, package) = wit_component::decode(&folder::read(&output.join(PACKAGE))?)?
    else {
        bail!("is a component and no WIT package");
    };
    let decoded = print(&resolve, package)?;
    let (resolve, package) = parse(&output.join(FILES))?;
    let written = print(&resolve, package)?;
    let differs = decoded.lines().zip(written.lines()).find(|(decoded, written)| decoded != written);
    if let Some((decoded, written)) = differs {
        bail!("says `{}` where the files say `{}`", decoded.trim(), written.trim());
    }
    if decoded.len() != written.len() {
        bail!("is longer or shorter than the files");
    }
    Ok(())
}

fn parse(files: &Path) -> anyhow::Result<(Resolve, PackageId)> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(files)?;
    Ok((resolve, package))
}

fn print(resolve: &Resolve, package: PackageId) -> anyhow::Result<String> {
    let mut printer = WitPrinter::new(OutputToString::default());
    printer.print(resolve, package, &[])?;
    Ok(printer.output.into())
}
