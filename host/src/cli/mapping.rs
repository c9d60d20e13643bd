//! `exotrace mapping`: which mappings there are, what a component is, and how two of them differ.

use std::process::ExitCode;

use clap::Subcommand;

mod diff;
mod export;
mod inspect;
mod list;
mod running;
mod sign;

#[derive(Subcommand)]
pub(super) enum Command {
    #[command(flatten)]
    Running(running::Command),
    /// List the mappings that are built in, and with `--config` those in the folder `mappings` of `state_dir`.
    List(list::Arguments),
    /// Say what a component file is.
    Inspect(inspect::Arguments),
    /// Map records with two mappings, and compare the documents field by field.
    ///
    /// Ends with 0 when all are equal, with 1 when some differ, and with 2 when they cannot be compared.
    Diff(diff::Arguments),
    /// Make a pair of keys to sign mappings with.
    Keygen(sign::KeygenArguments),
    /// Sign a component file: writes FILE.minisig.
    Sign(sign::SignArguments),
    /// Check the signature of a component file.
    Verify(sign::VerifyArguments),
    /// Write the components that are built in to a folder, for other hosts to load.
    Export(export::Arguments),
}

pub(super) fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Running(command) => running::run(command),
        Command::List(arguments) => list::run(arguments),
        Command::Inspect(arguments) => inspect::run(arguments),
        Command::Diff(arguments) => diff::run(arguments),
        Command::Keygen(arguments) => sign::keygen(arguments),
        Command::Sign(arguments) => sign::sign(arguments),
        Command::Verify(arguments) => sign::verify(arguments),
        Command::Export(arguments) => export::run(arguments),
    }
}
