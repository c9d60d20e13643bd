//! The command line; what a command does is in the module of its name.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod exit;
mod map;
mod mapping;

/// Collects Microsoft Exchange Online message trace, maps it to the Elastic Common Schema (ECS) inside a
/// WebAssembly component, and delivers every document once.
#[derive(Parser)]
#[command(name = "exotrace", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Map records from files or standard input to documents on standard output.
    Map(map::Arguments),
    /// Show mapping versions and what a component is.
    #[command(subcommand)]
    Mapping(mapping::Command),
}

/// Runs the program, and says with which code to exit: 0 done, 1 failed while running, 2 wrong usage or finished
/// with something left out, 78 wrong configuration.
pub fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Map(arguments) => map::run(&arguments),
        Command::Mapping(command) => mapping::run(&command),
    };
    done.unwrap_or_else(|error| exit::report(&error))
}
