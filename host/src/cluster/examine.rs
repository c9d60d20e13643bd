//! Whether brokers have what a process of a cluster needs, and allow it. Changes nothing, and takes nothing from a process.

use std::sync::Arc;

use rdkafka::{admin::ConfigResource, types::RDKafkaErrorCode};

use super::{
    cluster_config::ClusterConfig,
    cluster_error::ClusterError,
    ledger_topic::{check_policy, settings_of},
    overview::members,
    topic_reader::TopicReader,
    topic_writer::write,
    transactional_producer::producer,
};
use crate::{
    kafka::{ClientNotes, KafkaClientError, TopicAdmin, in_background, topic_admin},
    support::{counted::counted, finding::Finding},
};

const LEDGER: &str = "ledger topic";
const MAPPING: &str = "mapping topic";
const GROUP: &str = "group";
const TRANSACTIONS: &str = "transactions";

/// Behind the group in the transactional id: with that of a partition, this would stop the process that has it.
const SUFFIX: &str = "doctor";

/// The largest message that is sent in vain, in bytes.
const MAX_PROBE: usize = 16 * 1024 * 1024;

/// Asks for the topics, the group and transactions.
pub(crate) async fn examine(config: &ClusterConfig) -> Vec<Finding> {
    let client = config.client.clone();
    let admin = match in_background(move || topic_admin(&client)).await {
        Ok(admin) => admin,
        Err(error) => return vec![Finding::error(LEDGER, &error)],
    };
    let mut findings = examine_topic(config, &admin, LEDGER).await;
    findings.extend(examine_topic(config, &admin, MAPPING).await);
    let asked = config.clone();
    let group = in_background(move || group(&asked)).await;
    findings.push(group.map_or_else(|error| Finding::error(GROUP, &error), |said| Finding::ok(GROUP, &said)));
    let asked = config.clone();
    let made = in_background(move || {
        let id = format!("exotrace-{}-{SUFFIX}", asked.group);
        producer(&asked, &id, &Arc::new(ClientNotes::default())).map(drop)
    });
    findings.push(match made.await {
        Ok(()) => Finding::ok(TRANSACTIONS, "allowed, as far as the transactional id of this command shows"),
        Err(error) => Finding::error(TRANSACTIONS, &error),
    });
    findings
}

/// Whether a topic is there, as it has to be, and may be read and written.
async fn examine_topic(config: &ClusterConfig, admin: &TopicAdmin, step: &'static str) -> Vec<Finding> {
    let topic = if step == LEDGER { config.ledger_topic.clone() } else { config.mapping_topic() };
    let (asked, named) = (config.clone(), topic.clone());
    let partitions = match in_background(move || readable(&asked, named, step)).await {
        Ok(partitions) => counted(partitions as u64, "partition", "partitions"),
        Err(error) => return vec![Finding::error(step, &error)],
    };
    let settings = match settings_of(admin, &topic).await {
        Ok(settings) => settings,
        Err(error) => {
            let error = error.to_string();
            let (error, _) = error.split_once("\nhint: ").unwrap_or((&error, ""));
            let hint = "whether it is compacted and may be written is known only with `DescribeConfigs` on the topic";
            let found = Finding::ok(step, &format!("`{topic}` has {partitions} and may be read"));
            return vec![found, Finding::not_asked(step, &format!("{error}\nhint: {hint}"))];
        }
    };
    if let Err(error) = check_policy(&topic, &settings) {
        return vec![Finding::error(step, &error)];
    }
    let (asked, named) = (config.clone(), topic.clone());
    match in_background(move || may_write(&asked, &named, &settings)).await {
        Ok(may_write) => {
            let and_written = if may_write { " and written" } else { "" };
            vec![Finding::ok(step, &format!("`{topic}` has {partitions}, is compacted, and may be read{and_written}"))]
        }
        Err(error) => vec![Finding::error(step, &error)],
    }
}

/// How many partitions a topic has, which can be read. Blocks.
fn readable(config: &ClusterConfig, topic: String, step: &'static str) -> Result<usize, ClusterError> {
    let reader = TopicReader::new(config, topic.clone())?;
    let state = reader.look()?;
    if state.partitions.is_empty() && state.may_come() {
        return Err(match step {
            LEDGER => ClusterError::NoTopic { topic },
            _ => ClusterError::NoMappingTopic { topic },
        });
    }
    let partitions = state.into_result(&topic)?.partitions.len();
    if step == MAPPING && partitions != 1 {
        return Err(ClusterError::OtherTopic {
            topic,
            found: counted(partitions as u64, "partition", "partitions"),
            wanted: "1".to_owned(),
            hint: "delete it, and `exotrace cluster create`, with the partitions of the ledger topic, makes it",
        });
    }
    let (_, end) = reader.bounds(0)?;
    reader.wait_at(0, end)?;
    Ok(partitions)
}

/// Whether a topic may be written, by a message that is larger than it takes; `false` when such a message is too large to
/// be sent. Blocks.
fn may_write(config: &ClusterConfig, topic: &str, settings: &ConfigResource) -> Result<bool, KafkaClientError> {
    let limit = settings.get("max.message.bytes").and_then(|entry| entry.value.as_ref()?.parse::<usize>().ok());
    let Some(limit) = limit.filter(|limit| *limit < MAX_PROBE) else { return Ok(false) };
    match write(&config.client, topic, SUFFIX, Some(&vec![0; limit + 1])) {
        // Who may not write is told that first.
        Err(KafkaClientError::Refused { code: RDKafkaErrorCode::MessageSizeTooLarge, .. }) => Ok(true),
        Err(error) => Err(error),
        Ok(()) => Ok(true),
    }
}

/// What brokers say about the group, which has to be allowed. Blocks.
fn group(config: &ClusterConfig) -> Result<String, ClusterError> {
    let reader = TopicReader::new(config, config.ledger_topic.clone())?;
    reader.look()?;
    reader.see_group()?;
    let (state, members) = members(&reader, config)?;
    let processes = counted(members.len() as u64, "process runs", "processes run");
    Ok(format!("`{}` is {}; {processes}", config.group, state.to_lowercase()))
}
