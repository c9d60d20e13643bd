//! `exotrace privacy`: the key of pseudonyms, what a profile hides, and how a known person is found.

use std::process::ExitCode;

use clap::Subcommand;

mod explain;
mod field_changes;
mod keygen;
mod profiled_mapping;
mod pseudonym;
mod request_log;

#[derive(Subcommand)]
pub(super) enum PrivacyCommand {
    /// Make a key of pseudonyms.
    Keygen(keygen::PseudonymKeyArguments),
    /// Show, field by field, what the profile of the settings keeps, replaces and drops.
    Explain(explain::ExplainArguments),
    /// Print the pseudonym of an address, and log who asked, and why.
    Pseudonym(pseudonym::PseudonymArguments),
}

pub(super) fn run(command: &PrivacyCommand) -> anyhow::Result<ExitCode> {
    match command {
        PrivacyCommand::Keygen(arguments) => keygen::run(arguments),
        PrivacyCommand::Explain(arguments) => explain::run(arguments),
        PrivacyCommand::Pseudonym(arguments) => pseudonym::run(arguments),
    }
}
