//! What the client tells while it reads: which partitions come and go, how far behind it is, what is wrong.

use std::sync::Arc;

use rdkafka::{
    client::{ClientContext, OAuthToken},
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, Consumer as _, ConsumerContext, Rebalance},
    error::KafkaError,
    statistics::Statistics,
    topic_partition_list::TopicPartitionList,
};
use tracing::{debug, info};

use super::assignment::Assignment;
use crate::{
    kafka::{ClientNotes, TokenProvider, log},
    observe::metrics::OfSource,
    pipeline::GRACE,
};

/// What the client tells while it reads.
pub(super) struct ReaderContext {
    pub(super) source: String,
    pub(super) topic: String,
    pub(super) assignment: Arc<Assignment>,
    pub(super) notes: Arc<ClientNotes>,
    pub(super) tokens: Option<Arc<TokenProvider>>,
    pub(super) counts: OfSource,
}

impl ClientContext for ReaderContext {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        log(level, facility, text);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.notes.note(&error, reason);
    }

    fn stats(&self, statistics: Statistics) {
        let Some(topic) = statistics.topics.get(&self.topic) else { return };
        let lags = topic.partitions.values().filter(|partition| partition.partition >= 0).filter_map(|partition| {
            let end = if partition.ls_offset >= 0 { partition.ls_offset } else { partition.hi_offset };
            let read_from =
                if partition.committed_offset >= 0 { partition.committed_offset } else { partition.lo_offset };
            self.assignment.lag(partition.partition, end, read_from.max(0))
        });
        self.counts.lag(lags.sum());
    }

    fn generate_oauth_token(&self, _: Option<&str>) -> Result<OAuthToken, Box<dyn std::error::Error>> {
        self.tokens.as_ref().ok_or("no way to get a token")?.token()
    }
}

impl ConsumerContext for ReaderContext {
    fn pre_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(list) => {
                let partitions = partitions(list);
                info!(source = self.source, ?partitions, "partitions assigned");
                self.assignment.assign(partitions.into_iter());
            }
            Rebalance::Revoke(list) => {
                let partitions = partitions(list);
                let is_lost = consumer.assignment_lost();
                info!(source = self.source, ?partitions, is_lost, "partitions revoked");
                // Others have what is lost already.
                self.assignment.revoke(&partitions, if is_lost { std::time::Duration::ZERO } else { GRACE });
            }
            Rebalance::Error(error) => debug!(source = self.source, %error, "could not rebalance"),
        }
    }

    fn commit_callback(&self, result: Result<(), KafkaError>, _: &TopicPartitionList) {
        if let Err(error) = result {
            debug!(source = self.source, %error, "could not commit offsets; what was delivered may come again");
        }
    }
}

fn partitions(list: &TopicPartitionList) -> Vec<i32> {
    list.elements().iter().map(|element| element.partition()).collect()
}
