//! `exotrace replay`: the dead letters once more, by the running process if there is one.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{anyhow, bail};
use clap::Args;
use indicatif::HumanCount;

use super::{
    exit::{self, Usage, say},
    log,
    settings_file::{self, named_or_default},
    shell,
};
use crate::{
    app::{settings::Config, start},
    control::{ControlError, ControlReply, Request, ask},
    pipeline::{self, Replayed, dead_letter::claimed_path},
    support::{counted::counted, error_text::explain, shown},
};

mod list;

/// The file of dead letters in a state folder, when no settings say otherwise.
const DEAD_LETTER: &str = "dead-letter.ndjson";

#[derive(Args)]
#[command(
    after_help = "Examples:\n  exotrace replay --list --config exotrace.toml\n  exotrace replay --config exotrace.toml"
)]
pub(super) struct ReplayArguments {
    /// The file of dead letters. Default: the one that the settings name.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Count the dead letters by reason, and change nothing.
    #[arg(long)]
    list: bool,
    /// With `--list`: print JSON.
    #[arg(long, requires = "list")]
    json: bool,
    #[command(flatten)]
    whose: Whose,
}

/// Whose dead letters.
#[derive(Args)]
#[group(multiple = false)]
struct Whose {
    /// The settings file: its mapping and outputs are used. Default: as for `run`.
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The state folder of the process that delivers them.
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
}

impl Whose {
    /// The options as they were given.
    fn options(&self) -> String {
        match (&self.config, &self.state_dir) {
            (Some(config), _) => format!("--config {}", shell::word(config)),
            (None, Some(state_dir)) => format!("--state-dir {}", shell::word(state_dir)),
            (None, None) => String::new(),
        }
    }
}

/// Where dead letters are, and who feeds them through.
struct Place<'a> {
    whose: &'a Whose,
    config: Option<Config>,
    state_dir: PathBuf,
}

pub(super) fn run(arguments: &ReplayArguments) -> anyhow::Result<ExitCode> {
    let config = match (&arguments.whose.config, &arguments.whose.state_dir) {
        (None, Some(_)) => None,
        (named, _) => Some(settings_file::load(&named_or_default(named.as_deref()))?),
    };
    let state_dir = arguments.whose.state_dir.as_ref().or(config.as_ref().map(|config| &config.state_dir));
    let Some(state_dir) = state_dir.cloned() else { bail!("whose dead letters? name `--config` or `--state-dir`") };
    let dead_letter = match &config {
        Some(config) => config.dead_letter.clone(),
        None => state_dir.join(DEAD_LETTER),
    };
    let is_named_cluster = config.as_ref().is_some_and(|config| config.cluster.is_some());
    let is_cluster = config.as_ref().is_none_or(|config| config.cluster.is_some());
    let files = match &arguments.file {
        Some(file) => vec![file.clone()],
        None => waiting(&state_dir, &dead_letter, is_cluster),
    };
    if arguments.list {
        return list::list(&files, &dead_letter, arguments.json);
    }
    log::start();
    let before = [claimed_path(&dead_letter), dead_letter.clone()];
    let is_of_before = |file: &PathBuf| is_named_cluster && arguments.file.is_none() && before.contains(file);
    let (of_before, files): (Vec<_>, Vec<_>) = files.into_iter().partition(is_of_before);
    // It would not be moved away, and fed through again each time.
    for file in of_before.iter().map(|file| shown::path(file)) {
        say(&format!(
            "`{file}` is of a time without `[cluster]`: `exotrace replay {file}` feeds it through, and leaves it"
        ));
    }
    if files.is_empty() {
        say(&format!("no dead letters: there is no `{}`", shown::path(&dead_letter)));
        return Ok(ExitCode::SUCCESS);
    }
    let place = Place { whose: &arguments.whose, config, state_dir };
    let mut is_complete = true;
    for file in &files {
        let replayed = match place.replay(file) {
            // That of one partition may be for another process.
            Err(error) if files.len() > 1 && is_cluster && !is_nobody_there(&error) => {
                say(&format!("error: {}", explain(error.as_ref())));
                is_complete = false;
                continue;
            }
            replayed => replayed?,
        };
        report(&replayed, file);
        is_complete &= replayed.unreadable == 0 && replayed.summary.rejected == 0;
    }
    Ok(if is_complete { ExitCode::SUCCESS } else { ExitCode::from(exit::INCOMPLETE) })
}

fn is_nobody_there(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(ControlError::NobodyThere(_)))
}

/// The files that have dead letters, of a process of a cluster those of its partitions as well. What a replay that broke
/// off has left comes first.
fn waiting(state_dir: &Path, dead_letter: &Path, is_cluster: bool) -> Vec<PathBuf> {
    let files = start::dead_letter_files(state_dir, dead_letter, is_cluster);
    let with_claimed = files.into_iter().flat_map(|file| [claimed_path(&file), file]);
    with_claimed.filter(|file| file.exists()).collect()
}

impl Place<'_> {
    fn replay(&self, file: &Path) -> anyhow::Result<Replayed> {
        // A running process has another working folder.
        let absolute = std::path::absolute(file)?;
        match (ask(&self.state_dir, &Request::Replay(absolute)), &self.config) {
            (Ok(ControlReply::Replayed(replayed)), _) => Ok(*replayed),
            (Ok(ControlReply::Unanswerable(why)), _) => Err(Usage(why).into()),
            (Ok(ControlReply::Failed(why)), _) => bail!(self.with_way_on(why, file)),
            (Ok(_), _) => bail!("could not understand the running exotrace\nhint: it may be of another version"),
            (Err(ControlError::NobodyThere(_)), Some(config)) if config.cluster.is_none() => {
                let stages = start::stages(config, start::geo(config)?)?;
                let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
                let replayed = runtime.block_on(pipeline::replay(stages, file));
                replayed.map_err(|error| anyhow!(self.with_way_on(explain(&error), file)))
            }
            (Err(error @ ControlError::Broken(_)), _) => bail!(self.with_way_on(explain(&error), file)),
            (Err(error), _) => Err(error.into()),
        }
    }

    /// Says with which command the letters of a replay that broke off are gone on with, if there are any.
    fn with_way_on(&self, why: String, file: &Path) -> String {
        let aside = claimed_path(file);
        let left = if aside.exists() { &aside } else { file };
        if why.contains("hint: ") || !left.exists() {
            return why;
        }
        format!("{why}\nhint: `exotrace replay {} {}` goes on", shell::word(left), self.whose.options())
    }
}

fn report(replayed: &Replayed, file: &Path) {
    let Replayed { letters, summary, unreadable, examples, kept, dead_letter, .. } = replayed;
    for (line, problem) in examples {
        say(&format!("`{}`, line {line}: not a dead letter: {problem}", shown::path(file)));
    }
    let mut text = format!(
        "{}: {} delivered",
        counted(*letters, "dead letter", "dead letters"),
        counted(summary.documents, "document", "documents")
    );
    for (count, what) in [(summary.duplicates, "already there"), (summary.dropped, "dropped on purpose")] {
        if count > 0 {
            text.push_str(&format!(", {} {what}", HumanCount(count)));
        }
    }
    if summary.rejected > 0 {
        text.push_str(&format!(", {} to `{}` again", HumanCount(summary.rejected), shown::path(dead_letter)));
    }
    if *unreadable > 0 {
        text.push_str(&format!(", {} left out", counted(*unreadable, "line", "lines")));
    }
    if let Some(kept) = kept {
        text.push_str(&format!(", kept in `{}`", shown::path(kept)));
    }
    say(&text);
}
