//! `exotrace mapping`: which mappings there are, what a component is, and how two of them differ.

use std::process::ExitCode;

use clap::Subcommand;

mod diff;
mod export;
#[cfg(feature = "kafka")]
mod for_cluster;
mod inspect;
mod list;
mod new;
mod pack;
mod running;
mod sign;
mod test;

#[derive(Subcommand)]
pub(super) enum MappingCommand {
    #[command(flatten)]
    Running(running::RunningCommand),
    /// List the mappings that are built in, and with `--config` those in the folder `mappings` of `state_dir`.
    List(list::ListArguments),
    /// Describe a component file.
    Inspect(inspect::InspectArguments),
    /// Map records with two mappings, and compare the documents field by field.
    ///
    /// Ends with 0 when all are equal, with 1 when some differ, and with 2 when they cannot be compared.
    Diff(Box<diff::DiffArguments>),
    /// Begin a mapping of one's own: writes a folder with a whole, small one that builds with cargo.
    New(new::NewArguments),
    /// Make a mapping of a core module or a component, in any language.
    Pack(pack::PackArguments),
    /// Try a mapping on records: whether it does what the contract promises.
    ///
    /// Ends with 0 when it does, with 1 when it does not, and with 2 when that cannot be tried.
    Test(Box<test::TestArguments>),
    /// Create a key pair for signing mappings.
    Keygen(sign::KeygenArguments),
    /// Sign a component file: writes FILE.minisig.
    Sign(sign::SignArguments),
    /// Check the signature of a component file.
    Verify(sign::VerifyArguments),
    /// Write the built-in components to a folder, for other hosts.
    Export(export::ExportArguments),
}

pub(super) fn run(command: &MappingCommand) -> anyhow::Result<ExitCode> {
    match command {
        MappingCommand::Running(command) => running::run(command),
        MappingCommand::List(arguments) => list::run(arguments),
        MappingCommand::Inspect(arguments) => inspect::run(arguments),
        MappingCommand::Diff(arguments) => diff::run(arguments),
        MappingCommand::New(arguments) => new::run(arguments),
        MappingCommand::Pack(arguments) => pack::run(arguments),
        MappingCommand::Test(arguments) => test::run(arguments),
        MappingCommand::Keygen(arguments) => sign::keygen(arguments),
        MappingCommand::Sign(arguments) => sign::sign(arguments),
        MappingCommand::Verify(arguments) => sign::verify(arguments),
        MappingCommand::Export(arguments) => export::run(arguments),
    }
}

/// What a program says that cannot talk to brokers.
#[cfg(not(feature = "kafka"))]
mod for_cluster {
    use std::path::Path;

    use crate::{
        deployment::{Allowed, MappingRef},
        kafka::NOT_BUILT_IN,
    };

    pub(super) fn replace(_: Option<&Path>, _: &MappingRef, _: Allowed) -> anyhow::Result<String> {
        anyhow::bail!("this program is built without Kafka\nhint: {NOT_BUILT_IN}")
    }

    pub(super) fn roll_back(_: Option<&Path>) -> anyhow::Result<String> {
        anyhow::bail!("this program is built without Kafka\nhint: {NOT_BUILT_IN}")
    }
}
