//! Why a part of a cluster does not work.

use std::error::Error;

use crate::{ledger::LedgerError, pipeline::RunError};

/// Why a part of a cluster does not work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClusterError {
    /// Brokers refuse something, or are not there.
    #[error(transparent)]
    Brokers(Box<dyn Error + Send + Sync>),
    /// The topic of the ledger is not there.
    #[error("there is no ledger topic `{topic}`\nhint: `exotrace cluster create --partitions 64` makes it, once")]
    NoTopic {
        /// Which topic.
        topic: String,
    },
    /// The topic is there, and is another one.
    #[error("topic `{topic}` is there, and has {found}, not {wanted}\nhint: {hint}")]
    OtherTopic {
        /// Which topic.
        topic: String,
        /// What it has.
        found: String,
        /// What was to be.
        wanted: String,
        /// What to do.
        hint: &'static str,
    },
    /// The ledger of a partition cannot be had.
    #[error("could not open the ledger of the partition")]
    Ledger(#[from] LedgerError),
    /// What runs a partition cannot be got ready.
    #[error("could not get the sources of the partition ready")]
    Build(#[source] Box<dyn Error + Send + Sync>),
    /// The run of a partition ended.
    #[error("the sources of the partition ended")]
    Run(#[from] RunError),
    /// The run ended without having been told to.
    #[error("the sources of the partition ended by themselves")]
    Ended,
    /// The thread that waits for brokers cannot begin, or ended.
    #[error("could not wait for brokers")]
    Worker(#[source] Box<dyn Error + Send + Sync>),
}

#[cfg(feature = "kafka")]
impl From<crate::kafka::KafkaClientError> for ClusterError {
    fn from(error: crate::kafka::KafkaClientError) -> Self {
        Self::Brokers(Box::new(error))
    }
}

impl From<tokio::task::JoinError> for ClusterError {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::Worker(Box::new(error))
    }
}
