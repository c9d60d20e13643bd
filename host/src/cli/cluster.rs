//! `exotrace cluster`: what sources that processes share need of Kafka, and who collects which.

use std::process::ExitCode;

use clap::Subcommand;

pub(super) mod cluster_settings;
mod create;
mod status;

#[derive(Subcommand)]
pub(super) enum ClusterCommand {
    /// Create the topics that keep the ledger and decisions about the mapping, unless they are there.
    Create(create::CreateArguments),
    /// Show which process collects which sources, and when each was read last.
    Status(status::ClusterStatusArguments),
}

pub(super) fn run(command: &ClusterCommand) -> anyhow::Result<ExitCode> {
    match command {
        ClusterCommand::Create(arguments) => create::run(arguments),
        ClusterCommand::Status(arguments) => status::run(arguments),
    }
}
