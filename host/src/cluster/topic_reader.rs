//! Reads partitions of the topics of a cluster, as far as they are written when that is begun: what is committed, and no more.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rdkafka::{
    consumer::{BaseConsumer, Consumer as _},
    error::KafkaError,
    message::{BorrowedMessage, Headers as _, Message as _},
    topic_partition_list::{Offset, TopicPartitionList},
};

use super::{cluster_config::ClusterConfig, cluster_error::ClusterError, topic_replica::VERSION_HEADER};
use crate::kafka::{ClientNotes, KafkaClient, KafkaClientError, NotingContext, TopicState, code_of, reach};

/// The longest that brokers may take to answer.
const ANSWER: Duration = Duration::from_secs(15);

/// How long one look for messages takes at most.
const LOOK: Duration = Duration::from_millis(100);

/// How long one look takes for what the client has told already, and how often it is looked for.
const SHORT_LOOK: Duration = Duration::from_millis(20);
const MAX_TOLD: usize = 10;

/// How long nothing may come before the reading is given up.
const SILENCE: Duration = Duration::from_secs(30);

/// How long a transaction of another program may be open, as of `exotrace doctor` that was killed: its limit, and how often
/// brokers look.
const SETTLED: Duration = Duration::from_secs(30);

/// Reads partitions of a topic.
pub(super) struct TopicReader {
    config: ClusterConfig,
    topic: String,
    consumer: BaseConsumer<NotingContext>,
    notes: Arc<ClientNotes>,
}

/// A message of the topic.
pub(super) struct ReadRow {
    pub(super) version: i64,
    pub(super) key: Vec<u8>,
    pub(super) value: Option<Vec<u8>>,
    pub(super) offset: i64,
}

impl TopicReader {
    /// Makes a client, which reads what is committed; nothing is sent yet.
    pub(super) fn new(config: &ClusterConfig, topic: String) -> Result<Self, KafkaClientError> {
        Self::with_isolation(config, topic, "read_committed")
    }

    fn with_isolation(config: &ClusterConfig, topic: String, isolation: &str) -> Result<Self, KafkaClientError> {
        let client = KafkaClient::new(&config.client)?;
        let mut settings = client.settings;
        for (key, value) in [
            // It takes part in nothing; the client wants a name all the same.
            ("group.id", config.group.as_str()),
            ("enable.auto.commit", "false"),
            ("enable.auto.offset.store", "false"),
            ("enable.partition.eof", "true"),
            ("isolation.level", isolation),
            ("auto.offset.reset", "error"),
            ("queued.max.messages.kbytes", "32768"),
        ] {
            settings.set(key, value);
        }
        let notes = Arc::new(ClientNotes::default());
        let context = NotingContext::new(&notes, client.tokens);
        let made = settings.create_with_context(context);
        let consumer =
            made.map_err(|error| KafkaClientError::refused("could not set up the client".to_owned(), &error))?;
        Ok(Self { config: config.clone(), topic, consumer, notes })
    }

    /// What brokers say about the topic.
    pub(super) fn look(&self) -> Result<TopicState, KafkaClientError> {
        reach(&self.consumer, &self.topic, &self.config.client, &self.notes, ANSWER)
    }

    /// Tells the topic from those of that name elsewhere.
    pub(super) fn origin(&self) -> String {
        // Brokers of before have no name together.
        let brokers = self.consumer.client().fetch_cluster_id(ANSWER).unwrap_or_default();
        format!("{brokers} {}\n", self.topic)
    }

    /// The first offset of a partition that is there, and the one behind the last.
    pub(super) fn bounds(&self, partition: i32) -> Result<(i64, i64), KafkaClientError> {
        let bounds = self.consumer.fetch_watermarks(&self.topic, partition, ANSWER);
        bounds.map_err(|error| self.refused(&error))
    }

    /// The same when it is known of all that is written by now whether it counts: behind a transaction that is open, nothing
    /// can be read that is committed.
    pub(super) fn settled_bounds(&self, partition: i32, is_lost: &AtomicBool) -> Result<(i64, i64), ClusterError> {
        let all = Self::with_isolation(&self.config, self.topic.clone(), "read_uncommitted")?;
        // It signs in meanwhile: with a token, a client does that only while it is asked for what it has to tell.
        all.look()?.into_result(&self.topic)?;
        let (_, written) = all.bounds(partition)?;
        let began = Instant::now();
        loop {
            let (first, end) = self.bounds(partition)?;
            if end >= written {
                return Ok((first, end));
            }
            if is_lost.load(Ordering::Relaxed) {
                return Err(ClusterError::Ended);
            }
            if began.elapsed() > SETTLED {
                return Err(ClusterError::OpenTransaction { topic: self.topic.clone(), partition });
            }
            thread::sleep(LOOK);
        }
    }

    /// Reads a partition from an offset up to `end`; gives each message to `take`.
    pub(super) fn read<E: From<KafkaClientError>>(
        &self,
        partition: i32,
        from: i64,
        end: i64,
        take: impl FnMut(ReadRow) -> Result<(), E>,
    ) -> Result<(), E> {
        if from >= end { Ok(()) } else { self.read_on(partition, from, take) }
    }

    fn read_on<E: From<KafkaClientError>>(
        &self,
        partition: i32,
        from: i64,
        mut take: impl FnMut(ReadRow) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut wanted = TopicPartitionList::with_capacity(1);
        let placed = wanted.add_partition_offset(&self.topic, partition, Offset::Offset(from));
        placed.and_then(|()| self.consumer.assign(&wanted)).map_err(|error| self.refused(&error))?;
        let mut heard = Instant::now();
        loop {
            match self.consumer.poll(LOOK) {
                None if heard.elapsed() > SILENCE => return Err(self.notes.unreachable(&self.config.client).into()),
                None => {
                    if let Some(error) = self.notes.mendable(&self.config.client) {
                        return Err(error.into());
                    }
                }
                Some(Ok(message)) => {
                    heard = Instant::now();
                    take(row(&message))?;
                }
                Some(Err(KafkaError::PartitionEOF(_))) => return Ok(()),
                Some(Err(error)) if is_passing(&error) => {}
                Some(Err(error)) => return Err(self.refused(&error).into()),
            }
        }
    }

    /// Waits until brokers say that nothing is behind an offset: who may not read is told so.
    pub(super) fn wait_at(&self, partition: i32, end: i64) -> Result<(), KafkaClientError> {
        // What is written meanwhile is of no use here.
        self.read_on(partition, end, |_| Ok(()))
    }

    /// Sees that the group may be looked at.
    pub(super) fn see_group(&self) -> Result<(), KafkaClientError> {
        let mut asked = TopicPartitionList::with_capacity(1);
        asked.add_partition(&self.topic, 0);
        let Err(error) = self.consumer.committed_offsets(asked, ANSWER) else { return Ok(()) };
        // Why it could not ask comes by another way.
        let told = (0..MAX_TOLD).find_map(|_| self.consumer.poll(SHORT_LOOK)?.err());
        let what = format!("could not look at group `{}`", self.config.group);
        Err(self.meaning(KafkaClientError::refused(what, told.as_ref().unwrap_or(&error))))
    }

    fn refused(&self, error: &KafkaError) -> KafkaClientError {
        let what = format!("could not read topic `{}`", self.topic);
        self.meaning(KafkaClientError::Refused { what, code: code_of(error) })
    }

    fn meaning(&self, error: KafkaClientError) -> KafkaClientError {
        self.notes.mendable(&self.config.client).unwrap_or(error)
    }

    /// The client itself.
    pub(super) fn consumer(&self) -> &BaseConsumer<NotingContext> {
        &self.consumer
    }
}

/// Whether the client goes on by itself.
fn is_passing(error: &KafkaError) -> bool {
    use rdkafka::types::RDKafkaErrorCode as Code;
    matches!(
        code_of(error),
        Code::BrokerTransportFailure | Code::AllBrokersDown | Code::Resolve | Code::NotLeaderForPartition
    )
}

fn row(message: &BorrowedMessage<'_>) -> ReadRow {
    let version = message.headers().and_then(|headers| {
        let header = headers.iter().find(|header| header.key == VERSION_HEADER)?;
        std::str::from_utf8(header.value?).ok()?.parse().ok()
    });
    ReadRow {
        // What has none is of nobody: it is refused as of a program that is not known.
        version: version.unwrap_or(i64::MAX),
        key: message.key().unwrap_or_default().to_vec(),
        value: message.payload().map(<[u8]>::to_vec),
        offset: message.offset(),
    }
}
