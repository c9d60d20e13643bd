//! How far a consumer group has read, as a producer of the same cluster can move it.

use rdkafka::{
    consumer::ConsumerGroupMetadata,
    topic_partition_list::{Offset, TopicPartitionList},
};

use super::settings::KafkaClientConfig;

/// How far a consumer group has read when a batch is delivered.
pub(crate) struct GroupPosition {
    /// The cluster that keeps it.
    pub cluster: KafkaClientConfig,
    /// The topic.
    pub topic: String,
    /// Of each partition, the offset that is read next.
    pub next: Vec<(i32, i64)>,
    /// The group as it is now; none when it was left.
    pub group: Box<dyn Fn() -> Option<ConsumerGroupMetadata> + Send + Sync>,
}

impl GroupPosition {
    /// As brokers take it, with the group that it is of; none when that was left.
    pub(crate) fn in_group(&self) -> Option<(TopicPartitionList, ConsumerGroupMetadata)> {
        Some((self.offsets(), (self.group)()?))
    }

    /// As brokers take it.
    pub(crate) fn offsets(&self) -> TopicPartitionList {
        let mut offsets = TopicPartitionList::with_capacity(self.next.len());
        for (partition, next) in &self.next {
            // It refuses nothing but offsets below 0, which no broker gives.
            drop(offsets.add_partition_offset(&self.topic, *partition, Offset::Offset(*next)));
        }
        offsets
    }
}
