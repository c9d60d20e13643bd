//! Why a question has no answer.

use crate::pipeline::{
    error::{RunError, chain},
    source_error::SourceError,
};

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum QuestionError {
    /// Nobody could answer it, as it was put.
    #[error("{0}")]
    Unanswerable(String),
    /// Asking, mapping, delivering or noting failed.
    #[error("{0}")]
    Failed(String),
    /// The run that was asked is over.
    #[error("the running exotrace was told to stop, or to reload\nhint: ask again")]
    Ended,
}

impl QuestionError {
    /// Whether the question is to blame.
    pub(crate) fn is_of_question(&self) -> bool {
        matches!(self, Self::Unanswerable(_))
    }
}

impl From<RunError> for QuestionError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Abandoned { .. } => Self::Ended,
            error => Self::Failed(chain(&error)),
        }
    }
}

impl From<SourceError> for QuestionError {
    fn from(error: SourceError) -> Self {
        Self::Failed(chain(&error))
    }
}
