//! The command line; what a command does is in the module of its name.

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::support::threads;

mod check;
mod compile;
mod completions;
mod demo;
mod doctor;
mod elasticsearch;
mod exit;
mod input;
mod log;
mod man;
mod map;
mod mapping;
mod options;
mod paint;
mod progress;
mod replay;
mod run;
mod settings_file;
mod shell;
mod simulate;
mod status;
mod table;
mod time_range;
mod trace;

/// Collects Microsoft Exchange Online message trace, maps it to the Elastic Common Schema (ECS) inside a
/// WebAssembly component, and delivers every document once.
#[derive(Parser)]
#[command(name = "exotrace", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    log: log::LogOptions,
}

#[derive(Subcommand)]
enum Command {
    /// Collect, map and deliver, until told to stop.
    Run(run::Arguments),
    /// Map records from files or standard input to documents on standard output.
    Map(map::Arguments),
    /// Feed the dead letter through again.
    Replay(replay::Arguments),
    /// Do the main job on a simulated tenant: nothing to set up.
    Demo(demo::Arguments),
    /// Run the simulated tenant alone.
    Simulate(simulate::Arguments),
    /// Check the settings and the mapping; asks nobody on the network.
    Check(check::Arguments),
    /// Get a cluster of Elasticsearch ready.
    #[command(subcommand)]
    Elasticsearch(elasticsearch::Command),
    /// Reach the tenant step by step, and say what is missing.
    Doctor(doctor::Arguments),
    /// Show what is covered, also while the daemon runs.
    Status(status::Arguments),
    /// Find mail in the message trace: where is it?
    Trace(trace::Arguments),
    /// List, inspect, compare and sign mappings.
    #[command(subcommand)]
    Mapping(mapping::Command),
    /// Print the completions of a shell.
    Completions(completions::Arguments),
    /// Write the manual pages into a folder.
    Man(man::Arguments),
    /// Compile a mapping for another process of exotrace.
    #[command(hide = true)]
    CompileMapping(compile::Arguments),
}

impl Command {
    /// Whether it maps or serves, on many threads. What tells how things are works on a machine that has none to give,
    /// and a mapping that is compiled for another process has limits of its own.
    fn needs_threads(&self) -> bool {
        match self {
            Self::Status(_) | Self::Trace(_) | Self::Elasticsearch(_) | Self::CompileMapping(_) => false,
            Self::Completions(_) | Self::Man(_) => false,
            _ => true,
        }
    }
}

/// Runs the program, and says with which code to exit: 0 done, 1 failed while running, 2 wrong usage or finished
/// with something left out, 78 wrong configuration.
pub fn main() -> ExitCode {
    let Arguments { command, log } = Arguments::parse();
    // A core file would have secrets and mail in it. Where this is not allowed, the system's own limit counts.
    drop(rlimit::Resource::CORE.set(0, 0));
    if let Err(error) = log.choose() {
        return exit::report(&anyhow::Error::new(exit::Usage(error.to_string())));
    }
    if command.needs_threads()
        && let Err(error) = threads::check()
    {
        return exit::report(&anyhow::Error::new(error).context("could not start the threads that exotrace needs"));
    }
    let done = match command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Replay(arguments) => replay::run(&arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Status(arguments) => status::run(&arguments),
        Command::Trace(arguments) => trace::run(&arguments),
        Command::Map(arguments) => map::run(&arguments),
        Command::Elasticsearch(command) => elasticsearch::run(&command),
        Command::Mapping(command) => mapping::run(&command),
        Command::Completions(arguments) => completions::run(&arguments, &Arguments::command()),
        Command::Man(arguments) => man::run(&arguments, Arguments::command()),
        Command::CompileMapping(arguments) => compile::run(&arguments),
    };
    done.unwrap_or_else(|error| exit::report(&error))
}
