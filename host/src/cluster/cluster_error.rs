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
    /// The topic of decisions about the mapping is not there.
    #[error(
        "there is no topic `{topic}`\nhint: `exotrace cluster create`, with the partitions of the ledger topic, adds it"
    )]
    NoMappingTopic {
        /// Which topic.
        topic: String,
    },
    /// There is nothing to go back to.
    #[error(
        "no mapping is known that the cluster could go back to\nhint: `exotrace mapping replace --cluster` takes any"
    )]
    NothingBefore,
    /// The last decision about the mapping is of another program.
    #[error("could not understand the last decision about the mapping: {problem}\nhint: upgrade this process as well")]
    UnknownDecision {
        /// What is wrong with it.
        problem: String,
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
impl ClusterError {
    /// Whether a person has to mend something: what brokers and disks do by themselves passes.
    pub(super) fn needs_person(&self) -> bool {
        let of_ledger = |error: &LedgerError| {
            !matches!(error, LedgerError::Replica(_) | LedgerError::Behind { .. }) && !error.may_pass()
        };
        match self {
            Self::Brokers(error) => {
                let error = error.downcast_ref::<crate::kafka::KafkaClientError>();
                error.is_some_and(|error| error.advice() == crate::kafka::Advice::Person)
            }
            Self::Ledger(error) | Self::Run(RunError::Ledger(error)) => of_ledger(error),
            Self::Ended | Self::Worker(_) => false,
            _ => true,
        }
    }
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
