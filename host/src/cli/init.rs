//! `exotrace init`: a settings file from questions or options, and what to do next.

use std::{
    io::{self, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;

use super::{
    exit::Usage,
    new_file::{self, ExistingFile, PUBLIC, SECRET},
};
use crate::{app::kinds, config::Setup};

mod answers;
mod next_steps;
mod options;
mod questions;
mod settings_text;

use answers::{Answered, Prompting};
use options::{Given, KindParser};
use questions::Terminal;
use settings_text::NewSettings;

/// The settings file, unless another one is named.
const FILE: &str = "exotrace.toml";

#[derive(Args)]
#[command(after_help = "Examples:\n  \
    exotrace init\n  \
    exotrace init --source graph --tenant-id contoso.onmicrosoft.com --local-domain contoso.com --output file\n  \
    exotrace init /etc/exotrace/exotrace.toml --source graph --tenant-id contoso.com --output elasticsearch --url https://localhost:9200")]
pub(super) struct InitArguments {
    /// The settings file to write. Default: `exotrace.toml`.
    #[arg(value_name = "FILE", conflicts_with = "config")]
    file: Option<PathBuf>,
    /// The settings file to write, as other commands name it.
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// What is read.
    #[arg(long, value_name = "TYPE", value_parser = KindParser::sources())]
    source: Option<&'static Setup>,
    /// Where documents go.
    #[arg(long, value_name = "TYPE", value_parser = KindParser::outputs())]
    output: Option<&'static Setup>,
    /// Folder for the ledger. Default: `state` beside the settings, or `/var/lib/exotrace` for settings in `/etc`.
    #[arg(long, value_name = "DIR")]
    state_dir: Option<String>,
    /// Ask nothing: use the defaults for what no option gives.
    #[arg(short, long)]
    yes: bool,
    /// Replace the files that exist.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    given: Given,
}

impl InitArguments {
    fn path(&self) -> PathBuf {
        self.file.clone().or_else(|| self.config.clone()).unwrap_or_else(|| FILE.into())
    }
}

pub(super) fn run(arguments: &InitArguments) -> anyhow::Result<ExitCode> {
    let path = arguments.path();
    let existing = ExistingFile::by_force(arguments.force);
    // Before anybody answers questions in vain.
    new_file::check(&path, None, existing)?;
    let is_asked = !arguments.yes && io::stdin().is_terminal() && io::stderr().is_terminal();
    let mut terminal = is_asked.then(Terminal::new);
    if let Some(terminal) = &mut terminal {
        terminal.say(&format!("This writes `{}`. Press Enter for the value in brackets.", path.display()))?;
    }
    let source = kind(arguments.source, "--source", "source", "graph", kinds::SOURCES.setups(), terminal.as_mut())?;
    let output = kind(arguments.output, "--output", "output", "file", kinds::OUTPUTS.setups(), terminal.as_mut())?;
    arguments.given.refuse_others(source, output)?;
    let mut asking = Prompting::new(&arguments.given, terminal.as_mut());
    let (source_answers, output_answers) = (asking.section(source)?, asking.section(output)?);
    asking.refuse_missing()?;
    let state_dir = arguments.state_dir.clone().unwrap_or_else(|| default_state_dir(&path).to_owned());
    let text = NewSettings {
        path: &path,
        state_dir: &state_dir,
        source: (source, &source_answers.answers),
        output: (output, &output_answers.answers),
    }
    .to_text();
    let secrets = write_secrets(&path, &[&source_answers, &output_answers], existing)?;
    new_file::write(&path, text.as_bytes(), PUBLIC, existing)?;
    let mut stdout = io::stdout().lock();
    let sections = [(source, source_answers), (output, output_answers)];
    write!(stdout, "{}", next_steps::text(&path, &secrets, &sections))?;
    Ok(ExitCode::SUCCESS)
}

/// The kind of the source or output: the given one, or the one that is asked for.
fn kind(
    given: Option<&'static Setup>,
    option: &str,
    section: &str,
    default: &str,
    setups: impl Iterator<Item = &'static Setup>,
    terminal: Option<&mut Terminal>,
) -> anyhow::Result<&'static Setup> {
    match (given, terminal) {
        (Some(setup), _) => Ok(setup),
        (None, Some(terminal)) => Ok(terminal.choose(section, default, &setups.collect::<Vec<_>>())?),
        (None, None) => {
            let names: Vec<_> = setups.map(|setup| setup.name).collect();
            let problem = format!(
                "`{option}` is required where nobody can be asked\nhint: `{}`; or run `exotrace init` on a terminal",
                names.join("`, `")
            );
            Err(Usage(problem).into())
        }
    }
}

/// Where the ledger is, unless somebody says so.
fn default_state_dir(settings: &Path) -> &'static str {
    if settings.starts_with("/etc") { "/var/lib/exotrace" } else { "state" }
}

/// Writes the secrets that were typed beside the settings, each into a file of its own; their paths.
fn write_secrets(settings: &Path, sections: &[&Answered], existing: ExistingFile) -> anyhow::Result<Vec<PathBuf>> {
    let mut written = Vec::new();
    for (name, secret) in sections.iter().flat_map(|answered| &answered.typed) {
        let path = settings.with_file_name(name);
        new_file::write(&path, format!("{}\n", secret.expose()).as_bytes(), SECRET, existing)?;
        written.push(path);
    }
    Ok(written)
}
