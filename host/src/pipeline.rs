//! The loop from sources to outputs: the next batch, mapped, delivered, noted; every source at its own pace.
//!
//! Knows no kind of source or output.

mod archive;
mod backoffs;
mod batch_mapping;
mod claims;
pub(crate) mod dead_letter;
mod dead_letters;
mod delivery;
mod error;
mod inventory;
mod mode;
mod output;
mod output_delivery;
mod output_error;
mod output_settings;
#[expect(clippy::module_inception, reason = "a file has the name of its type")]
mod pipeline;
mod pipeline_source;
mod precedence;
mod progress;
mod questions;
mod read_ahead;
mod record_batch;
mod record_keys;
mod replay;
mod run;
mod run_context;
mod setting_problem;
mod shutdown;
mod source;
mod source_error;
mod source_identity;
mod source_position;
mod source_run;
mod source_settings;
mod source_state;
mod summary;
mod tap;
mod target;
mod worker;

pub(crate) use archive::{Archive, ArchiveSize, archive_files, example_of_archive_file};
pub(crate) use backoffs::REQUEST_BACKOFF;
pub(crate) use claims::Claims;
pub(crate) use delivery::Committed;
pub(crate) use error::RunError;
pub(crate) use inventory::{Inventory, StoredPage};
pub(crate) use mode::Mode;
pub(crate) use output::{
    ExamineOptions, LedgerJoiner, Output, PositionMover, Receipt, RejectedDocument, Tail, WritePosition,
};
pub(crate) use output_error::{Outlook, OutputError};
pub(crate) use output_settings::{OutputContext, OutputSettings};
pub(crate) use pipeline::Pipeline;
pub(crate) use pipeline_source::PipelineSource;
pub(crate) use precedence::PollUnderWay;
pub(crate) use progress::{PollProgress, RequestLimit, WatchedSource};
pub(crate) use questions::status_word;
pub(crate) use questions::{
    AskedSource, Audit, Backfill, Backfilled, Cancelled, MOST_DELIVERIES, MOST_DETAILED, Queryable, QuestionError,
    QuestionRequests, Questions, RangeReading, Remap, Remapped, Search, Statement, TraceAnswer, TraceQuery,
    TracedDelivery, TracedDetails, TracedRow, audit_alone, backfill_alone, choose_source, remap_alone, trace_alone,
};
pub(crate) use record_batch::{Checkpoint, RecordBatch};
pub(crate) use record_keys::RecordKeys;
pub(crate) use replay::{ReplayError, ReplayRequests, Replayed, Replays, replay};
pub(crate) use run::{GRACE, run, run_part};
pub(crate) use setting_problem::SettingProblem;
pub(crate) use source::Source;
pub(crate) use source_error::{Remedy, SourceError};
pub(crate) use source_identity::SourceIdentity;
pub(crate) use source_position::SourcePosition;
pub(crate) use source_run::SourceRun;
pub(crate) use source_settings::{RequestBudget, SourceContext, SourceDescription, SourceEnvironment, SourceSettings};
pub(crate) use source_state::{Line, SourceState, failure_lines, is_future};
pub(crate) use summary::Summary;
pub(crate) use tap::{Tap, TappedBatch, Taps};

#[cfg(test)]
mod tests;
