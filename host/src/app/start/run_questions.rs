//! What somebody asks a run about the past, or to replay: all of it at once, or the partition that has the source.

use std::{path::PathBuf, sync::Arc};

use crate::{
    cluster::{HeldQuestions, NO_REMAP},
    pipeline::{
        Audit, Backfill, Backfilled, Cancelled, QuestionError, Questions, Remap, Remapped, ReplayError, Replayed,
        Replays, Statement, TraceAnswer, TraceQuery,
    },
};

/// What somebody asks a run. Cheap to clone.
#[derive(Clone)]
pub(crate) enum RunQuestions {
    /// All sources are in one pipeline.
    Alone(Questions, Replays),
    /// Those of a cluster that fall to this process.
    Cluster(Arc<HeldQuestions>),
}

impl RunQuestions {
    /// Has mail searched for.
    ///
    /// # Errors
    ///
    /// As [`Questions::trace`].
    pub(crate) async fn trace(&self, query: TraceQuery) -> Result<TraceAnswer, QuestionError> {
        match self {
            Self::Alone(questions, _) => questions.trace(query).await,
            Self::Cluster(held) => held.trace(query).await,
        }
    }

    /// Has a range delivered again.
    ///
    /// # Errors
    ///
    /// As [`Questions::backfill`].
    pub(crate) async fn backfill(&self, wanted: Backfill) -> Result<Backfilled, QuestionError> {
        match self {
            Self::Alone(questions, _) => questions.backfill(wanted).await,
            Self::Cluster(held) => held.backfill(wanted).await,
        }
    }

    /// Has a range compared with what was delivered.
    ///
    /// # Errors
    ///
    /// As [`Questions::audit`].
    pub(crate) async fn audit(&self, wanted: Audit) -> Result<Statement, QuestionError> {
        match self {
            Self::Alone(questions, _) => questions.audit(wanted).await,
            Self::Cluster(held) => held.audit(wanted).await,
        }
    }

    /// Has kept records of a range mapped again.
    ///
    /// # Errors
    ///
    /// As [`Questions::remap`], and always in a cluster, which keeps none.
    pub(crate) async fn remap(&self, wanted: Remap) -> Result<Remapped, QuestionError> {
        match self {
            Self::Alone(questions, _) => questions.remap(wanted).await,
            Self::Cluster(_) => Err(QuestionError::Unanswerable(NO_REMAP.to_owned())),
        }
    }

    /// Ends a backfill.
    ///
    /// # Errors
    ///
    /// As [`Questions::cancel_backfill`].
    pub(crate) async fn cancel_backfill(&self) -> Result<Cancelled, QuestionError> {
        match self {
            Self::Alone(questions, _) => questions.cancel_backfill().await,
            Self::Cluster(held) => held.cancel_backfill().await,
        }
    }

    /// Has the dead letters of a file fed through again.
    ///
    /// # Errors
    ///
    /// As [`Replays::replay`].
    pub(crate) async fn replay(&self, file: PathBuf) -> Result<Replayed, ReplayError> {
        match self {
            Self::Alone(_, replays) => replays.replay(file).await,
            Self::Cluster(held) => held.replay(file).await,
        }
    }

    /// The partitions of the process; none without a cluster.
    pub(crate) fn partitions(&self) -> Option<Vec<i32>> {
        match self {
            Self::Alone(..) => None,
            Self::Cluster(held) => Some(held.partitions()),
        }
    }

    /// Whether dead letters are being fed through.
    pub(crate) fn is_replaying(&self) -> bool {
        match self {
            Self::Alone(_, replays) => replays.is_busy(),
            Self::Cluster(held) => held.is_replaying(),
        }
    }
}
