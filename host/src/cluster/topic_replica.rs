//! Writes what a ledger notes to its partition of the ledger topic, with the documents of the batch, in one transaction.
//!
//! A process that has lost its partition without knowing is refused by the brokers: who has it by now writes with the
//! same transactional id.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rdkafka::{
    error::KafkaError,
    message::{Header, OwnedHeaders},
    producer::{BaseRecord, Producer as _},
    types::RDKafkaErrorCode,
};

use super::{
    cluster_config::ClusterConfig,
    transaction_reports::{RowOrDocument, TransactionReports, TransactionTicket},
    transactional_producer::{LIMIT, TransactionalProducer, UNDO, cause, producer},
};
use crate::{
    kafka::{Advice, ClientNotes, KafkaClientError, TransactionMessages, advice, code_of, fatal_code, is_consequence},
    ledger::{Changes, Companion, LedgerMessage, RefusedPart, Replica, ReplicaError},
};

/// What says of which version of the tables a row is.
pub(super) const VERSION_HEADER: &str = "exotrace-ledger-version";

/// How long to wait when the client has no room.
const FULL: Duration = Duration::from_millis(5);

/// Writes what a ledger notes.
pub(super) struct TopicReplica {
    config: ClusterConfig,
    partition: i32,
    producer: TransactionalProducer,
    notes: Arc<ClientNotes>,
    /// Up to where the topic has nothing that the ledger has not.
    position: i64,
    /// Told by who knows that another process has the partition.
    is_lost: Arc<AtomicBool>,
}

/// How documents go: as fast as can be, or each after the one before has arrived, so that brokers judge each by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DocumentPace {
    Together,
    Alone,
}

/// Why a transaction was not written.
enum Failure {
    /// Documents are too large, or rows.
    TooLarge(Vec<(usize, usize)>),
    Other(KafkaClientError),
}

impl TopicReplica {
    /// Takes the partition over: from here on, no other process writes to it, and what one has begun is undone or done.
    /// Blocks.
    pub(super) fn take_over(
        config: &ClusterConfig,
        partition: i32,
        is_lost: Arc<AtomicBool>,
    ) -> Result<Self, KafkaClientError> {
        let notes = Arc::new(ClientNotes::default());
        let producer = producer(config, &config.transactional_id(partition), LIMIT, &notes, &is_lost)?;
        Ok(Self { config: config.clone(), partition, producer, notes, position: 0, is_lost })
    }

    /// The ledger has everything up to this position.
    pub(super) fn at(self, position: i64) -> Self {
        Self { position, ..self }
    }

    /// Writes all of it in a transaction, and commits that.
    fn write(&mut self, changes: &Changes, along: &[Arc<dyn Companion>], pace: DocumentPace) -> Result<(), Failure> {
        let began = Instant::now();
        let reports = Arc::new(TransactionReports::default());
        self.producer.begin_transaction().map_err(|error| self.failed("could not begin a transaction", &error))?;
        for (companion, documents) in along.iter().enumerate() {
            let Some(documents) = documents.kept().downcast_ref::<TransactionMessages>() else { continue };
            self.write_documents(companion, documents, pace, &reports)?;
        }
        let version = changes.version.to_string();
        for message in &changes.messages {
            self.write_row(message, &version, &reports)?;
        }
        // Before it is committed: why one is refused is not known afterwards.
        let is_answered = reports.wait(LIMIT.saturating_sub(began.elapsed()));
        self.judge(&reports)?;
        if !is_answered {
            return Err(Failure::Other(self.notes.unreachable(&self.config.client)));
        }
        self.commit_transaction(began)?;
        self.position = reports.last_row().map_or(self.position, |last| last + 1);
        Ok(())
    }

    fn commit_transaction(&self, began: Instant) -> Result<(), Failure> {
        loop {
            if self.is_lost.load(Ordering::Relaxed) {
                return Err(Failure::Other(self.fenced()));
            }
            let left = LIMIT.saturating_sub(began.elapsed());
            match self.producer.commit_transaction(left) {
                Ok(()) => return Ok(()),
                Err(KafkaError::Transaction(error)) if error.is_retriable() && !left.is_zero() => {
                    thread::sleep(Duration::from_millis(100).min(left));
                }
                Err(error) => return Err(self.failed("could not commit a transaction", &error)),
            }
        }
    }

    fn write_documents(
        &self,
        companion: usize,
        documents: &TransactionMessages,
        pace: DocumentPace,
        reports: &Arc<TransactionReports>,
    ) -> Result<(), Failure> {
        for message in documents.iter() {
            let ticket = TransactionTicket {
                origin: RowOrDocument::Document(companion, message.place),
                reports: Arc::clone(reports),
            };
            let mut record: BaseRecord<'_, [u8], [u8], _> =
                BaseRecord::with_opaque_to(&documents.topic, Box::new(ticket))
                    .payload(message.payload.as_slice())
                    .headers(message.headers.clone());
            record.key = message.key.as_deref();
            record.timestamp = message.timestamp;
            self.send(record, reports)?;
            if pace == DocumentPace::Alone {
                reports.wait(LIMIT);
                self.judge(reports)?;
            }
        }
        Ok(())
    }

    fn write_row(
        &self,
        message: &LedgerMessage,
        version: &str,
        reports: &Arc<TransactionReports>,
    ) -> Result<(), Failure> {
        let ticket = TransactionTicket { origin: RowOrDocument::Row, reports: Arc::clone(reports) };
        let headers = OwnedHeaders::new_with_capacity(1).insert(Header { key: VERSION_HEADER, value: Some(version) });
        let mut record: BaseRecord<'_, [u8], [u8], _> =
            BaseRecord::with_opaque_to(&self.config.ledger_topic, Box::new(ticket))
                .partition(self.partition)
                .key(message.key.as_slice())
                .headers(headers);
        record.payload = message.value.as_deref();
        self.send(record, reports)
    }

    /// Gives a message to the client, as soon as that has room.
    fn send(
        &self,
        mut record: BaseRecord<'_, [u8], [u8], Box<TransactionTicket>>,
        reports: &TransactionReports,
    ) -> Result<(), Failure> {
        let began = Instant::now();
        loop {
            reports.begin();
            let origin = record.delivery_opaque.origin;
            let Err((error, returned)) = self.producer.send(record) else { return Ok(()) };
            reports.take_back();
            match (code_of(&error), origin) {
                (RDKafkaErrorCode::QueueFull, _) if began.elapsed() < LIMIT => {
                    record = returned;
                    thread::sleep(FULL);
                }
                (code, RowOrDocument::Document(companion, place)) if advice(code) == Advice::LeaveOut => {
                    return Err(Failure::TooLarge(vec![(companion, place)]));
                }
                _ => {
                    self.judge(reports)?;
                    return Err(self.failed("could not send a transaction", &error));
                }
            }
        }
    }

    /// What it means that something was refused, if it was.
    fn judge(&self, reports: &TransactionReports) -> Result<(), Failure> {
        let refused = reports.refused();
        let Some(first) = refused.first() else { return Ok(()) };
        let too_large: Vec<_> = refused
            .iter()
            .filter_map(|(origin, code)| match origin {
                RowOrDocument::Document(companion, place) if advice(*code) == Advice::LeaveOut => {
                    Some((*companion, *place))
                }
                _ => None,
            })
            .collect();
        if !too_large.is_empty() {
            return Err(Failure::TooLarge(too_large));
        }
        let worst = refused.iter().map(|(_, code)| *code).find(|code| advice(*code) != Advice::Retry);
        let code =
            worst.or_else(|| is_consequence(first.1).then(|| cause(&self.producer)).flatten()).unwrap_or(first.1);
        Err(Failure::Other(self.meaning("could not send a transaction", code)))
    }

    fn failed(&self, what: &str, error: &KafkaError) -> Failure {
        let code = fatal_code(self.producer.client()).unwrap_or_else(|| code_of(error));
        Failure::Other(self.meaning(what, code))
    }

    fn meaning(&self, what: &str, code: RDKafkaErrorCode) -> KafkaClientError {
        if let Some(error) = self.notes.mendable(&self.config.client) {
            return error;
        }
        match advice(code) {
            Advice::GiveUp => self.fenced(),
            _ => KafkaClientError::Refused { what: what.to_owned(), code },
        }
    }

    fn fenced(&self) -> KafkaClientError {
        KafkaClientError::Fenced { id: self.config.transactional_id(self.partition) }
    }

    /// Undoes the transaction; says whether that is certain.
    fn undo(&self) -> bool {
        let began = Instant::now();
        loop {
            let left = UNDO.saturating_sub(began.elapsed());
            match self.producer.abort_transaction(left) {
                Ok(()) => return true,
                Err(KafkaError::Transaction(error)) if error.is_retriable() && !left.is_zero() => {
                    thread::sleep(Duration::from_millis(100).min(left));
                }
                Err(_) => return false,
            }
        }
    }

    /// What was refused is missing from the sequence that brokers expect of a producer, so that another one goes on.
    fn begin_anew(&mut self) -> Result<(), KafkaClientError> {
        self.undo();
        let id = self.config.transactional_id(self.partition);
        self.producer = producer(&self.config, &id, LIMIT, &self.notes, &self.is_lost)?;
        Ok(())
    }

    /// Writes again, document by document: brokers refuse messages together that came together.
    fn write_alone(&mut self, changes: &Changes, along: &[Arc<dyn Companion>]) -> Result<(), ReplicaError> {
        self.begin_anew().map_err(|error| replica_error(error, false))?;
        match self.write(changes, along, DocumentPace::Alone) {
            Ok(()) => Ok(()),
            Err(Failure::TooLarge(too_large)) => {
                self.begin_anew().map_err(|error| replica_error(error, false))?;
                let refused = refused_part(&too_large, along);
                let cause = "a document is larger than its topic takes".into();
                Err(ReplicaError { cause, refused, is_undone: true })
            }
            Err(Failure::Other(error)) => {
                let is_undone = self.undo();
                Err(replica_error(error, is_undone))
            }
        }
    }
}

impl Replica for TopicReplica {
    fn commit(&mut self, changes: &Changes, along: &[Arc<dyn Companion>]) -> Result<i64, ReplicaError> {
        if self.is_lost.load(Ordering::Relaxed) {
            return Err(replica_error(self.fenced(), true));
        }
        match self.write(changes, along, DocumentPace::Together) {
            Ok(()) => {}
            Err(Failure::TooLarge(_)) => self.write_alone(changes, along)?,
            Err(Failure::Other(error)) => {
                // A transaction that took too long fails as one that another process has fenced: only undoing it tells.
                let is_undone = error.advice() != Advice::GiveUp && self.undo();
                return Err(replica_error(error, is_undone));
            }
        }
        Ok(self.position)
    }
}

fn replica_error(error: KafkaClientError, is_undone: bool) -> ReplicaError {
    let cause = match error.advice() {
        Advice::GiveUp => "another process has taken the partition over".into(),
        _ => error.into(),
    };
    ReplicaError { cause, refused: None, is_undone }
}

/// What of the first companion that has any is too large; what of others is, shows when that is left out.
fn refused_part(too_large: &[(usize, usize)], along: &[Arc<dyn Companion>]) -> Option<RefusedPart> {
    let mut by_companion: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (companion, place) in too_large {
        by_companion.entry(*companion).or_default().push(*place);
    }
    let (companion, places) = by_companion.pop_first()?;
    let topic = along.get(companion)?.kept().downcast_ref::<TransactionMessages>().map(|it| it.topic.clone());
    let topic = topic.unwrap_or_default();
    let reason = format!("message is larger than topic `{topic}` takes\nhint: `max.message.bytes` of the topic");
    Some(RefusedPart { companion, places, reason })
}
