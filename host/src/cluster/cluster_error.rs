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
    /// Of what is written in a partition of the topic of the ledger, nobody knows yet whether it counts.
    #[error(
        "a transaction of another program is open in partition {partition} of topic `{topic}`\nhint: only exotrace may write there; brokers undo the transaction when its limit is over"
    )]
    OpenTransaction {
        /// Which topic.
        topic: String,
        /// Which partition.
        partition: i32,
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
        let of_ledger = |error: &LedgerError| match error {
            LedgerError::Replica(error) => is_mendable(&*error.cause),
            LedgerError::Behind { .. } => false,
            error => !error.may_pass(),
        };
        match self {
            Self::Brokers(error) => is_mendable(&**error),
            Self::Ledger(error) | Self::Run(RunError::Ledger(error)) => of_ledger(error),
            Self::Ended | Self::Worker(_) => false,
            _ => true,
        }
    }
}

/// Whether brokers refuse what they will refuse again. A row of the ledger that is too large cannot be left out.
#[cfg(feature = "kafka")]
fn is_mendable(error: &(dyn Error + Send + Sync + 'static)) -> bool {
    use crate::kafka::{Advice, KafkaClientError};
    let error = error.downcast_ref::<KafkaClientError>();
    error.is_some_and(|error| matches!(error.advice(), Advice::Person | Advice::LeaveOut))
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

#[cfg(all(test, feature = "kafka"))]
mod tests {
    use rdkafka::types::RDKafkaErrorCode as Code;

    use super::*;
    use crate::{kafka::KafkaClientError, ledger::ReplicaError};

    #[test]
    fn a_refused_commit_needs_a_person_where_brokers_will_refuse_it_again() {
        let refused = |code| KafkaClientError::Refused { what: "could not send a transaction".to_owned(), code };
        let of_run = |error: KafkaClientError| {
            let replica = ReplicaError { cause: error.into(), refused: None, is_undone: true };
            ClusterError::from(RunError::from(LedgerError::Replica(replica)))
        };
        for (code, expected) in [
            (Code::TopicAuthorizationFailed, true),
            (Code::TransactionalIdAuthorizationFailed, true),
            (Code::PolicyViolation, true),
            (Code::MessageSizeTooLarge, true),
            (Code::NotEnoughReplicas, false),
            (Code::MessageTimedOut, false),
        ] {
            assert_eq!(of_run(refused(code)).needs_person(), expected, "{code}");
            assert_eq!(ClusterError::from(refused(code)).needs_person(), expected, "{code}");
        }
        assert!(!of_run(KafkaClientError::Fenced { id: "exotrace-3".to_owned() }).needs_person());
        let taken = ReplicaError { cause: "another process has it".into(), refused: None, is_undone: false };
        assert!(!ClusterError::from(LedgerError::Replica(taken)).needs_person());
    }
}
