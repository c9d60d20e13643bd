//! `exotrace replay`: the dead letter once more.

use std::{
    fs::{self, File},
    io::BufReader,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use clap::Args;

use super::{
    exit::{self, say},
    log, start,
};
use crate::{
    config::Config,
    pipeline::{self, Replayed},
};

#[derive(Args)]
pub(super) struct Arguments {
    /// The file of dead letters.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The settings file: its mapping and outputs are used.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    log::start();
    let config = Config::load(&arguments.config)?;
    let stages = start::stages(&config, start::geo(&config)?)?;
    let could_not = || format!("could not read `{}`", arguments.file.display());
    drop(File::open(&arguments.file).with_context(could_not)?);
    let (file, is_moved) = set_aside(&arguments.file, &config.dead_letter)?;
    let lines = BufReader::new(File::open(&file).with_context(could_not)?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let replayed = runtime.block_on(pipeline::replay(stages, lines)).with_context(|| {
        let file = file.display();
        format!("replay broke off\nhint: `exotrace replay {file}` does it again; ids stay the same\n")
    })?;
    report(&replayed, &config.dead_letter);
    if is_moved && replayed.unreadable.is_empty() {
        // Whatever it had is delivered, or in the dead letter again.
        fs::remove_file(&file)?;
    } else if is_moved {
        say(&format!("kept as `{}`", file.display()));
    }
    let is_complete = replayed.unreadable.is_empty() && replayed.summary.rejected == 0;
    Ok(if is_complete { ExitCode::SUCCESS } else { ExitCode::from(exit::INCOMPLETE) })
}

/// Moves the dead letter of the settings away, since what fails again is added to it.
fn set_aside(file: &Path, dead_letter: &Path) -> anyhow::Result<(PathBuf, bool)> {
    let is_it = dead_letter.exists() && fs::canonicalize(file)? == fs::canonicalize(dead_letter)?;
    if !is_it {
        return Ok((file.to_owned(), false));
    }
    let mut name = file.as_os_str().to_owned();
    name.push(".replaying");
    let aside = PathBuf::from(name);
    if aside.exists() {
        let aside = aside.display();
        bail!("`{aside}` is left from a replay that broke off\nhint: `exotrace replay {aside}` first, then delete it");
    }
    fs::rename(file, &aside).with_context(|| format!("could not move `{}`", file.display()))?;
    Ok((aside, true))
}

fn report(replayed: &Replayed, dead_letter: &Path) {
    for (line, problem) in &replayed.unreadable {
        say(&format!("line {line} is no dead letter: {problem}"));
    }
    let Replayed { letters, summary, unreadable } = replayed;
    let mut text = format!("{letters} letters: {} documents delivered", summary.documents);
    if summary.duplicates > 0 {
        text.push_str(&format!(", {} already there", summary.duplicates));
    }
    if summary.rejected > 0 {
        text.push_str(&format!(", {} sent to the dead letter again, `{}`", summary.rejected, dead_letter.display()));
    }
    if !unreadable.is_empty() {
        text.push_str(&format!(", {} lines left out", unreadable.len()));
    }
    say(&text);
}
