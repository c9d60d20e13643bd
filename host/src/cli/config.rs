//! `exotrace config`: what the settings are, for programs.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::Subcommand;

use crate::app::settings::SCHEMA;

#[derive(Subcommand)]
pub(super) enum ConfigCommand {
    /// Print the JSON Schema of the settings file: editors complete and check settings with it.
    #[command(after_help = "Examples:\n  exotrace config schema > exotrace.schema.json")]
    Schema,
}

pub(super) fn run(command: &ConfigCommand) -> anyhow::Result<ExitCode> {
    match command {
        ConfigCommand::Schema => io::stdout().write_all(SCHEMA.as_bytes())?,
    }
    Ok(ExitCode::SUCCESS)
}
