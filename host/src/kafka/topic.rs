//! What brokers say about a topic.

use std::time::{Duration, Instant};

use rdkafka::{
    client::{Client, ClientContext},
    consumer::{BaseConsumer, Consumer as _, ConsumerContext},
    types::RDKafkaErrorCode,
};

use super::{
    context::ClientNotes,
    error::{KafkaClientError, code_of},
    settings::KafkaClientConfig,
};

/// How long one try to be answered takes, and how long what comes in between.
const SHORT_ANSWER: Duration = Duration::from_millis(500);
const SHORT_LOOK: Duration = Duration::from_millis(20);

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

/// Asks for a topic by a client that has just been made, again and again for as long as `limit`; blocks.
///
/// # Errors
///
/// When no broker answers, or a person has to mend something first.
pub(crate) fn reach<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    topic: &str,
    config: &KafkaClientConfig,
    notes: &ClientNotes,
    limit: Duration,
) -> Result<TopicState, KafkaClientError> {
    let began = Instant::now();
    loop {
        // A token is asked for in between.
        drop(consumer.poll(SHORT_LOOK));
        if let Some(error) = notes.mendable(config) {
            return Err(error);
        }
        match look_at(consumer.client(), topic, SHORT_ANSWER) {
            Ok(state) => return Ok(state),
            Err(_) if began.elapsed() < limit => {}
            Err(_) => return Err(notes.unreachable(config)),
        }
    }
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
