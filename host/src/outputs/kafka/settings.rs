//! The settings of an output of type `kafka`.

use std::{path::PathBuf, time::Duration};

use serde::Deserialize;

use super::setup::SETUP;
use crate::{
    config::{ConfigError, Meant, Section, SectionKind, Setting, Setup, Synonyms, ValueReader, keys},
    kafka::{self, IS_BUILT_IN, KAFKA_SYNONYMS, KafkaClientConfig, KafkaTable},
    pipeline::OutputContext,
};

/// How long brokers may take to acknowledge a document.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(60);

/// Shorter, and a busy broker would fail every batch.
const LEAST_DELIVERY_TIMEOUT: Duration = Duration::from_secs(1);

/// What brokers allow a transaction to take, unless they are told otherwise.
const MOST_DELIVERY_TIMEOUT: Duration = Duration::from_secs(15 * 60);

/// `[[output]]` of type `kafka`, as it stands in the settings, but for how brokers are reached.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KafkaOutputTable {
    /// Topic that documents are written to; `{tenant}` in it stands for `tenant_id` of the source. Required.
    topic: Setting<String>,
    /// Key of a message: `delivery`, so that all statuses of a delivery are in one partition, in order; or `none`. Default: `delivery`.
    key: Setting<String>,
    /// Write each batch in a transaction, so that readers with `isolation.level = read_committed` see all of it or nothing. Default: `false`; `true` with `[cluster]` on the same brokers, where the ledger moves in the same transaction.
    transactional: Setting<bool>,
    /// Transactional id, of this process alone. Default: `exotrace-`, the id in the state folder and the topic.
    transactional_id: Setting<String>,
    /// Compression of messages: `zstd`, `lz4`, `gzip` or `none`. Default: `zstd`.
    compression: Setting<String>,
    /// How long brokers may take to acknowledge a document before the batch is retried, `1s` to `15m`; also the time-out of a transaction. Default: `60s`.
    delivery_timeout: Setting<String>,
}

/// An output of type `kafka`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KafkaOutputConfig {
    /// How brokers are reached.
    pub client: KafkaClientConfig,
    /// The topic; `{tenant}` stands for a tenant.
    pub topic: String,
    /// What messages are keyed by.
    pub key: MessageKey,
    /// Whether and how batches are written in transactions.
    pub transactions: Option<TransactionalId>,
    /// As librdkafka calls it.
    pub compression: &'static str,
    /// How long brokers may take.
    pub delivery_timeout: Duration,
}

/// What messages are keyed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MessageKey {
    /// The delivery, through all its statuses.
    Delivery,
    /// Nothing.
    None,
}

/// By what brokers know the one process that writes in transactions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TransactionalId {
    /// The settings say it.
    Given(String),
    /// The id in this state folder.
    OfState(PathBuf),
    /// The ledger of a cluster on the same brokers has transactions, and documents go along.
    OfCluster,
}

impl SectionKind<OutputContext> for KafkaOutputConfig {
    const NAMES: &'static [&'static str] = &["kafka"];
    const SYNONYMS: &'static [Synonyms] = &[
        &[
            (&["key_field", "partition_key", "message_key"], Meant::Key("key")),
            (&["transaction", "transactions", "exactly_once"], Meant::Key("transactional")),
            (&["compression_codec", "compression_type"], Meant::Key("compression")),
            (&["message_timeout", "request_timeout", "timeout", "message_timeout_ms"], Meant::Key("delivery_timeout")),
        ],
        KAFKA_SYNONYMS,
    ];

    const SETUPS: &'static [Setup] = if IS_BUILT_IN { &[SETUP] } else { &[] };

    fn keys() -> Vec<&'static str> {
        [keys::<KafkaOutputTable>(), keys::<KafkaTable>()].concat()
    }

    fn read(
        _: &'static str,
        section: &Section<'_, '_>,
        context: &OutputContext,
        reader: &ValueReader<'_>,
    ) -> Result<Self, ConfigError> {
        let table: KafkaOutputTable = section.read(reader)?;
        let client: KafkaTable = section.read(reader)?;
        let client = client.read(section.prefix(), section.start(), reader);
        let transactions = transactions(&table, client.as_ref().ok(), context, reader);
        let topic = kafka::topic(&table.topic, section.start(), true, reader);
        let key = reader.choice("key", &table.key, &["delivery", "none"]);
        let compression = reader.choice("compression", &table.compression, &["zstd", "lz4", "gzip", "none"]);
        let delivery_timeout = delivery_timeout(&table.delivery_timeout, reader);
        Ok(Self {
            client: client?,
            topic: topic?,
            key: if key? == Some("none") { MessageKey::None } else { MessageKey::Delivery },
            transactions: transactions?,
            compression: compression?.unwrap_or("zstd"),
            delivery_timeout: delivery_timeout?,
        })
    }
}

fn transactions(
    table: &KafkaOutputTable,
    client: Option<&KafkaClientConfig>,
    context: &OutputContext,
    reader: &ValueReader<'_>,
) -> Result<Option<TransactionalId>, ConfigError> {
    let is_wanted = table.transactional.as_ref().map(|value| *value.get_ref());
    if let Some(cluster) = &context.cluster {
        let is_of_cluster = client.is_none_or(|client| client.is_of_cluster(cluster));
        return transactions_in_cluster(table, is_of_cluster, reader);
    }
    let is_wanted = is_wanted.unwrap_or_default();
    match &table.transactional_id {
        None => Ok(is_wanted.then(|| TransactionalId::OfState(context.state_dir.clone()))),
        Some(id) if is_wanted => Ok(Some(TransactionalId::Given(reader.text("transactional_id", id)?))),
        Some(id) => {
            let problem = format!("`{}` goes with `transactional = true`", reader.dotted("transactional_id"));
            Err(reader.error(id.span().start, problem, Some("give both or none")))
        }
    }
}

/// In a cluster, each partition has a transactional id of its own, and one transaction for all that it writes.
fn transactions_in_cluster(
    table: &KafkaOutputTable,
    is_of_cluster: bool,
    reader: &ValueReader<'_>,
) -> Result<Option<TransactionalId>, ConfigError> {
    if let Some(id) = &table.transactional_id {
        let problem = format!("`{}` does not go with `[cluster]`", reader.dotted("transactional_id"));
        return Err(reader.error(id.span().start, problem, Some("leave it out: each partition has one of its own")));
    }
    match &table.transactional {
        Some(value) if *value.get_ref() && !is_of_cluster => {
            let problem = format!("`{}` needs the brokers of `[cluster]`", reader.dotted("transactional"));
            Err(reader.error(value.span().start, problem, Some("name the same brokers in both, or leave it out")))
        }
        Some(value) if !*value.get_ref() => Ok(None),
        _ => Ok(is_of_cluster.then_some(TransactionalId::OfCluster)),
    }
}

fn delivery_timeout(value: &Setting<String>, reader: &ValueReader<'_>) -> Result<Duration, ConfigError> {
    let timeout = reader.some_duration("delivery_timeout", value, DELIVERY_TIMEOUT)?;
    match value {
        Some(value) if !(LEAST_DELIVERY_TIMEOUT..=MOST_DELIVERY_TIMEOUT).contains(&timeout) => {
            let problem = format!("`{}` is out of range", reader.dotted("delivery_timeout"));
            Err(reader.error(value.span().start, problem, Some("`1s` to `15m`")))
        }
        _ => Ok(timeout),
    }
}
