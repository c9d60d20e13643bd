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
    /// Describe a component file.
    Inspect(inspect::Arguments),
    /// Map records with two mappings, and compare the documents field by field.
    ///
    /// Ends with 0 when all are equal, with 1 when some differ, and with 2 when they cannot be compared.
    Diff(diff::Arguments),
    /// Create a key pair for signing mappings.
    Keygen(sign::KeygenArguments),
    /// Sign a component file: writes FILE.minisig.
    Sign(sign::SignArguments),
    /// Check the signature of a component file.
    Verify(sign::VerifyArguments),
    /// Write the built-in components to a folder, for other hosts.
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
