//! `exotrace completions`: the script with which a shell completes commands, options and files.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::{Args, Command};
use clap_complete::Shell;

#[derive(Args)]
#[command(
    after_help = "Examples:\n  exotrace completions bash > exotrace.bash\n  exotrace completions zsh > _exotrace"
)]
pub(super) struct CompletionsArguments {
    /// The shell.
    shell: Shell,
}

/// Writes the script for a shell to standard output.
pub(super) fn run(arguments: &CompletionsArguments, command: &Command) -> anyhow::Result<ExitCode> {
    io::stdout().lock().write_all(&script(arguments.shell, command))?;
    Ok(ExitCode::SUCCESS)
}

/// In memory first: the generator panics when a write fails, as on a closed pipe.
fn script(shell: Shell, command: &Command) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut visible(command), command.get_name(), &mut script);
    script
}

/// The same command without the commands that help does not show: the generator would complete those as well.
fn visible(command: &Command) -> Command {
    let inner = command.get_subcommands().filter(|inner| !inner.is_hide_set()).map(visible);
    let mut shown = Command::new(command.get_name().to_owned()).args(command.get_arguments().cloned());
    if let Some(about) = command.get_about() {
        shown = shown.about(about.clone());
    }
    if let Some(version) = command.get_version() {
        shown = shown.version(version.to_owned());
    }
    shown.subcommands(inner)
}

#[cfg(test)]
mod tests {
    use clap::{Arg, ValueEnum as _};

    use super::*;

    #[test]
    fn every_shell_completes_what_help_shows_and_nothing_else() {
        let inner = Command::new("diff").about("Compare two").arg(Arg::new("all").long("everything"));
        let hidden = Command::new("compile-apart").hide(true);
        let command = Command::new("exotrace")
            .version("1.2.3")
            .subcommand(Command::new("mapping").subcommands([inner, hidden.clone()]))
            .subcommand(hidden);
        for shell in Shell::value_variants() {
            let script = String::from_utf8(script(*shell, &command)).unwrap();
            for shown in ["mapping", "diff", "everything", "version"] {
                assert!(script.contains(shown), "{shell}: no `{shown}`");
            }
            assert!(!script.contains("compile-apart"), "{shell}");
        }
    }
}
