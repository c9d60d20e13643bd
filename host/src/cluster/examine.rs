//! Whether brokers have what a process of a cluster needs, and allow it. Changes nothing, and takes nothing from a process:
//! what is written on trial is undone, and nobody reads it.

use std::sync::{Arc, atomic::AtomicBool};

use super::{
    cluster_config::ClusterConfig,
    cluster_error::ClusterError,
    ledger_topic::{check_policy, settings_of},
    overview::members,
    topic_reader::TopicReader,
    transactional_producer::{TRIAL, producer, write_in_vain},
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

/// A topic that is as it has to be, as far as it may be asked.
struct SoundTopic {
    topic: String,
    /// What is known of it.
    said: String,
    /// What may not be asked.
    not_asked: Option<Finding>,
}

/// Asks for the topics, the group and transactions.
pub(crate) async fn examine(config: &ClusterConfig) -> Vec<Finding> {
    let client = config.client.clone();
    let admin = match in_background(move || topic_admin(&client)).await {
        Ok(admin) => admin,
        Err(error) => return vec![Finding::error(LEDGER, &error)],
    };
    let topics = [
        (LEDGER, examine_topic(config, &admin, LEDGER, config.ledger_topic.clone()).await),
        (MAPPING, examine_topic(config, &admin, MAPPING, config.mapping_topic()).await),
    ];
    let asked = config.clone();
    let group = in_background(move || group(&asked)).await;
    let asked = config.clone();
    let sound: Vec<_> = topics.iter().flat_map(|(_, found)| found).map(|found| found.topic.clone()).collect();
    let (written, transactions) = match in_background(move || write_to(&asked, &sound)).await {
        Ok(written) => {
            (written, Finding::ok(TRANSACTIONS, "allowed, as far as the transactional id of this command shows"))
        }
        Err(error) => (Vec::new(), Finding::error(TRANSACTIONS, &error)),
    };
    let mut written = written.into_iter();
    let mut findings = Vec::new();
    for (step, found) in topics {
        match found {
            Ok(SoundTopic { said, not_asked, .. }) => {
                findings.push(match written.next() {
                    Some(Ok(())) => Finding::ok(step, &format!("{said}, and may be read and written")),
                    Some(Err(error)) => Finding::error(step, &error),
                    None => Finding::ok(step, &format!("{said}, and may be read")),
                });
                findings.extend(not_asked);
            }
            Err(finding) => findings.push(finding),
        }
    }
    findings.push(group.map_or_else(|error| Finding::error(GROUP, &error), |said| Finding::ok(GROUP, &said)));
    findings.push(transactions);
    findings
}

/// Whether a topic is there, as it has to be, and may be read.
async fn examine_topic(
    config: &ClusterConfig,
    admin: &TopicAdmin,
    step: &'static str,
    topic: String,
) -> Result<SoundTopic, Finding> {
    let (asked, named) = (config.clone(), topic.clone());
    let partitions = in_background(move || readable(&asked, named, step)).await;
    let partitions = partitions.map_err(|error| Finding::error(step, &error))?;
    let partitions = counted(partitions as u64, "partition", "partitions");
    let said = format!("`{topic}` has {partitions}");
    match settings_of(admin, &topic).await {
        Ok(settings) => {
            check_policy(&topic, &settings).map_err(|error| Finding::error(step, &error))?;
            Ok(SoundTopic { topic, said: format!("{said}, is compacted"), not_asked: None })
        }
        Err(error) => {
            let error = error.to_string();
            let (error, _) = error.split_once("\nhint: ").unwrap_or((&error, ""));
            let hint = "whether it is compacted is known only with `DescribeConfigs` on the topic";
            let not_asked = Finding::not_asked(step, &format!("{error}\nhint: {hint}"));
            Ok(SoundTopic { topic, said, not_asked: Some(not_asked) })
        }
    }
}

/// Whether each of these topics may be written, once transactions are allowed. Blocks.
fn write_to(config: &ClusterConfig, topics: &[String]) -> Result<Vec<Result<(), KafkaClientError>>, KafkaClientError> {
    let notes = Arc::new(ClientNotes::default());
    let id = format!("exotrace-{}-{SUFFIX}", config.group);
    let producer = producer(config, &id, TRIAL, &notes, &AtomicBool::new(false))?;
    Ok(topics.iter().map(|topic| write_in_vain(&producer, &config.client, topic, &notes)).collect())
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

/// What brokers say about the group, which has to be allowed. Blocks.
fn group(config: &ClusterConfig) -> Result<String, ClusterError> {
    let reader = TopicReader::new(config, config.ledger_topic.clone())?;
    reader.look()?;
    reader.see_group()?;
    let (state, members) = members(&reader, config)?;
    let processes = counted(members.len() as u64, "process runs", "processes run");
    Ok(format!("`{}` is {}; {processes}", config.group, state.to_lowercase()))
}
