//! `exotrace mapping export`: the built-in components as files.

use std::{
    fs,
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context as _;
use clap::Args;

use crate::mapper::BUILT_IN;

#[derive(Args)]
#[command(after_help = "Examples:\n  exotrace mapping export mappings")]
pub(in crate::cli) struct ExportArguments {
    /// The folder; created if it is missing.
    folder: PathBuf,
}
pub(super) fn run(arguments: &ExportArguments) -> anyhow::Result<ExitCode> {
    let folder = &arguments.folder;
    fs::create_dir_all(folder).with_context(|| format!("could not make folder `{}`", folder.display()))?;
    for built_in in BUILT_IN {
        let file = folder.join(format!("mapping-{}.wasm", built_in.version));
        fs::write(&file, built_in.bytes).with_context(|| format!("could not write `{}`", file.display()))?;
        writeln!(io::stdout(), "{}", file.display())?;
    }
    Ok(ExitCode::SUCCESS)
}
