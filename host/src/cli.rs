//! The command line; what a command does is in the module of its name.

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};
use rustix::process::{DumpableBehavior, set_dumpable_behavior};

use crate::support::threads;

mod assets;
mod audit;
mod backfill;
mod check;
mod cluster;
mod compile;
mod completions;
mod config;
mod demo;
mod doctor;
mod elasticsearch;
mod exit;
mod init;
mod input;
mod log;
mod man;
mod map;
mod mapping;
mod new_file;
mod options;
mod paint;
mod past_bar;
mod privacy;
mod progress;
mod remap;
mod replay;
mod report;
mod run;
mod settings_file;
mod shell;
mod simulate;
mod simulated_source;
mod status;
mod table;
mod tap;
mod time_range;
mod trace;
mod version;

/// How people begin.
const EXAMPLES: &str = "Examples:
  exotrace demo
  exotrace init
  exotrace check exotrace.toml
  exotrace doctor exotrace.toml
  exotrace run --config exotrace.toml";

/// Collects Microsoft Exchange Online message trace, maps it to the Elastic Common Schema (ECS) inside a
/// WebAssembly component, and delivers every document once.
#[derive(Parser)]
#[command(name = "exotrace", version, long_version = version::text(), after_help = EXAMPLES)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    log: log::LogOptions,
}

#[derive(Subcommand)]
enum Command {
    /// Collect, map and deliver until stopped.
    Run(run::RunArguments),
    /// Map records from files or standard input to documents on standard output.
    Map(map::MapArguments),
    /// Map and deliver the dead letters again.
    Replay(replay::ReplayArguments),
    /// Collect from a simulated tenant, without settings, and explain what happens.
    Demo(demo::DemoArguments),
    /// Write a settings file, from questions or options, and say what to do next.
    Init(init::InitArguments),
    /// Run the simulated tenant alone.
    Simulate(simulate::SimulateArguments),
    /// Check the settings and the mapping, without the network.
    Check(check::CheckArguments),
    /// Share sources among processes: create what that needs, and show who collects what.
    #[command(subcommand, after_help = "Examples:\n  exotrace cluster status --config exotrace.toml")]
    Cluster(cluster::ClusterCommand),
    /// Describe the settings, for editors and programs.
    #[command(subcommand, after_help = "Examples:\n  exotrace config schema > exotrace.schema.json")]
    Config(config::ConfigCommand),
    /// Prepare an Elasticsearch cluster.
    #[command(subcommand, after_help = "Examples:\n  exotrace elasticsearch template --apply --config exotrace.toml")]
    Elasticsearch(elasticsearch::ElasticsearchCommand),
    /// Print dashboards and saved searches, or put them into Kibana, OpenSearch Dashboards or Grafana.
    Assets(assets::AssetsArguments),
    /// Check every source and output step by step, and say what is missing.
    Doctor(doctor::DoctorArguments),
    /// Show what is covered, also while the daemon runs.
    Status(status::StatusArguments),
    /// Show documents of the running process as they pass, masked.
    Tap(tap::TapArguments),
    /// Find mail in the message trace: where is it?
    Trace(trace::TraceArguments),
    /// Deliver a past range again: what is not known to be delivered.
    Backfill(backfill::BackfillArguments),
    /// Compare a past range with what was delivered: is everything there?
    Audit(audit::AuditArguments),
    /// Map raw records of the archive again, by the same or another mapping.
    Remap(remap::RemapArguments),
    /// List, inspect, compare and sign mappings.
    #[command(
        subcommand,
        after_help = "Examples:\n  exotrace mapping list\n  exotrace mapping diff 1.20 2.2 records.ndjson"
    )]
    Mapping(mapping::MappingCommand),
    /// Make keys of pseudonyms, explain a privacy profile, and find a known person.
    #[command(subcommand, after_help = "Examples:\n  exotrace privacy explain --config exotrace.toml")]
    Privacy(privacy::PrivacyCommand),
    /// Print the completions of a shell.
    Completions(completions::CompletionsArguments),
    /// Write the manual pages into a folder.
    Man(man::ManArguments),
    /// Compile a mapping for another process of exotrace.
    #[command(hide = true)]
    CompileMapping(compile::CompileArguments),
}

impl Command {
    /// Whether it maps or serves, on many threads. What tells how things are works on a machine that has none to give,
    /// and a mapping that is compiled for another process has limits of its own.
    fn needs_threads(&self) -> bool {
        !matches!(
            self,
            Self::Status(_)
                | Self::Tap(_)
                | Self::Trace(_)
                | Self::Elasticsearch(_)
                | Self::Assets(_)
                | Self::CompileMapping(_)
                | Self::Completions(_)
                | Self::Man(_)
                | Self::Init(_)
                | Self::Config(_)
        )
    }
}

/// Runs the program, and says with which code to exit: 0 done, 1 failed while running, 2 wrong usage or finished
/// with something left out, 78 wrong configuration.
pub fn main() -> ExitCode {
    let CommandLine { command, log } = CommandLine::parse();
    // A core file would have secrets and mail in it, and so has the memory that a debugger of the same user may read. Where
    // this is not allowed, the system's own settings count. The limit alone does not keep a program from getting the file
    // that is named as a pipe in `core_pattern`.
    drop(rlimit::Resource::CORE.set(0, 0));
    set_dumpable_behavior(DumpableBehavior::NotDumpable).unwrap_or_default();
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
        Command::Init(arguments) => init::run(&arguments),
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Status(arguments) => status::run(&arguments),
        Command::Tap(arguments) => tap::run(&arguments),
        Command::Trace(arguments) => trace::run(&arguments),
        Command::Backfill(arguments) => backfill::run(&arguments),
        Command::Audit(arguments) => audit::run(&arguments),
        Command::Remap(arguments) => remap::run(&arguments),
        Command::Map(arguments) => map::run(&arguments),
        Command::Cluster(command) => cluster::run(&command),
        Command::Config(command) => config::run(&command),
        Command::Elasticsearch(command) => elasticsearch::run(&command),
        Command::Assets(arguments) => assets::run(&arguments),
        Command::Mapping(command) => mapping::run(&command),
        Command::Privacy(command) => privacy::run(&command),
        Command::Completions(arguments) => completions::run(&arguments, &CommandLine::command()),
        Command::Man(arguments) => man::run(&arguments, CommandLine::command()),
        Command::CompileMapping(arguments) => compile::run(&arguments),
    };
    done.unwrap_or_else(|error| exit::report(&error))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    /// The commands that people see, with what is typed for each.
    fn commands(command: &clap::Command, typed: &str) -> Vec<(String, clap::Command)> {
        let mut all = vec![(typed.to_owned(), command.clone())];
        for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set() && inner.get_name() != "help") {
            all.extend(commands(inner, &format!("{typed} {}", inner.get_name())));
        }
        all
    }

    #[test]
    fn the_help_of_every_command_has_examples_that_are_right() {
        let mut examples = 0;
        for (typed, command) in commands(&CommandLine::command(), "exotrace") {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let lines: Vec<_> = help.lines().skip(1).map(str::trim).collect();
            assert!(
                help.starts_with("Examples:\n") && !lines.is_empty(),
                "`{typed}` has no `after_help` with examples"
            );
            for line in lines {
                assert!(line.starts_with(&typed), "an example of `{typed}`: {line}");
                let line = line.split(['|', '<', '>']).next().unwrap_or_default();
                if let Err(error) = CommandLine::try_parse_from(line.split_whitespace()) {
                    panic!("an example of `{typed}`: {error}");
                }
                examples += 1;
            }
        }
        assert!(examples > 30, "{examples}");
    }

    #[test]
    fn the_command_line_is_in_order() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn the_version_names_what_the_program_is_made_of() {
        let text = version::text();
        for part in ["mappings  1.20, 2.2", "contract  0.1.0", "wasmtime  4"] {
            assert!(text.contains(part), "{text}");
        }
    }
}
