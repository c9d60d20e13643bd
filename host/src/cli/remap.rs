//! `exotrace remap`: raw records of the archive once more, by the running process if there is one.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{anyhow, bail};
use chrono::{DateTime, SecondsFormat, Utc};
use clap::Args;
use indicatif::HumanCount;

use super::{
    exit::{self, Usage, say},
    past_bar::PastBar,
    settings_file, shell,
    time_range::PastRange,
};
use crate::{
    app::{settings::Config, start},
    cluster::NO_REMAP,
    control::{ControlError, ControlReply, Request, ask},
    deployment::MappingRef,
    ledger::{DRY_RUN, REMAP},
    pipeline::{QuestionError, Remap, Remapped, remap_alone},
    support::{counted::counted, error_text::explain, time_text::time},
};

#[derive(Args)]
#[command(
    after_help = "Examples:\n  exotrace remap --from 2026-01-01 --to 2026-02-01 --mapping 3.0 --dry-run\n  exotrace remap --from 2026-01-01 --to 2026-02-01 --mapping 3.0 --output siem\n  exotrace remap --from 3days --to now --mapping ./mended.wasm"
)]
pub(super) struct RemapArguments {
    /// The settings file. Default: as for `run`.
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    range: PastRange,
    /// The mapping: a version, or a component file. Default: the one in use.
    #[arg(long, value_name = "MAPPING")]
    mapping: Option<String>,
    /// The output that gets the documents. Default: all.
    #[arg(long, value_name = "OUTPUT")]
    output: Option<String>,
    /// Map and count the records, and deliver nothing.
    #[arg(long)]
    dry_run: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &RemapArguments) -> anyhow::Result<ExitCode> {
    let config = settings_file::load(&settings_file::named_or_default(arguments.config.as_deref()))?;
    let (from, to) = arguments.range.at(Utc::now());
    let wanted = Remap {
        source: arguments.range.source.clone(),
        from,
        to,
        mapping: arguments.mapping.as_deref().map(mapping).transpose()?,
        output: arguments.output.clone(),
        is_dry_run: arguments.dry_run,
    };
    let way_on = way_on(arguments, &wanted);
    let bar = PastBar::show(&config, if wanted.is_dry_run { DRY_RUN } else { REMAP }, wanted.source.as_deref());
    let done = remap(&config, wanted, &way_on);
    drop(bar);
    let done = done?;
    let mut output = io::stdout().lock();
    if arguments.json {
        serde_json::to_writer_pretty(&mut output, &done)?;
        writeln!(output)?;
    } else {
        print(&done, &mut output)?;
    }
    if done.damaged > 0 {
        let parts = counted(done.damaged, "part", "parts");
        say(&format!("warning: {parts} of the archive are damaged and were left out: the log says which"));
    }
    if done.dead_letters > 0 {
        let letters = counted(done.dead_letters, "dead letter", "dead letters");
        let where_to = if done.is_dry_run { "would be kept" } else { "`exotrace replay --list` shows why" };
        say(&format!("warning: {letters}: {where_to}"));
    }
    Ok(if done.is_complete() { ExitCode::SUCCESS } else { ExitCode::from(exit::INCOMPLETE) })
}

/// A version, or else a file: the running process has another working folder.
fn mapping(name: &str) -> anyhow::Result<MappingRef> {
    if name.contains(['/', '\\']) || name.ends_with(".wasm") {
        return Ok(MappingRef::Path(std::path::absolute(name)?));
    }
    Ok(MappingRef::Version(name.to_owned()))
}

fn remap(config: &Config, wanted: Remap, way_on: &str) -> anyhow::Result<Remapped> {
    if config.cluster.is_some() {
        return Err(Usage(NO_REMAP.to_owned()).into());
    }
    match ask(&config.state_dir, &Request::Remap(wanted.clone())) {
        Ok(ControlReply::Remapped(done)) => Ok(*done),
        Ok(ControlReply::Unanswerable(why)) => Err(Usage(why).into()),
        Ok(ControlReply::Failed(why)) => Err(with_way_on(why, way_on)),
        Ok(_) => bail!("could not understand the running exotrace\nhint: it may be of another version"),
        Err(ControlError::NobodyThere(_)) => {
            let stages = start::stages(config, start::geo(config)?)?;
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(remap_alone(stages, &wanted)).map_err(|error| failed(&error, way_on))
        }
        Err(error @ ControlError::Broken(_)) => Err(with_way_on(explain(&error), way_on)),
        Err(error) => Err(error.into()),
    }
}

fn failed(error: &QuestionError, way_on: &str) -> anyhow::Error {
    if error.is_of_question() {
        return Usage(explain(error)).into();
    }
    with_way_on(explain(error), way_on)
}

fn with_way_on(why: String, way_on: &str) -> anyhow::Error {
    if why.contains("hint: ") || way_on.is_empty() { anyhow!(why) } else { anyhow!("{why}\nhint: `{way_on}` goes on") }
}

/// The command that goes on with what was begun; empty when nothing is.
fn way_on(arguments: &RemapArguments, wanted: &Remap) -> String {
    if wanted.is_dry_run {
        return String::new();
    }
    let at = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Millis, true);
    let mut command = format!("exotrace remap --from {} --to {}", at(wanted.from), at(wanted.to));
    let RemapArguments { mapping, range, output, .. } = arguments;
    for (option, value) in [("--mapping", mapping), ("--source", &range.source), ("--output", output)] {
        if let Some(value) = value {
            command.push_str(&format!(" {option} {}", shell::word(Path::new(value))));
        }
    }
    command
}

fn print(done: &Remapped, output: &mut impl Write) -> io::Result<()> {
    let Remapped { source, mapping, from, to, is_dry_run, records, repeated, documents, .. } = done;
    let would = if *is_dry_run { "dry run, nothing is delivered: " } else { "" };
    let (records, documents) = (counted(*records, "record", "records"), counted(*documents, "document", "documents"));
    let mut text = format!("{would}{records} by mapping {mapping}: {documents}");
    let others = [
        (done.duplicates, "already there"),
        (done.failed, "mapped in part"),
        (done.dropped, "dropped on purpose"),
        (done.dead_letters, "dead letters"),
        (*repeated, "kept twice"),
    ];
    for (count, what) in others.into_iter().filter(|(count, _)| *count > 0) {
        text.push_str(&format!(", {} {what}", HumanCount(count)));
    }
    writeln!(output, "{text}")?;
    let target = done.output.as_ref().map_or(String::new(), |name| format!(", output `{name}`"));
    writeln!(output, "{} to {}, source `{source}`{target}", time(*from), time(*to))
}
