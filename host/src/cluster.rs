//! Sources shared by processes: which process collects which, and how the ledger moves from one to another.
//!
//! Membership, assignment and fencing are Kafka's. A partition of the ledger topic is a pipeline of its own, with the
//! sources whose names fall to it and a ledger that is kept in the partition. Knows no kind of source or output.

#[cfg(feature = "kafka")]
mod catch_up;
mod cluster_config;
mod cluster_error;
#[cfg(feature = "kafka")]
mod holdings;
#[cfg(feature = "kafka")]
mod ledger_topic;
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
mod transaction_reports;

pub(crate) use self::{
    cluster_config::ClusterConfig,
    partition::{PartitionBuilder, PartitionPlace, SharedSource},
};
#[cfg(feature = "kafka")]
pub(crate) use self::{
    ledger_topic::{Creation, create},
    overview::{ClusterOverview, OwnedSource, overview},
    supervisor::run,
};
