//! A past range delivered again: rows that the ledger knows are left out. Goes on after a crash.

use chrono::{DateTime, SubsecRound as _, Utc};
use serde::{Deserialize, Serialize};
use tracing::{info, warn};

use super::{
    asked_source::{AskedSource, choose, range},
    queryable::Queryable,
    question_error::QuestionError,
    range_reading::RangeRows,
    range_run::{RangeRun, reading},
};
use crate::{
    ledger::{BACKFILL, DRY_RUN, Gap, PastCounts, PastReading, Window},
    pipeline::{error::chain, run_context::RunContext, summary::Summary},
    support::time_text::time,
};

/// A range that somebody wants delivered again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Backfill {
    /// The source; may be left out when there is one that can be asked.
    pub source: Option<String>,
    /// Received from here on.
    pub from: DateTime<Utc>,
    /// Received up to here.
    pub to: DateTime<Utc>,
    /// Whether rows are counted alone, and nothing is delivered.
    pub is_dry_run: bool,
}

/// What came of a range that was delivered again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Backfilled {
    /// The source.
    pub source: String,
    /// Whose mail it is.
    pub tenant: String,
    /// Received from here on.
    pub from: DateTime<Utc>,
    /// Received up to here.
    pub to: DateTime<Utc>,
    /// Whether nothing was delivered.
    pub is_dry_run: bool,
    /// All rows that were read.
    pub rows: u64,
    /// What they were.
    #[serde(flatten)]
    pub counts: PastCounts,
    /// Records and documents that went to the dead letter, since this process began with it.
    pub dead_letters: u64,
    /// Times of receipt that could not be read, and why.
    pub unread: Vec<Gap>,
}

impl Backfilled {
    /// Whether nothing was left out.
    pub(crate) fn is_complete(&self) -> bool {
        self.unread.is_empty() && self.dead_letters == 0
    }
}

/// Delivers a range again, or goes on with it.
pub(super) async fn backfill(
    run: &RunContext,
    sources: &[AskedSource],
    wanted: &Backfill,
) -> Result<Backfilled, QuestionError> {
    let chosen = choose(sources, wanted.source.as_deref())?;
    let range = range(wanted.from, wanted.to, run.clock().wall(), chosen.1)?;
    let range = Window { start: range.start.trunc_subsecs(3), end: range.end.trunc_subsecs(3) };
    if wanted.is_dry_run {
        return count(run, chosen, range).await;
    }
    let source = chosen.0.settings.ledger_name();
    let range = match reading(run, BACKFILL).await? {
        Some(begun) if is_same(&begun, &source, range) => Window { start: begun.from, end: begun.to },
        Some(begun) => return Err(other_is_begun(&begun, sources)),
        None => {
            run.ledger(move |ledger| ledger.begin_past(BACKFILL, &source, range)).await?;
            range
        }
    };
    deliver(run, chosen, range).await
}

/// Goes on with a range that was begun by a run before; `None` when there is none.
pub(super) async fn resume(run: &RunContext, sources: &[AskedSource]) -> Option<Result<Backfilled, QuestionError>> {
    let begun = match reading(run, BACKFILL).await {
        Ok(begun) => begun?,
        Err(error) => return Some(Err(error.into())),
    };
    let source = sources.iter().find(|source| source.settings.ledger_name() == begun.source);
    let Some((source, asked)) = source.and_then(|source| Some((source, source.settings.queryable()?))) else {
        let text = "the source of a backfill that was begun is not in the settings any more\nhint: `exotrace backfill \
                    --cancel` ends it";
        return Some(Err(QuestionError::Failed(text.to_owned())));
    };
    info!(source = source.name, from = %begun.from, to = %begun.to, "backfill goes on");
    Some(deliver(run, (source, asked), Window { start: begun.from, end: begun.to }).await)
}

/// Says in the log what came of it: who asked may have gone.
pub(super) fn tell(done: &Result<Backfilled, QuestionError>) {
    match done {
        Ok(Backfilled { rows, counts, unread, .. }) => {
            let PastCounts { new, known, changed, .. } = *counts;
            info!(rows, new, known, changed, unread = unread.len(), "backfill is done");
        }
        Err(error) if error.is_of_question() => {}
        Err(error) => warn!(error = chain(error), "backfill is not done"),
    }
}

fn is_same(begun: &PastReading, source: &str, range: Window) -> bool {
    // What the service has forgotten meanwhile does not make it another one.
    begun.source == source && begun.to == range.end && begun.from <= range.start
}

fn other_is_begun(begun: &PastReading, sources: &[AskedSource]) -> QuestionError {
    let name = sources.iter().find(|source| source.settings.ledger_name() == begun.source);
    let name = name.map_or(String::new(), |source| format!(" --source {}", source.name));
    let [from, to] = [begun.from, begun.to].map(|time| time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true));
    QuestionError::Unanswerable(format!(
        "another backfill is not done, from {} to {}\nhint: `exotrace backfill --from {from} --to {to}{name}` goes on with \
         it, and `exotrace backfill --cancel` ends it",
        time(begun.from),
        time(begun.to)
    ))
}

async fn deliver(
    run: &RunContext,
    chosen: (&AskedSource, &dyn Queryable),
    range: Window,
) -> Result<Backfilled, QuestionError> {
    let rows = RangeRows::Missing(chosen.0.settings.ledger_name());
    let mut reading = RangeRun::begin(run, BACKFILL, chosen, range, rows).await?;
    let mut summary = Summary::default();
    reading.deliver(&mut summary).await?;
    let (begun, unread) = reading.end().await?;
    Ok(Backfilled { dead_letters: summary.rejected, ..backfilled(chosen, range, begun, unread) })
}

/// Counts what a backfill would deliver.
async fn count(
    run: &RunContext,
    chosen: (&AskedSource, &dyn Queryable),
    range: Window,
) -> Result<Backfilled, QuestionError> {
    let (run, source) = (run.once(), chosen.0.settings.ledger_name());
    let rows = RangeRows::MissingUnnoted(source.clone());
    run.ledger(move |ledger| ledger.begin_past(DRY_RUN, &source, range)).await?;
    let mut reading = RangeRun::begin(&run, DRY_RUN, chosen, range, rows).await?;
    while let Some(batch) = reading.next().await? {
        reading.note(&batch).await?;
    }
    let (begun, unread) = reading.end().await?;
    Ok(Backfilled { is_dry_run: true, ..backfilled(chosen, range, begun, unread) })
}

fn backfilled(
    (source, asked): (&AskedSource, &dyn Queryable),
    range: Window,
    begun: Option<PastReading>,
    unread: Vec<Gap>,
) -> Backfilled {
    let counts = begun.map(|begun| begun.counts).unwrap_or_default();
    Backfilled {
        source: source.name.clone(),
        tenant: asked.tenant().to_owned(),
        from: range.start,
        to: range.end,
        rows: counts.rows(),
        counts,
        unread,
        ..Backfilled::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_range_goes_on_and_another_does_not() {
        let at = |hours| DateTime::<Utc>::UNIX_EPOCH + chrono::Duration::hours(hours);
        let begun = PastReading {
            source: "a".to_owned(),
            from: at(5),
            to: at(9),
            began_at: at(10),
            read_until: None,
            counts: PastCounts::default(),
        };
        let same = |source: &str, from, to| is_same(&begun, source, Window { start: at(from), end: at(to) });
        assert!(same("a", 5, 9));
        // The service does not keep the first hour any more.
        assert!(same("a", 6, 9));
        assert!(!same("a", 4, 9) && !same("a", 5, 8) && !same("b", 5, 9));
    }
}
