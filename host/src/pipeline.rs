//! The loop from sources to outputs: the next batch, mapped, delivered, noted; every source at its own pace.
//!
//! Knows no kind of source or output.

mod backoffs;
mod claims;
pub mod dead_letter;
mod dead_letters;
mod delivery;
mod error;
mod mode;
mod output;
mod output_settings;
#[expect(clippy::module_inception, reason = "a file has the name of its type")]
mod pipeline;
mod progress;
mod record_batch;
mod replay;
mod run;
mod run_context;
mod setting_problem;
mod shutdown;
mod source;
mod source_error;
mod source_identity;
mod source_run;
mod source_settings;
mod source_state;
mod summary;
mod target;
mod worker;

pub use backoffs::REQUEST_BACKOFF;
pub use claims::Claims;
pub use delivery::Committed;
pub use error::RunError;
pub use mode::Mode;
pub use output::{ExamineOptions, Outlook, Output, OutputError, Receipt, RejectedDocument, Tail, WritePosition};
pub use output_settings::{OutputContext, OutputSettings};
pub use pipeline::Pipeline;
pub use progress::{PollProgress, RequestLimit, TimeLeft, WatchedSource};
pub use record_batch::{Checkpoint, RecordBatch};
pub use replay::{ReplayError, ReplayRequests, Replayed, Replays, replay};
pub use run::{GRACE, run};
pub use setting_problem::SettingProblem;
pub use source::{PipelineSource, Source};
pub use source_error::{Remedy, SourceError};
pub use source_identity::SourceIdentity;
pub use source_run::SourceRun;
pub use source_settings::{RequestBudget, SourceContext, SourceDescription, SourceEnvironment, SourceSettings};
pub use source_state::{Line, SourceState, failure_lines, is_future};
pub use summary::Summary;

#[cfg(test)]
mod tests;
