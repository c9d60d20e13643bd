//! `[cluster]`, checked.

use crate::kafka::KafkaClientConfig;

/// `[cluster]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClusterConfig {
    /// How brokers are reached.
    pub client: KafkaClientConfig,
    /// The consumer group that shares the partitions.
    pub group: String,
    /// The compacted topic that keeps the ledger.
    pub ledger_topic: String,
}

impl ClusterConfig {
    /// The topic of decisions about the mapping.
    #[cfg(feature = "kafka")]
    pub(crate) fn mapping_topic(&self) -> String {
        format!("{}-mapping", self.ledger_topic)
    }

    /// By what brokers know the one process that has a partition.
    pub(crate) fn transactional_id(&self, partition: i32) -> String {
        format!("exotrace-{}-{partition}", self.group)
    }
}
