//! Whether records can be read, as far as can be asked without joining the group: that would take partitions from others.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use rdkafka::{
    consumer::{BaseConsumer, Consumer as _},
    error::KafkaError,
    message::Message as _,
    topic_partition_list::{Offset, TopicPartitionList},
};

use super::{
    parts::{MessagePart, parts},
    settings::KafkaSourceConfig,
};
use crate::{
    kafka::{self, ClientNotes, KafkaClient, KafkaClientError, NotingContext, TopicState, code_of, in_background},
    support::{
        counted::counted,
        finding::{Finding, Findings},
    },
};

const BROKERS: &str = "brokers";
const TOPIC: &str = "topic";
const GROUP: &str = "group";
const RECORDS: &str = "records";

/// The longest that brokers may take to answer.
const ANSWER: Duration = Duration::from_secs(10);

/// How long some messages are waited for.
const READ: Duration = Duration::from_secs(5);

/// Messages of each partition that are examined.
const LAST_MESSAGES: i64 = 5;

/// Looks at each thing that reading needs; gives some of the records that are there.
pub(super) async fn examine(config: &KafkaSourceConfig, findings: &mut dyn Findings) -> io::Result<Vec<String>> {
    let asked = config.clone();
    let looked: Result<_, tokio::task::JoinError> = in_background(move || Ok(look(&asked))).await;
    let (found, records) = looked.map_err(io::Error::other)?;
    found.into_iter().try_for_each(|finding| findings.add(finding))?;
    Ok(records)
}

/// Asks; blocks.
fn look(config: &KafkaSourceConfig) -> (Vec<Finding>, Vec<String>) {
    let mut findings = Vec::new();
    let notes = Arc::new(ClientNotes::default());
    let (consumer, state) = match reach(config, &notes) {
        Ok(reached) => reached,
        Err(error) => {
            findings.push(Finding::error(BROKERS, &error));
            findings.push(Finding::not_asked(TOPIC, "brokers cannot be asked"));
            return (findings, Vec::new());
        }
    };
    let brokers = counted(state.brokers as u64, "broker", "brokers");
    findings.push(Finding::ok(BROKERS, &format!("{brokers} reached by `{}`", config.client.shown())));
    let state = match state.into_result(&config.topic) {
        Ok(state) => state,
        Err(error) => {
            findings.push(Finding::error(TOPIC, &error));
            findings.push(Finding::not_asked(GROUP, "there is no topic to read"));
            return (findings, Vec::new());
        }
    };
    let partitions = counted(state.partitions.len() as u64, "partition", "partitions");
    findings.push(Finding::ok(TOPIC, &format!("`{}` has {partitions}", config.topic)));
    findings.push(group(&consumer, &state, config));
    let (finding, records) = last_records(&consumer, &state, config);
    findings.push(finding);
    (findings, records)
}

fn reach(
    config: &KafkaSourceConfig,
    notes: &Arc<ClientNotes>,
) -> Result<(BaseConsumer<NotingContext>, TopicState), KafkaClientError> {
    let client = KafkaClient::new(&config.client)?;
    let mut settings = client.settings;
    settings.set("group.id", &config.group).set("enable.auto.commit", "false").set("enable.partition.eof", "true");
    settings.set("isolation.level", "read_committed").set("auto.offset.reset", "earliest");
    let context = NotingContext::new(notes, client.tokens);
    let consumer: BaseConsumer<NotingContext> = settings
        .create_with_context(context)
        .map_err(|error| KafkaClientError::refused("could not set up the client".to_owned(), &error))?;
    let state = kafka::reach(&consumer, &config.topic, &config.client, notes, ANSWER)?;
    Ok((consumer, state))
}

/// How far the group has read.
fn group(consumer: &BaseConsumer<NotingContext>, state: &TopicState, config: &KafkaSourceConfig) -> Finding {
    let mut asked = TopicPartitionList::new();
    for partition in &state.partitions {
        asked.add_partition(&config.topic, *partition);
    }
    let committed = match consumer.committed_offsets(asked, ANSWER) {
        Ok(committed) => committed,
        Err(error) => {
            let what = format!("could not ask for consumer group `{}`", config.group);
            return Finding::error(GROUP, &KafkaClientError::Refused { what, code: code_of(&error) });
        }
    };
    let (mut lag, mut deleted) = (0, 0);
    for element in committed.elements() {
        let Ok((low, high)) = consumer.fetch_watermarks(&config.topic, element.partition(), ANSWER) else { continue };
        let next = match element.offset() {
            Offset::Offset(next) => {
                deleted += (low - next).max(0);
                next.max(low)
            }
            _ => low,
        };
        lag += (high - next).max(0);
    }
    if deleted > 0 {
        let text = format!("the topic deleted {deleted} messages before `{}` read them", config.group);
        return Finding::warning(GROUP, &(text + "\nhint: `retention.ms` of the topic has to be longer"));
    }
    Finding::ok(GROUP, &format!("`{}` has {lag} offsets to read", config.group))
}

/// Some records, and what of the last messages is no record.
fn last_records(
    consumer: &BaseConsumer<NotingContext>,
    state: &TopicState,
    config: &KafkaSourceConfig,
) -> (Finding, Vec<String>) {
    let mut assigned = TopicPartitionList::new();
    for partition in &state.partitions {
        // It refuses nothing but offsets that no broker gives.
        drop(assigned.add_partition_offset(&config.topic, *partition, Offset::OffsetTail(LAST_MESSAGES)));
    }
    let (mut records, mut refused, mut at_end) = (Vec::new(), 0_u64, 0);
    let mut failure = consumer.assign(&assigned).err();
    let began = Instant::now();
    while failure.is_none() && at_end < state.partitions.len() && began.elapsed() < READ {
        match consumer.poll(Duration::from_millis(100)) {
            None => {}
            Some(Ok(message)) => {
                for part in parts(message.payload().unwrap_or_default()) {
                    match part {
                        MessagePart::Record(record) => records.push(record),
                        MessagePart::Refused { .. } => refused += 1,
                    }
                }
            }
            Some(Err(KafkaError::PartitionEOF(_))) => at_end += 1,
            Some(Err(error)) => failure = Some(error),
        }
    }
    let finding = match failure {
        Some(error) => {
            let what = format!("could not read topic `{}`", config.topic);
            Finding::error(RECORDS, &KafkaClientError::Refused { what, code: code_of(&error) })
        }
        None if refused > 0 => {
            let text = format!("{refused} of the last messages have something in them that is no record");
            Finding::warning(RECORDS, &(text + "\nhint: a message is one record, or records in lines"))
        }
        None if records.is_empty() => Finding::ok(RECORDS, "no message in the topic"),
        None => {
            Finding::ok(RECORDS, &format!("{} read from the end", counted(records.len() as u64, "record", "records")))
        }
    };
    (finding, records)
}
