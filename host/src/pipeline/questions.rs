//! Questions about the past: answered by a run beside its other work, or alone.

use std::path::PathBuf;

use tokio::{sync::watch, task::JoinSet};

use super::{
    backoffs::REQUEST_BACKOFF,
    dead_letter::DeadLetterFile,
    mode::Mode,
    run_context::{RunContext, RunParts},
    shutdown::Shutdown,
};
use crate::ledger::Ledger;

mod asked_source;
mod queryable;
mod question_error;
mod requests;
mod trace;
mod trace_answer;
mod trace_query;
mod traced_row;

pub(crate) use asked_source::AskedSource;
pub(crate) use queryable::{Queryable, Search};
pub(crate) use question_error::QuestionError;
pub(crate) use requests::{QuestionRequests, Questions};
pub(crate) use trace_answer::{MOST_DELIVERIES, TraceAnswer, TracedDelivery};
pub(crate) use trace_query::TraceQuery;
pub(crate) use trace_query::status_word;
pub(crate) use traced_row::TracedRow;

use requests::Question;
use trace::trace;

/// Searches for mail while nothing else runs with this ledger, which counts the requests.
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
    let (mode, backoff, health) = (Mode::Once, REQUEST_BACKOFF, std::sync::Arc::default());
    // Nobody tells it to stop.
    let (_stop, stopped) = watch::channel(false);
    let parts = RunParts { ledger, outputs, dead_letter, mode, backoff, health };
    let run = RunContext::new(parts, stopped).map_err(|error| QuestionError::from(super::RunError::from(error)))?;
    trace(&run, sources, query).await
}

/// Answers questions until the run is told to stop: what is under way then has no answer.
pub(super) async fn serve(
    run: RunContext,
    sources: Vec<AskedSource>,
    mut requests: QuestionRequests,
    mut shutdown: Shutdown,
) {
    let mut under_way = JoinSet::new();
    while let Some(Some(question)) = shutdown.or(requests.receive()).await {
        while under_way.try_join_next().is_some() {}
        let (run, sources) = (run.clone(), sources.clone());
        match question {
            Question::Trace(query, reply) => {
                under_way.spawn(async move { reply.with(trace(&run, &sources, query)).await });
            }
        }
    }
}
