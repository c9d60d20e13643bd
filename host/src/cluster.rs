//! Sources shared by processes: which process collects which, and how the ledger moves from one to another.
//!
//! Membership, assignment and fencing are Kafka's. A partition of the ledger topic is a pipeline of its own, with the
//! sources whose names fall to it and a ledger that is kept in the partition. Knows no kind of source or output.

#[cfg(feature = "kafka")]
mod catch_up;
mod cluster_config;
#[cfg(feature = "kafka")]
mod cluster_decision;
mod cluster_error;
#[cfg(feature = "kafka")]
mod decide;
#[cfg(feature = "kafka")]
mod examine;
mod held_questions;
#[cfg(feature = "kafka")]
mod holdings;
#[cfg(feature = "kafka")]
mod ledger_topic;
#[cfg(feature = "kafka")]
mod mapping_follower;
#[cfg(feature = "kafka")]
mod mapping_topic;
#[cfg(feature = "kafka")]
mod membership;
#[cfg(feature = "kafka")]
mod overview;
mod partition;
#[cfg(feature = "kafka")]
mod partition_run;
#[cfg(feature = "kafka")]
mod supervisor;
#[cfg(feature = "kafka")]
mod topic_reader;
#[cfg(feature = "kafka")]
mod topic_replica;
#[cfg(feature = "kafka")]
mod topic_writer;
#[cfg(feature = "kafka")]
mod transaction_reports;
#[cfg(feature = "kafka")]
mod transactional_producer;

pub(crate) use self::{
    cluster_config::ClusterConfig,
    held_questions::{HeldQuestions, NO_REMAP},
    partition::{PartitionBuilder, PartitionPlace, SharedSource, partition_folder, partitions_folder},
};
#[cfg(feature = "kafka")]
pub(crate) use self::{
    cluster_decision::{DecisionState, ExactMapping},
    cluster_error::ClusterError,
    decide::{SettingsMapping, decide, roll_back},
    examine::examine,
    ledger_topic::{CreatedTopic, Creation, create},
    mapping_follower::MappingFollower,
    overview::{ClusterOverview, ClusterProcess, OwnedSource, SourceTrouble, overview},
    supervisor::run,
};
