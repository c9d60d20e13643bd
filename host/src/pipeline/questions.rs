//! Questions about the past: answered by a run beside its other work, or alone.

mod alone;
mod asked_source;
mod audit;
mod backfill;
mod compared_output;
mod judged_batch;
mod queryable;
mod question_error;
mod range_reading;
mod range_run;
mod requests;
mod server;
mod statement;
mod trace;
mod trace_answer;
mod trace_query;
mod traced_details;
mod traced_row;

pub(crate) use alone::{audit_alone, backfill_alone, trace_alone};
pub(crate) use asked_source::AskedSource;
pub(crate) use audit::Audit;
pub(crate) use backfill::{Backfill, Backfilled};
pub(crate) use queryable::{Queryable, Search};
pub(crate) use question_error::QuestionError;
pub(crate) use range_reading::RangeReading;
pub(crate) use requests::{QuestionRequests, Questions};
pub(super) use server::serve;
pub(crate) use statement::Statement;
pub(crate) use trace_answer::{MOST_DELIVERIES, TraceAnswer, TracedDelivery};
pub(crate) use trace_query::TraceQuery;
pub(crate) use trace_query::status_word;
pub(crate) use traced_details::{MOST_DETAILED, TracedDetails};
pub(crate) use traced_row::TracedRow;
