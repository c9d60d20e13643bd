//! Answers questions while nothing else runs with the ledger, which counts the requests.

use std::{path::PathBuf, sync::Arc};

use tokio::sync::watch;

use super::{
    asked_source::AskedSource,
    audit::{self, Audit},
    backfill::{self, Backfill, Backfilled},
    question_error::QuestionError,
    remap,
    remapped::{Remap, Remapped},
    statement::Statement,
    trace,
    trace_answer::TraceAnswer,
    trace_query::TraceQuery,
};
use crate::{
    ledger::Ledger,
    pipeline::{
        backoffs::REQUEST_BACKOFF,
        dead_letter::DeadLetterFile,
        error::RunError,
        mode::Mode,
        pipeline::Pipeline,
        run_context::{RunContext, RunParts},
    },
};

/// Searches for mail.
///
/// # Errors
///
/// When the query cannot be answered, or the source cannot be read.
pub(crate) async fn trace_alone(
    ledger: Ledger,
    dead_letter: PathBuf,
    sources: &[AskedSource],
    query: TraceQuery,
) -> Result<TraceAnswer, QuestionError> {
    let (outputs, dead_letter) = (Vec::new(), DeadLetterFile::new(dead_letter));
    let (mode, backoff, health) = (Mode::Once, REQUEST_BACKOFF, Arc::default());
    let (_stop, run) = run(RunParts { ledger, outputs, dead_letter, archive: None, mode, backoff, health })?;
    trace::trace(&run, sources, query).await
}

/// Delivers a range again.
///
/// # Errors
///
/// When the range cannot be read, or delivering fails: the next backfill of the same range goes on behind what is done.
pub(crate) async fn backfill_alone(pipeline: Pipeline, wanted: &Backfill) -> Result<Backfilled, QuestionError> {
    let (_stop, run, sources) = begin(pipeline)?;
    backfill::backfill(&run, &sources, wanted).await
}

/// Maps what was kept of a range again.
///
/// # Errors
///
/// When nothing was kept, the mapping cannot be used, or delivering fails: the next remap of the same range by the same
/// mapping goes on behind what is done.
pub(crate) async fn remap_alone(pipeline: Pipeline, wanted: &Remap) -> Result<Remapped, QuestionError> {
    let (_stop, run, sources) = begin(pipeline)?;
    remap::remap(&run, &sources, wanted).await
}

/// Compares a range with what was delivered.
///
/// # Errors
///
/// When the range cannot be read, an output cannot be asked, or delivering fails.
pub(crate) async fn audit_alone(pipeline: Pipeline, wanted: &Audit) -> Result<Statement, QuestionError> {
    let (_stop, run, sources) = begin(pipeline)?;
    audit::audit(&run, &sources, wanted).await
}

fn begin(pipeline: Pipeline) -> Result<(watch::Sender<bool>, RunContext, Vec<AskedSource>), QuestionError> {
    let Pipeline { sources, outputs, dead_letter, archive, ledger, backoff, health, .. } = pipeline;
    let asked = sources.iter().map(AskedSource::from).collect();
    let (stop, run) = run(RunParts { ledger, outputs, dead_letter, archive, mode: Mode::Once, backoff, health })?;
    Ok((stop, run, asked))
}

/// A run that nobody tells to stop, as long as what could is kept.
fn run(parts: RunParts) -> Result<(watch::Sender<bool>, RunContext), QuestionError> {
    let (stop, stopped) = watch::channel(false);
    let run = RunContext::new(parts, stopped).map_err(RunError::from)?;
    Ok((stop, run))
}
