//! `exotrace backfill`: a past range again, by the running process if there is one.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{anyhow, bail};
use chrono::Utc;
use clap::{ArgGroup, Args};
use indicatif::HumanCount;

use super::{
    exit::{self, Usage, say},
    log,
    past_bar::PastBar,
    settings_file,
    time_range::PastRange,
};
use crate::{
    app::{settings::Config, start},
    control::{ControlError, ControlReply, Request, ask},
    ledger::{BACKFILL, DRY_RUN, Ledger},
    pipeline::{Backfill, Backfilled, QuestionError, backfill_alone},
    support::{counted::counted, error_text::explain, time_text::time},
};

#[derive(Args)]
#[command(
    after_help = "Examples:\n  exotrace backfill --from 2026-01-01 --to 2026-02-01 --dry-run\n  exotrace backfill --from 3days --to 2days\n  exotrace backfill --cancel",
    group = ArgGroup::new("what").args(["from", "cancel"]).required(true)
)]
pub(super) struct BackfillArguments {
    /// The settings file. Default: as for `run`.
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    // None with `--cancel`.
    #[command(flatten)]
    range: Option<PastRange>,
    /// Count the rows, and deliver nothing.
    #[arg(long)]
    dry_run: bool,
    /// End a backfill that is under way or was interrupted.
    #[arg(long, conflicts_with_all = ["from", "to", "source", "dry_run", "json"])]
    cancel: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &BackfillArguments) -> anyhow::Result<ExitCode> {
    let config = settings_file::load(&settings_file::named_or_default(arguments.config.as_deref()))?;
    let Some(range) = &arguments.range else {
        log::start();
        return cancel(&config);
    };
    let ((from, to), is_dry_run) = (range.at(Utc::now()), arguments.dry_run);
    let bar = PastBar::show(&config, if is_dry_run { DRY_RUN } else { BACKFILL }, range.source.as_deref());
    let done = backfill(&config, Backfill { source: range.source.clone(), from, to, is_dry_run });
    drop(bar);
    let done = done?;
    let mut output = io::stdout().lock();
    if arguments.json {
        serde_json::to_writer_pretty(&mut output, &done)?;
        writeln!(output)?;
    } else {
        print(&done, &mut output)?;
    }
    for gap in &done.unread {
        say(&format!("warning: {} to {} could not be read: {}", time(gap.start), time(gap.end), gap.reason));
    }
    if done.dead_letters > 0 {
        let letters = counted(done.dead_letters, "dead letter", "dead letters");
        say(&format!("warning: {letters}: `exotrace replay --list` shows why"));
    }
    Ok(if done.is_complete() { ExitCode::SUCCESS } else { ExitCode::from(exit::INCOMPLETE) })
}

fn backfill(config: &Config, wanted: Backfill) -> anyhow::Result<Backfilled> {
    match ask(&config.state_dir, &Request::Backfill(wanted.clone())) {
        Ok(ControlReply::Backfilled(done)) => Ok(*done),
        Ok(ControlReply::Unanswerable(why)) => Err(Usage(why).into()),
        Ok(ControlReply::Failed(why)) => Err(anyhow!(with_way_on(why, &wanted))),
        Ok(_) => bail!("could not understand the running exotrace\nhint: it may be of another version"),
        Err(ControlError::NobodyThere(_)) if config.cluster.is_none() => {
            let stages = start::stages(config, start::geo(config)?)?;
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(backfill_alone(stages, &wanted)).map_err(|error| failed(&error, &wanted))
        }
        Err(error @ ControlError::Broken(_)) => Err(anyhow!(with_way_on(explain(&error), &wanted))),
        Err(error) => Err(error.into()),
    }
}

fn failed(error: &QuestionError, wanted: &Backfill) -> anyhow::Error {
    if error.is_of_question() {
        return Usage(explain(error)).into();
    }
    anyhow!(with_way_on(explain(error), wanted))
}

/// Says what goes on with what was begun.
fn with_way_on(why: String, wanted: &Backfill) -> String {
    if why.contains("hint: ") || wanted.is_dry_run {
        return why;
    }
    let [from, to] = [wanted.from, wanted.to].map(|time| time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true));
    format!("{why}\nhint: `exotrace backfill --from {from} --to {to}` goes on, and so does `exotrace run`")
}

fn cancel(config: &Config) -> anyhow::Result<ExitCode> {
    let was_there = match ask(&config.state_dir, &Request::CancelBackfill) {
        Ok(ControlReply::Done(said)) => {
            say(&said);
            return Ok(ExitCode::SUCCESS);
        }
        Ok(ControlReply::Failed(why) | ControlReply::Unanswerable(why)) => bail!(why),
        Ok(_) => bail!("could not understand the running exotrace\nhint: it may be of another version"),
        Err(ControlError::NobodyThere(_)) if config.cluster.is_none() => {
            let mut ledger = Ledger::open(&config.state_dir)?;
            let was_there = ledger.past(BACKFILL)?.is_some();
            ledger.end_past(BACKFILL)?;
            was_there
        }
        Err(error) => return Err(error.into()),
    };
    say(if was_there { "the backfill is over" } else { "no backfill was begun" });
    Ok(ExitCode::SUCCESS)
}

fn print(done: &Backfilled, output: &mut impl Write) -> io::Result<()> {
    let Backfilled { source, tenant, from, to, is_dry_run, rows, counts, .. } = done;
    let would = if *is_dry_run { "dry run, nothing is delivered: " } else { "" };
    let (rows, pages) = (counted(*rows, "row", "rows"), counted(counts.pages, "page", "pages"));
    let [new, known, changed] = [counts.new, counts.known, counts.changed].map(HumanCount);
    writeln!(output, "{would}{rows} on {pages}: {new} new, {known} known, {changed} changed")?;
    writeln!(output, "{} to {}, source `{source}`, tenant `{tenant}`", time(*from), time(*to))
}
