//! Which settings file a command reads.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::{
    app::settings::Config,
    config::{ConfigError, Fault, environment},
};

/// Names the settings file where the command line does not.
const VARIABLE: &str = "EXOTRACE_CONFIG";

/// Where packages put the settings file.
const DEFAULT: &str = "/etc/exotrace/exotrace.toml";

/// The settings file of a command that reads no other file: named with or without `--config`.
#[derive(Args)]
pub(super) struct SettingsFile {
    /// The settings file. Default: the one that the environment variable `EXOTRACE_CONFIG` names, or else
    /// `/etc/exotrace/exotrace.toml`.
    #[arg(value_name = "FILE", conflicts_with = "config")]
    file: Option<PathBuf>,
    /// The settings file, for commands in which it is named like this everywhere.
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl SettingsFile {
    /// Where it is.
    pub(super) fn path(&self) -> PathBuf {
        self.file.clone().or_else(|| self.config.clone()).or_else(from_environment).unwrap_or_else(|| DEFAULT.into())
    }

    /// Reads it, and gives what is right of it as well when something is wrong.
    pub(super) fn load_in_part(&self) -> anyhow::Result<(Option<Config>, Option<ConfigError>)> {
        Config::load_in_part(&self.path()).map_err(explain_missing)
    }

    /// Reads it for a look at what runs, which needs no source: what is wrong with files of `sources_dir` comes back
    /// beside the rest.
    pub(super) fn load_but_for_source_files(&self) -> anyhow::Result<(Config, Option<ConfigError>)> {
        let is_about_source_files = |fault: &Fault, config: &Config| {
            fault.path != config.places.path() || fault.problem.contains("`sources_dir`")
        };
        match self.load_in_part()? {
            (Some(config), None) => Ok((config, None)),
            (Some(config), Some(error)) if error.faults().iter().all(|it| is_about_source_files(it, &config)) => {
                Ok((config, Some(error)))
            }
            (_, Some(error)) => Err(error.into()),
            // Without an error there are settings.
            (None, None) => self.load().map(|config| (config, None)),
        }
    }

    /// Reads it.
    pub(super) fn load(&self) -> anyhow::Result<Config> {
        load(&self.path())
    }
}

/// The settings file of a command that reads other files as well: the one that was named, or else the one that the
/// environment names, or else the usual one.
pub(super) fn named_or_default(named: Option<&Path>) -> PathBuf {
    named.map(Path::to_owned).or_else(from_environment).unwrap_or_else(|| DEFAULT.into())
}

fn from_environment() -> Option<PathBuf> {
    environment::path(VARIABLE)
}

/// Reads a settings file.
pub(super) fn load(path: &Path) -> anyhow::Result<Config> {
    Config::load(path).map_err(explain_missing)
}

/// Says which file was looked for, and how to name another one.
fn explain_missing(error: ConfigError) -> anyhow::Error {
    let is_default = error.is_missing(Path::new(DEFAULT));
    let is_of_environment = from_environment().is_some_and(|path| error.is_missing(&path));
    let error = anyhow::Error::from(error);
    if is_of_environment {
        error.context(format!("no settings file where the environment variable `{VARIABLE}` says"))
    } else if is_default {
        error.context(format!(
            "no settings file\nhint: name one with `--config FILE` or in `{VARIABLE}`; `exotrace init` writes one"
        ))
    } else {
        error
    }
}
