//! Collects from a topic: what the group gives this process, batch after batch.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::Utc;
use sha2::{Digest as _, Sha256};
use tokio::{task::spawn_blocking, time::timeout};
use tracing::{debug, info};

use super::{
    assignment::ReadMessage,
    parts::{MessagePart, parts},
    position::KafkaPosition,
    reader::Reader,
    settings::KafkaSourceConfig,
};
use crate::{
    kafka::{Advice, GroupPosition, KafkaClientError, in_background},
    ledger::{Ledger, LedgerError, Mark},
    mapper::Origin,
    observe::metrics::{OfSource, metrics},
    pipeline::{
        Checkpoint, Committed, RecordBatch, Remedy, RunError, Source, SourceError, SourceIdentity, SourcePosition,
        SourceRun, Summary,
        dead_letter::{DeadLetter, Stage},
    },
    support::{record_key::RecordKey, shown},
};

/// How long a daemon waits for messages before it says that all is well.
const LONGEST_LOOK: Duration = Duration::from_secs(5);

/// How long a run that ends with what is there waits for its partitions, and for messages in them.
const LONGEST_ASSIGNMENT: Duration = Duration::from_secs(60);

/// A topic, as the loop reads it.
pub(super) struct KafkaCollector {
    identity: Arc<SourceIdentity>,
    counts: OfSource,
    config: KafkaSourceConfig,
    /// None until something is asked for, and after something went wrong.
    reader: Option<Reader>,
    under_way: Option<MessagesUnderWay>,
    summary: Summary,
}

/// The batch that is being delivered.
struct MessagesUnderWay {
    messages: Vec<ReadMessage>,
    position: Arc<KafkaPosition>,
    records: u64,
}

/// What the ledger notes of a batch: the group knows how far it is read.
struct MessagesCheckpoint {
    records: u64,
}

impl Checkpoint for MessagesCheckpoint {
    fn note(&self, ledger: &mut Ledger, source: &str, marks: &[Mark]) -> Result<(), LedgerError> {
        ledger.note_batch(source, self.records, marks)
    }
}

#[async_trait]
impl Source for KafkaCollector {
    fn interval(&self) -> Duration {
        // It waits for messages itself.
        Duration::ZERO
    }

    async fn next(&mut self, context: &SourceRun) -> Result<Option<RecordBatch>, RunError> {
        let read = self.read(context.is_last_poll()).await;
        match read {
            Ok(messages) if messages.is_empty() => Ok(None),
            Ok(messages) => Ok(Some(self.batch(messages))),
            Err(error) => {
                self.close().await;
                let remedy = match error.advice() {
                    Advice::Person => Remedy::Person,
                    _ => Remedy::Retry { after: None },
                };
                let source = SourceError::new(error, remedy);
                Err(RunError::Source { name: self.identity.label.clone(), source })
            }
        }
    }

    fn secret_files(&self) -> Vec<PathBuf> {
        self.config.client.files()
    }

    fn committed(&mut self, committed: &Committed, context: &SourceRun) {
        let Some(MessagesUnderWay { messages, position, records }) = self.under_way.take() else { return };
        let Some(reader) = &self.reader else { return };
        if !position.is_moved()
            && let Err(error) = reader.store(&position.group.offsets())
        {
            debug!(source = self.identity.label, %error, "partition given away before its offset was stored");
        }
        reader.assignment.delivered(&position.group.next);
        self.summary.rows += records;
        self.counts.delivered_until(committed.newest);
        context.started();
        debug!(source = self.identity.label, messages = messages.len(), records, "batch delivered");
    }

    fn rewind(&mut self) {
        let Some(MessagesUnderWay { messages, position, .. }) = self.under_way.take() else { return };
        if position.is_doubtful() {
            // The brokers know how far the group is: it reads on from there.
            self.reader = None;
        } else if let Some(reader) = &self.reader {
            reader.assignment.give_back(messages);
        }
    }

    fn take_summary(&mut self) -> Summary {
        std::mem::take(&mut self.summary)
    }
}

impl KafkaCollector {
    /// Gets a topic ready; nothing is read yet.
    pub(super) fn new(config: &KafkaSourceConfig, identity: Arc<SourceIdentity>) -> Self {
        Self {
            counts: metrics().source(&identity.label),
            identity,
            config: config.clone(),
            reader: None,
            under_way: None,
            summary: Summary::default(),
        }
    }

    /// The next messages; none when there are none for now, or when all that is there was read in the last poll.
    async fn read(&mut self, is_last_poll: bool) -> Result<Vec<ReadMessage>, KafkaClientError> {
        if self.reader.as_ref().is_some_and(Reader::is_outdated) {
            info!(source = self.identity.label, "file of the settings changed; joining the group again");
            self.close().await;
        }
        let reader = match self.reader.take() {
            Some(reader) => reader,
            None => {
                let (config, label, counts) = (self.config.clone(), self.identity.label.clone(), self.counts.clone());
                in_background(move || Reader::new(&config, &label, counts)).await?
            }
        };
        let reader = self.reader.insert(reader);
        let (most, config) = (self.config.batch_size, &self.config.client);
        let found = reader.assignment.until(|assignment| {
            if let Some(trouble) = assignment.take_trouble() {
                return Some(Err(trouble));
            }
            let messages = assignment.take(most);
            let is_done = !messages.is_empty() || (is_last_poll && assignment.is_caught_up());
            is_done.then_some(Ok(messages))
        });
        let limit = if is_last_poll { LONGEST_ASSIGNMENT } else { LONGEST_LOOK };
        tokio::select! {
            found = timeout(limit, found) => match found {
                Ok(found) => found,
                // Not all that is there was read.
                Err(_) if is_last_poll => Err(reader.notes.unreachable(config)),
                Err(_) => Ok(Vec::new()),
            },
            trouble = reader.notes.needs_person(config) => Err(trouble),
        }
    }

    async fn close(&mut self) {
        if let Some(reader) = self.reader.take() {
            // That it panicked was said where it did.
            drop(spawn_blocking(move || drop(reader)).await);
        }
    }

    /// A batch of these messages.
    fn batch(&mut self, messages: Vec<ReadMessage>) -> RecordBatch {
        let (mut records, mut keys, mut dead_letters) = (String::new(), Vec::new(), Vec::new());
        let (mut next, mut terms) = (BTreeMap::new(), BTreeMap::new());
        for message in &messages {
            next.insert(message.partition, message.offset + 1);
            terms.insert(message.partition, message.term);
            for (index, part) in parts(message.payload.as_deref().unwrap_or_default()).into_iter().enumerate() {
                match part {
                    MessagePart::Record(record) => {
                        records.push_str(&record);
                        records.push('\n');
                        keys.push(self.key(message, index));
                    }
                    MessagePart::Refused { place, reason, text } => {
                        dead_letters.push(self.dead_letter(message, place, reason, text));
                    }
                }
            }
        }
        self.counts.records_read.inc_by((keys.len() + dead_letters.len()) as u64);
        let count = keys.len() as u64;
        let position = self.position(next, terms);
        if let Some(position) = &position {
            self.under_way = Some(MessagesUnderWay { messages, position: Arc::clone(position), records: count });
        }
        RecordBatch {
            source: Arc::clone(&self.identity),
            records,
            keys: keys.into(),
            origin: Origin::default(),
            output: None,
            dead_letters,
            position: position.map(|position| -> Arc<dyn SourcePosition> { position }),
            checkpoint: Arc::new(MessagesCheckpoint { records: count }),
        }
    }

    fn position(&self, next: BTreeMap<i32, i64>, terms: BTreeMap<i32, u64>) -> Option<Arc<KafkaPosition>> {
        let reader = self.reader.as_ref()?;
        let group = GroupPosition {
            cluster: self.config.client.clone(),
            topic: self.config.topic.clone(),
            next: next.into_iter().collect(),
            group: reader.group(),
        };
        Some(Arc::new(KafkaPosition::new(group, Arc::clone(&reader.assignment), terms)))
    }

    /// What a record is known by as long as some outputs have it and others lack it: where it was read.
    fn key(&self, message: &ReadMessage, index: usize) -> RecordKey {
        let mut hash = Sha256::new();
        hash.update(format!("{} {} {} {index}", self.config.topic, message.partition, message.offset));
        let digest: [u8; 32] = hash.finalize().into();
        RecordKey { identity: *digest.first_chunk().expect("half of the digest"), ..RecordKey::default() }
    }

    /// What becomes of what is no record.
    fn dead_letter(&self, message: &ReadMessage, place: Option<usize>, reason: &str, record: String) -> DeadLetter {
        let ReadMessage { partition, offset, .. } = message;
        let topic = shown::line(&self.config.topic);
        let place = place.map_or_else(String::new, |place| format!(", record {place}"));
        DeadLetter {
            time: Utc::now(),
            source: self.identity.label.clone(),
            stage: Stage::Source,
            output: None,
            mapping: String::new(),
            reason: format!(
                "message of topic `{topic}`, partition {partition}, offset {offset}{place}: {reason}\nhint: a message \
                 is one record, or records in lines"
            ),
            id: None,
            read_at: None,
            path: None,
            offset: None,
            record,
            sealed: None,
        }
    }
}
