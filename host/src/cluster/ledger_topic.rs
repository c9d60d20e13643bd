//! The topics of a cluster: made once, and looked at by each process.

use std::{sync::Arc, time::Duration};

use rdkafka::{
    admin::{AdminOptions, ConfigResource, NewTopic, ResourceSpecifier, TopicReplication},
    types::RDKafkaErrorCode,
};
use tokio::{task::spawn_blocking, time::sleep};
use tracing::{error, warn};

use super::{cluster_config::ClusterConfig, cluster_error::ClusterError, topic_reader::TopicReader};
use crate::{
    kafka::{KafkaClientError, TopicAdmin, in_background, topic_admin},
    observe::health::{Health, Part},
    support::error_text::chain,
};

/// The longest that brokers may take to make a topic, or to answer what is asked about it.
const ANSWER: Duration = Duration::from_secs(30);

/// How long to wait for brokers that are not there at the beginning.
const AGAIN: Duration = Duration::from_secs(5);

/// How long brokers remember which rows are gone, in milliseconds: longer than any process is away with a file that it
/// goes on with.
const REMEMBER_GONE: &str = "604800000";

/// How the topic of the ledger is made.
const LEDGER: [(&str, &str); 4] = [
    ("cleanup.policy", "compact"),
    ("delete.retention.ms", REMEMBER_GONE),
    ("min.cleanable.dirty.ratio", "0.2"),
    ("segment.ms", "86400000"),
];

/// How the topic of decisions about the mapping is made.
const MAPPING: [(&str, &str); 1] = [("cleanup.policy", "compact")];

/// A topic that is made, or was there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CreatedTopic {
    /// Which topic.
    pub topic: String,
    /// Its partitions.
    pub partitions: i32,
    /// What became of making it.
    pub creation: Creation,
}

/// What became of making a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Creation {
    /// It is new.
    Made,
    /// It was there, as it has to be.
    WasThere,
}

/// Makes the topics of a cluster, unless they are there; refuses when one is another one.
///
/// # Errors
///
/// When brokers refuse, or a topic is there with other settings.
pub(crate) async fn create(
    config: &ClusterConfig,
    partitions: i32,
    replication: Option<i32>,
) -> Result<[CreatedTopic; 2], ClusterError> {
    let client = config.client.clone();
    let admin = in_background(move || topic_admin(&client)).await?;
    let ledger = create_one(config, &admin, (&config.ledger_topic, partitions, &LEDGER), replication).await?;
    let mapping = create_one(config, &admin, (&config.mapping_topic(), 1, &MAPPING), replication).await?;
    Ok([ledger, mapping])
}

async fn create_one(
    config: &ClusterConfig,
    admin: &TopicAdmin,
    (topic, partitions, settings): (&str, i32, &[(&str, &str)]),
    replication: Option<i32>,
) -> Result<CreatedTopic, ClusterError> {
    let created = |creation| CreatedTopic { topic: topic.to_owned(), partitions, creation };
    if let Some(found) = look(config.clone(), topic.to_owned()).await? {
        check(admin, topic, found, partitions).await?;
        return Ok(created(Creation::WasThere));
    }
    // Less than the brokers' own default would be lost with one of them.
    let replication = TopicReplication::Fixed(replication.unwrap_or(-1));
    let new =
        settings.iter().fold(NewTopic::new(topic, partitions, replication), |new, (key, value)| new.set(key, value));
    let options = AdminOptions::new().operation_timeout(Some(ANSWER)).request_timeout(Some(ANSWER));
    let what = || format!("could not create topic `{topic}`");
    let made = admin.create_topics([&new], &options).await;
    let made = made.map_err(|error| KafkaClientError::refused(what(), &error))?;
    match made.into_iter().next() {
        Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists))) => Ok(created(Creation::WasThere)),
        Some(Err((_, code))) => Err(KafkaClientError::Refused { what: what(), code }.into()),
        _ => Ok(created(Creation::Made)),
    }
}

/// Refuses a topic that is there and is another one than would be made.
async fn check(admin: &TopicAdmin, topic: &str, found: i32, wanted: i32) -> Result<(), ClusterError> {
    if found != wanted {
        return Err(ClusterError::OtherTopic {
            topic: topic.to_owned(),
            found: format!("{found} partitions"),
            wanted: wanted.to_string(),
            hint: "another topic cannot take its place; name another `ledger_topic`",
        });
    }
    check_policy(topic, &settings_of(admin, topic).await?)
}

/// The settings of a topic.
pub(super) async fn settings_of(admin: &TopicAdmin, topic: &str) -> Result<ConfigResource, KafkaClientError> {
    let options = AdminOptions::new().request_timeout(Some(ANSWER));
    let asked = admin.describe_configs([&ResourceSpecifier::Topic(topic)], &options).await;
    let what = format!("could not look at the settings of topic `{topic}`");
    let described = asked.map_err(|error| KafkaClientError::refused(what.clone(), &error))?;
    let described = described.into_iter().next().unwrap_or(Err(RDKafkaErrorCode::Unknown));
    match described {
        // The client gives no settings, and no error, where they may not be looked at.
        Ok(settings) if settings.entries.is_empty() => {
            Err(KafkaClientError::Refused { what, code: RDKafkaErrorCode::TopicAuthorizationFailed })
        }
        described => described.map_err(|code| KafkaClientError::Refused { what, code }),
    }
}

/// Refuses a topic that is not compacted.
pub(super) fn check_policy(topic: &str, settings: &ConfigResource) -> Result<(), ClusterError> {
    let policy = settings.get("cleanup.policy").and_then(|entry| entry.value.clone()).unwrap_or_default();
    if policy == "compact" {
        return Ok(());
    }
    Err(ClusterError::OtherTopic {
        topic: topic.to_owned(),
        found: format!("`cleanup.policy={policy}`"),
        wanted: "`compact`".to_owned(),
        hint: "`kafka-configs.sh --alter --add-config cleanup.policy=compact` changes it",
    })
}

/// How many partitions the topic has; none when it is not there.
async fn look(config: ClusterConfig, topic: String) -> Result<Option<i32>, ClusterError> {
    spawn_blocking(move || {
        let state = TopicReader::new(&config, topic.clone())?.look()?;
        let is_missing = matches!(
            state.refused,
            None | Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic)
        );
        if state.partitions.is_empty() && is_missing {
            return Ok(None);
        }
        let state = state.into_result(&topic)?;
        Ok(i32::try_from(state.partitions.len()).ok())
    })
    .await?
}

/// How many partitions the topic has, as soon as brokers say it. What they refuse, a person may be about to mend.
pub(super) async fn wait_for(config: ClusterConfig, health: Arc<Health>) -> Result<i32, ClusterError> {
    loop {
        match look(config.clone(), config.ledger_topic.clone()).await {
            Ok(Some(partitions)) => return Ok(partitions),
            Ok(None) => return Err(ClusterError::NoTopic { topic: config.ledger_topic }),
            Err(error @ ClusterError::Brokers(_)) => {
                let text = chain(&error);
                if error.needs_person() {
                    error!(error = text, "could not look at the ledger topic; trying again");
                    health.needs_attention(Part::Cluster, "", text);
                } else {
                    warn!(error = text, "could not look at the ledger topic; trying again");
                    health.retrying(Part::Cluster, "", text);
                }
                sleep(AGAIN).await;
            }
            Err(error) => return Err(error),
        }
    }
}
