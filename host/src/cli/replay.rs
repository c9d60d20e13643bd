//! `exotrace replay`: the dead letter once more, by the running process if there is one.

use std::{path::PathBuf, process::ExitCode};

use anyhow::bail;
use clap::Args;

use super::{
    exit::{self, say},
    log,
    settings_file::{self, named_or_default},
    start,
};
use crate::{
    control::{Answer, ControlError, Request, ask},
    pipeline::{self, Replayed},
};

#[derive(Args)]
pub(super) struct Arguments {
    /// The file of dead letters.
    #[arg(value_name = "FILE")]
    file: PathBuf,
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
    /// The state folder of the process that is to do it.
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    log::start();
    let config = match (&arguments.whose.config, &arguments.whose.state_dir) {
        (None, Some(_)) => None,
        (named, _) => Some(settings_file::load(&named_or_default(named.as_deref()))?),
    };
    let state_dir = arguments.whose.state_dir.as_ref().or(config.as_ref().map(|config| &config.state_dir));
    let Some(state_dir) = state_dir else { bail!("whose dead letters? name `--config` or `--state-dir`") };
    // A running process has another working folder.
    let file = std::path::absolute(&arguments.file)?;
    let replayed = match (ask(state_dir, &Request::Replay(file)), &config) {
        (Ok(Answer::Replayed(replayed)), _) => *replayed,
        (Ok(Answer::Failed(why)), _) => bail!(why),
        (Ok(_), _) => bail!("could not understand the running exotrace\nhint: it may be of another version"),
        (Err(ControlError::NobodyThere(_)), Some(config)) => {
            let stages = start::stages(config, start::geo(config)?)?;
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(pipeline::replay(stages, &arguments.file))?
        }
        (Err(error @ ControlError::Broken(_)), _) => {
            let file = arguments.file.display();
            bail!(
                "{error:#}\nhint: if it has ended, `exotrace replay {file}.replaying`, or `{file}` when that is not there"
            );
        }
        (Err(error), _) => return Err(error.into()),
    };
    report(&replayed);
    let is_complete = replayed.unreadable == 0 && replayed.summary.rejected == 0;
    Ok(if is_complete { ExitCode::SUCCESS } else { ExitCode::from(exit::INCOMPLETE) })
}

fn report(replayed: &Replayed) {
    let Replayed { letters, summary, unreadable, examples, kept, dead_letter } = replayed;
    for (line, problem) in examples {
        say(&format!("line {line} is no dead letter: {problem}"));
    }
    let mut text = format!("{letters} letters: {} documents delivered", summary.documents);
    if summary.duplicates > 0 {
        text.push_str(&format!(", {} already there", summary.duplicates));
    }
    if summary.rejected > 0 {
        text.push_str(&format!(", {} sent to the dead letter again, `{}`", summary.rejected, dead_letter.display()));
    }
    if *unreadable > 0 {
        text.push_str(&format!(", {unreadable} lines left out"));
    }
    if let Some(kept) = kept {
        text.push_str(&format!(", kept in `{}`", kept.display()));
    }
    say(&text);
}
