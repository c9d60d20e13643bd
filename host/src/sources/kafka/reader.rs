//! The thread that reads. It goes on while a batch is being delivered, however long that takes: else the group would
//! take this process for dead, and wait for it with every change of its members.

use std::{
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rdkafka::{
    config::ClientConfig,
    consumer::{BaseConsumer, CommitMode, Consumer as _},
    error::KafkaError,
    message::Message as _,
    topic_partition_list::{Offset, TopicPartitionList},
};
use tracing::{debug, error};

use super::{assignment::Assignment, reader_context::ReaderContext, settings::KafkaSourceConfig};
use crate::{
    kafka::{Advice, ClientNotes, KafkaClient, KafkaClientError, advice, code_of},
    observe::metrics::OfSource,
};

/// How long one look for messages takes at most: so long may the end of a run wait.
const LOOK: Duration = Duration::from_millis(100);

/// The longest that brokers may take to say where a partition begins, or where the group is in it.
const ANSWER: Duration = Duration::from_secs(5);

/// The shortest time between two questions where partitions begin: with every transaction, an offset is passed over.
const BETWEEN_QUESTIONS: Duration = Duration::from_millis(100);

/// A consumer, and the thread that reads with it.
pub(super) struct Reader {
    client: KafkaClient,
    consumer: Arc<BaseConsumer<ReaderContext>>,
    pub(super) assignment: Arc<Assignment>,
    pub(super) notes: Arc<ClientNotes>,
    thread: Option<JoinHandle<()>>,
}

impl Reader {
    /// Joins the group, and begins to read. Blocks only for files of the settings.
    pub(super) fn new(config: &KafkaSourceConfig, source: &str, counts: OfSource) -> Result<Self, KafkaClientError> {
        let client = KafkaClient::new(&config.client)?;
        let (assignment, notes): (Arc<Assignment>, Arc<ClientNotes>) = Default::default();
        let context = ReaderContext {
            source: source.to_owned(),
            topic: config.topic.clone(),
            assignment: Arc::clone(&assignment),
            notes: Arc::clone(&notes),
            tokens: client.tokens.clone(),
            counts: counts.clone(),
        };
        let refused = |error: KafkaError| KafkaClientError::refused("could not set up the client".to_owned(), &error);
        let settings = settings(config, &client);
        let consumer: BaseConsumer<ReaderContext> = settings.create_with_context(context).map_err(refused)?;
        consumer.subscribe(&[config.topic.as_str()]).map_err(refused)?;
        let consumer = Arc::new(consumer);
        let reading = Reading {
            consumer: Arc::clone(&consumer),
            assignment: Arc::clone(&assignment),
            notes: Arc::clone(&notes),
            config: config.clone(),
            source: source.to_owned(),
            counts,
            is_paused: false,
            asked: None,
        };
        let spawned = thread::Builder::new().name("kafka-reader".to_owned()).spawn(move || reading.run());
        let thread = spawned.map_err(|error| KafkaClientError::Setup(error.to_string()))?;
        Ok(Self { client, consumer, assignment, notes, thread: Some(thread) })
    }

    /// Whether the files that it was made of have changed.
    pub(super) fn is_outdated(&self) -> bool {
        self.client.is_outdated()
    }

    /// What the group is known by to a producer, for as long as this process is in it.
    pub(super) fn group(&self) -> Box<dyn Fn() -> Option<rdkafka::consumer::ConsumerGroupMetadata> + Send + Sync> {
        let consumer = Arc::downgrade(&self.consumer);
        Box::new(move || consumer.upgrade()?.group_metadata())
    }

    /// Has offsets committed, soon, and before the partitions are given away.
    pub(super) fn store(&self, offsets: &TopicPartitionList) -> Result<(), KafkaError> {
        self.consumer.store_offsets(offsets)
    }
}

impl Drop for Reader {
    /// Leaves the group; what is delivered is committed before.
    fn drop(&mut self) {
        self.assignment.stop();
        // That it panicked was said where it did.
        drop(self.thread.take().map(JoinHandle::join));
    }
}

fn settings(config: &KafkaSourceConfig, client: &KafkaClient) -> ClientConfig {
    let mut settings = client.settings.clone();
    for (key, value) in [
        ("group.id", config.group.as_str()),
        // Also where messages are deleted that should be read next. Where a new group begins is seen to when it reads.
        ("auto.offset.reset", "earliest"),
        // What is delivered is stored, and what is stored is committed.
        ("enable.auto.commit", "true"),
        ("enable.auto.offset.store", "false"),
        ("auto.commit.interval.ms", "1000"),
        ("enable.partition.eof", "true"),
        ("isolation.level", "read_committed"),
        ("partition.assignment.strategy", "cooperative-sticky"),
        ("session.timeout.ms", "10000"),
        ("heartbeat.interval.ms", "2000"),
        ("queued.max.messages.kbytes", "16384"),
        ("statistics.interval.ms", "5000"),
        ("topic.metadata.refresh.interval.ms", "60000"),
    ] {
        settings.set(key, value);
    }
    settings
}

/// Where reading a partition begins.
struct Start {
    offset: i64,
    /// Whether reading was moved there: what was read before is not wanted.
    is_moved: bool,
}

/// What the thread works with.
struct Reading {
    consumer: Arc<BaseConsumer<ReaderContext>>,
    assignment: Arc<Assignment>,
    notes: Arc<ClientNotes>,
    config: KafkaSourceConfig,
    source: String,
    counts: OfSource,
    is_paused: bool,
    /// When it was asked last where partitions begin.
    asked: Option<Instant>,
}

impl Reading {
    fn run(mut self) {
        while !self.assignment.is_stopped() {
            self.make_room();
            self.count_deleted();
            match self.consumer.poll(LOOK) {
                None => {}
                Some(Ok(message)) => {
                    self.notes.forget();
                    let (partition, offset) = (message.partition(), message.offset());
                    if self.is_wanted(partition, Some(offset)) {
                        self.assignment.push(partition, offset, message.payload().map(<[u8]>::to_vec));
                    }
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    self.notes.forget();
                    if self.is_wanted(partition, None) {
                        self.assignment.reached_end(partition);
                    }
                }
                Some(Err(error)) => self.fail(&error),
            }
        }
    }

    /// Whether to go on with the first thing that comes of a partition, as with all that comes later: a message with
    /// this offset, or its end.
    fn is_wanted(&self, partition: i32, offset: Option<i64>) -> bool {
        if !self.assignment.needs_start(partition) {
            return true;
        }
        match self.start(partition, offset) {
            Ok(start) => {
                self.assignment.start_at(partition, start.offset);
                !start.is_moved
            }
            Err(error) => {
                let what = format!("could not ask where group `{}` is", self.config.group);
                self.assignment.fail(KafkaClientError::Refused { what, code: code_of(&error) });
                false
            }
        }
    }

    /// Where reading a partition begins: where the group is, or else where the settings say.
    fn start(&self, partition: i32, offset: Option<i64>) -> Result<Start, KafkaError> {
        let topic = &self.config.topic;
        let mut asked = TopicPartitionList::new();
        asked.add_partition(topic, partition);
        let committed = self.consumer.committed_offsets(asked, ANSWER)?;
        if let Some(Offset::Offset(offset)) = committed.elements().first().map(|element| element.offset()) {
            return Ok(Start { offset, is_moved: false });
        }
        match offset {
            Some(offset) if self.config.start == "earliest" => Ok(Start { offset, is_moved: false }),
            _ => {
                let (_, end) = self.consumer.fetch_watermarks(topic, partition, ANSWER)?;
                let is_moved = offset.is_some_and(|offset| offset < end);
                if is_moved {
                    self.consumer.seek(topic, partition, Offset::Offset(end), ANSWER)?;
                }
                Ok(Start { offset: end, is_moved })
            }
        }
    }

    /// Tells what was deleted before it was read, where offsets were passed over.
    fn count_deleted(&mut self) {
        if self.asked.is_some_and(|asked| asked.elapsed() < BETWEEN_QUESTIONS) {
            return;
        }
        let (partitions, topic) = (self.assignment.with_gaps(), &self.config.topic);
        if !partitions.is_empty() {
            self.asked = Some(Instant::now());
        }
        for partition in partitions {
            // Nothing behind it is delivered before there is an answer.
            let Ok((oldest, _)) = self.consumer.fetch_watermarks(topic, partition, ANSWER) else { continue };
            if self.assignment.is_emptied(partition, oldest) {
                self.move_group(partition, oldest);
            }
            let messages = self.assignment.take_deleted(partition, oldest);
            if messages > 0 {
                self.counts.messages_missed.inc_by(messages);
                error!(
                    source = self.source,
                    topic, partition, messages, oldest, "messages deleted before they were read"
                );
            }
        }
    }

    /// Has the group go on with this offset, since no delivery moves it there: else the same would be told again.
    fn move_group(&self, partition: i32, offset: i64) {
        let mut offsets = TopicPartitionList::new();
        let added = offsets.add_partition_offset(&self.config.topic, partition, Offset::Offset(offset));
        if let Err(error) = added.and_then(|()| self.consumer.commit(&offsets, CommitMode::Sync)) {
            debug!(source = self.source, %error, "could not commit an offset");
        }
    }

    /// Reads nothing more while enough waits.
    fn make_room(&mut self) {
        let wanted = if self.is_paused { !self.assignment.has_room() } else { self.assignment.is_full() };
        if !wanted && !self.is_paused {
            return;
        }
        let Ok(partitions) = self.consumer.assignment() else { return };
        // Again and again while it is full: new partitions come unpaused.
        let done = if wanted { self.consumer.pause(&partitions) } else { self.consumer.resume(&partitions) };
        if done.is_ok() {
            self.is_paused = wanted;
        }
    }

    fn fail(&self, error: &KafkaError) {
        let code = code_of(error);
        let topic = &self.config.topic;
        let trouble = match (self.notes.mendable(&self.config.client), advice(code)) {
            (Some(trouble), _) => trouble,
            (None, Advice::Person) => {
                let what = format!("could not read topic `{topic}` as group `{}`", self.config.group);
                KafkaClientError::Refused { what, code }
            }
            (None, _) if code == rdkafka::types::RDKafkaErrorCode::AllBrokersDown => {
                self.notes.unreachable(&self.config.client)
            }
            (None, _) if matches!(error, KafkaError::MessageConsumptionFatal(_)) => {
                KafkaClientError::Refused { what: format!("could not read topic `{topic}`"), code }
            }
            // The client tries again by itself.
            _ => return,
        };
        self.assignment.fail(trouble);
    }
}
