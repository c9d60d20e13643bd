//! What brokers say about a topic.

use std::time::Duration;

use rdkafka::{
    client::{Client, ClientContext},
    types::RDKafkaErrorCode,
};

use super::error::{KafkaClientError, code_of};

/// A topic, as brokers describe it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TopicState {
    /// How many brokers there are.
    pub brokers: usize,
    /// Its partitions; none when there is no such topic.
    pub partitions: Vec<i32>,
    /// Why it cannot be looked at.
    pub refused: Option<RDKafkaErrorCode>,
}

/// Asks for a topic; blocks for as long as `timeout` at most.
///
/// # Errors
///
/// When no broker answers.
pub(crate) fn look_at<C: ClientContext>(
    client: &Client<C>,
    topic: &str,
    timeout: Duration,
) -> Result<TopicState, KafkaClientError> {
    let metadata = client.fetch_metadata(Some(topic), timeout).map_err(|error| KafkaClientError::Refused {
        what: format!("could not look at topic `{topic}`"),
        code: code_of(&error),
    })?;
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    let partitions = found.map(|found| found.partitions().iter().map(|partition| partition.id()).collect());
    let refused = found.and_then(|found| found.error()).map(RDKafkaErrorCode::from);
    Ok(TopicState { brokers: metadata.brokers().len(), partitions: partitions.unwrap_or_default(), refused })
}

impl TopicState {
    /// Whether the topic is there.
    pub(crate) fn is_there(&self) -> bool {
        self.refused.is_none() && !self.partitions.is_empty()
    }

    /// Whether it may be there soon: it is being made, or its leader chosen.
    pub(crate) fn may_come(&self) -> bool {
        matches!(
            self.refused,
            None | Some(
                RDKafkaErrorCode::UnknownTopicOrPartition
                    | RDKafkaErrorCode::UnknownTopic
                    | RDKafkaErrorCode::LeaderNotAvailable
            )
        )
    }

    /// The topic, which has to be there.
    ///
    /// # Errors
    ///
    /// When it is not.
    pub(crate) fn into_result(self, topic: &str) -> Result<Self, KafkaClientError> {
        if self.is_there() {
            return Ok(self);
        }
        let code = self.refused.unwrap_or(RDKafkaErrorCode::UnknownTopicOrPartition);
        Err(KafkaClientError::Refused { what: format!("could not use topic `{topic}`"), code })
    }
}
