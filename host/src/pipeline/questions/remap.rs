//! Kept records of a range mapped again, by the same or another mapping. Goes on after a crash.

use std::{collections::HashSet, path::PathBuf, sync::Arc};

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use tokio::task::spawn_blocking;
use tracing::{info, warn};

use super::{
    asked_source::{AskedSource, past_range},
    question_error::QuestionError,
    remap_source::{KeptRecords, RemapPosition, RemapSource},
    remapped::{Remap, Remapped},
};
use crate::{
    deployment::{DeployedMapper, MappingRef},
    ledger::{DRY_RUN, Ledger, PastCounts, REMAP, Window},
    pipeline::{
        archive::{ArchivePosition, ArchiveReader},
        batch_mapping::map_once,
        error::{RunError, chain},
        run_context::RunContext,
        source::Source as _,
        source_identity::SourceIdentity,
        source_run::SourceRun,
        summary::Summary,
        worker::{PollEnd, poll},
    },
    support::{shortage::is_shortage, shown, time_text::time},
};

/// Maximum number of stretches of hours that are named when a range has no records.
const MOST_STRETCHES: usize = 10;

/// Maps a range again, or goes on with it.
pub(super) async fn remap(
    run: &RunContext,
    sources: &[AskedSource],
    wanted: &Remap,
) -> Result<Remapped, QuestionError> {
    let Some(archive) = &run.archive else {
        let text =
            "the settings have no `[archive]`: no raw records are kept\nhint: `exotrace backfill` asks the service";
        return Err(QuestionError::Unanswerable(text.to_owned()));
    };
    let (name, identity) = choose(sources, wanted.source.as_deref())?;
    let range = past_range(wanted.from, wanted.to, run.clock().wall())?;
    let range = Window { start: range.start.trunc_subsecs(3), end: range.end.trunc_subsecs(3) };
    check_output(run, wanted.output.as_deref())?;
    let folder = archive.folder_of(&name);
    let kept = open(run, folder.clone(), range).await?;
    if kept.reader.is_empty() {
        return Err(nothing(&name, range, folder).await);
    }
    let mapper = mapper(identity.mapper.clone(), wanted).await?;
    let (version, digest) = mapper.mapping();
    let position = RemapPosition { mapping: digest, output: wanted.output.clone(), at: ArchivePosition::START };
    let reading = if wanted.is_dry_run { DRY_RUN } else { REMAP };
    let position = begin(run, reading, (identity.name.as_str(), range), position).await?;
    let SourceIdentity { name: ledger_name, label, .. } = &*identity;
    let identity = SourceIdentity { name: ledger_name.clone(), label: label.clone(), mapper };
    let mut source = RemapSource::new(Arc::new(identity), position, range, kept);
    let context = SourceRun::new(run.without_archive(), reading, reading);
    let summary =
        if wanted.is_dry_run { count(&context, &mut source).await? } else { deliver(&context, &mut source).await? };
    let counts = end(run, reading).await? + source.rest();
    if counts.rows() == 0 && source.damaged() == 0 {
        return Err(nothing(&name, range, folder).await);
    }
    Ok(Remapped {
        source: name,
        mapping: version,
        output: wanted.output.clone(),
        from: range.start,
        to: range.end,
        is_dry_run: wanted.is_dry_run,
        records: counts.new,
        repeated: counts.known,
        documents: summary.documents,
        duplicates: summary.duplicates,
        failed: summary.failed,
        dropped: summary.dropped,
        dead_letters: summary.rejected,
        damaged: source.damaged(),
    })
}

/// Says in the log what came of it: who asked may have gone.
pub(super) fn tell(done: &Result<Remapped, QuestionError>) {
    match done {
        Ok(Remapped { source, mapping, records, documents, duplicates, dead_letters, damaged, .. }) => {
            info!(source, mapping, records, documents, duplicates, dead_letters, damaged, "remap is done");
        }
        Err(error) if error.is_of_question() => {}
        Err(error) => warn!(error = chain(error), "remap is not done"),
    }
}

/// The source of that name, or the only one.
fn choose(sources: &[AskedSource], name: Option<&str>) -> Result<(String, Arc<SourceIdentity>), QuestionError> {
    let names: Vec<_> = sources.iter().map(|source| format!("`{}`", source.name)).collect();
    let names = names.join(", ");
    let found = match (name, sources) {
        (Some(name), _) => {
            let found = sources.iter().find(|source| source.name == name);
            found.ok_or_else(|| format!("no source is called `{name}`\nhint: there are {names}"))
        }
        (None, [source]) => Ok(source),
        (None, _) => Err(format!("there are several sources: {names}\nhint: choose one with `--source`")),
    };
    let source = found.map_err(QuestionError::Unanswerable)?;
    let identity = source.identity.clone();
    Ok((source.name.clone(), identity.ok_or_else(|| QuestionError::Failed("nothing maps here".to_owned()))?))
}

fn check_output(run: &RunContext, name: Option<&str>) -> Result<(), QuestionError> {
    let Some(name) = name.filter(|name| run.targets.iter().all(|target| target.name != *name)) else { return Ok(()) };
    let names: Vec<_> = run.targets.iter().map(|target| format!("`{}`", target.name)).collect();
    let text = format!("no output is called `{name}`\nhint: there are {}", names.join(", "));
    Err(QuestionError::Unanswerable(text))
}

/// What was kept since the range began.
async fn open(run: &RunContext, folder: PathBuf, range: Window) -> Result<KeptRecords, QuestionError> {
    let dead_letter = run.dead_letter_path();
    let state = run.ledger(move |ledger| Ok(ledger.path().parent().unwrap_or(&dead_letter).to_owned())).await?;
    let opened = spawn_blocking(move || KeptRecords::open(&folder, range.start, &state));
    Ok(opened.await.map_err(RunError::from)??)
}

/// What maps: the named mapping, or the one that maps the source now.
async fn mapper(now: DeployedMapper, wanted: &Remap) -> Result<DeployedMapper, QuestionError> {
    let mapping = wanted.mapping.clone();
    let made = spawn_blocking(move || match &mapping {
        Some(mapping) => now.with_mapping(mapping),
        None => now.as_now(),
    });
    made.await.map_err(RunError::from)?.map_err(|error| {
        let what = match &wanted.mapping {
            Some(MappingRef::Version(version)) => format!("`{version}`"),
            Some(MappingRef::Path(path)) => format!("`{}`", shown::path(path)),
            None => "in use".to_owned(),
        };
        let problem = format!("could not use mapping {what}: {}", chain(&error));
        if is_shortage(&error) { QuestionError::Failed(problem) } else { QuestionError::Unanswerable(problem) }
    })
}

/// Where the same remap goes on that was begun before, or where it begins.
async fn begin(
    run: &RunContext,
    reading: &'static str,
    (source, range): (&str, Window),
    start: RemapPosition,
) -> Result<RemapPosition, RunError> {
    let source = source.to_owned();
    let begin = move |ledger: &mut Ledger| {
        let begun = ledger.past(REMAP)?.filter(|_| reading == REMAP);
        let position: Option<RemapPosition> =
            ledger.remap_position()?.and_then(|position| serde_json::from_str(&position).ok());
        let is_same_range = begun.is_some_and(|it| it.source == source && (it.from, it.to) == (range.start, range.end));
        let is_same = |found: &RemapPosition| RemapPosition { at: start.at, ..found.clone() } == start;
        if let Some(found) = position.filter(|found| is_same_range && is_same(found)) {
            return Ok(found);
        }
        let text = serde_json::to_string(&start).unwrap_or_default();
        ledger.begin_remap(reading, (source.as_str(), range), &text)?;
        Ok(start.clone())
    };
    run.ledger(begin).await
}

/// Delivers all of it.
async fn deliver(context: &SourceRun, source: &mut RemapSource) -> Result<Summary, QuestionError> {
    let mut summary = Summary::default();
    match poll(source, context, &mut context.run.shutdown(), &mut summary).await? {
        PollEnd::CaughtUp => Ok(summary),
        PollEnd::Stopped => Err(QuestionError::Ended),
    }
}

/// Maps all of it, and delivers nothing.
async fn count(context: &SourceRun, source: &mut RemapSource) -> Result<Summary, QuestionError> {
    let mut summary = Summary::default();
    while let Some(batch) = source.next(context).await? {
        let batch = Arc::new(batch);
        summary.count(&map_once(&batch).await?, &HashSet::new());
        let checkpoint = Arc::clone(&batch.checkpoint);
        context.ledger(move |ledger, reading| checkpoint.note(ledger, reading, &[])).await?;
    }
    Ok(summary)
}

/// All is read: what that was, which the ledger then forgets.
async fn end(run: &RunContext, reading: &'static str) -> Result<PastCounts, RunError> {
    let end = move |ledger: &mut Ledger| {
        let counts = ledger.past(reading)?.map(|begun| begun.counts).unwrap_or_default();
        ledger.end_past(reading)?;
        Ok(counts)
    };
    run.ledger(end).await
}

/// Says that a range has no records, and when those were read that there are.
async fn nothing(source: &str, range: Window, folder: PathBuf) -> QuestionError {
    let hours = spawn_blocking(move || ArchiveReader::hours(&folder)).await;
    let hours = hours.ok().and_then(Result::ok).unwrap_or_default();
    let [from, to] = [range.start, range.end].map(time);
    let hint = match stretches(&hours) {
        found if found.is_empty() => format!("nothing of source `{source}` was kept yet"),
        found => format!("records of source `{source}` were kept {found}"),
    };
    QuestionError::Unanswerable(format!("the archive has no mail received from {from} to {to}\nhint: {hint}"))
}

/// Hours that follow one another, for people: the last ones.
fn stretches(hours: &[DateTime<Utc>]) -> String {
    let mut stretches: Vec<(DateTime<Utc>, DateTime<Utc>)> = Vec::new();
    for hour in hours {
        let end = *hour + TimeDelta::hours(1);
        match stretches.last_mut() {
            Some((_, last)) if *last == *hour => *last = end,
            _ => stretches.push((*hour, end)),
        }
    }
    let left_out = stretches.len().saturating_sub(MOST_STRETCHES);
    let shown = stretches.iter().skip(left_out).map(|(from, to)| format!("from {} to {}", time(*from), time(*to)));
    let shown: Vec<_> = shown.collect();
    let before = if left_out > 0 { format!("{left_out} times before, and ") } else { String::new() };
    if shown.is_empty() { String::new() } else { before + &shown.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_that_follow_one_another_are_one() {
        let begin: DateTime<Utc> = "2026-03-04T05:00:00Z".parse().unwrap();
        let hours =
            |hours: &[i64]| stretches(&hours.iter().map(|it| begin + TimeDelta::hours(*it)).collect::<Vec<_>>());
        assert_eq!(hours(&[]), "");
        assert_eq!(
            hours(&[0, 1, 3]),
            "from 2026-03-04T05:00:00Z to 2026-03-04T07:00:00Z, from 2026-03-04T08:00:00Z to 2026-03-04T09:00:00Z"
        );
        let many = hours(&(0..12).map(|it| 2 * it).collect::<Vec<_>>());
        assert!(many.starts_with("2 times before, and from 2026-03-04T09:00:00Z to "), "{many}");
    }
}
