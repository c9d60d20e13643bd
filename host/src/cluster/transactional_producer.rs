//! The producer with which a process writes to a partition that it has.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rdkafka::{
    error::KafkaError,
    producer::{BaseRecord, Producer as _, ThreadedProducer},
    types::RDKafkaErrorCode,
};

use super::{
    cluster_config::ClusterConfig,
    transaction_reports::{RowOrDocument, TransactionReports, TransactionTicket},
};
use crate::kafka::{
    ClientNotes, KafkaClient, KafkaClientConfig, KafkaClientError, NotingContext, code_of, fatal_code, is_consequence,
};

/// How long brokers may take to acknowledge a transaction before the partition starts again.
pub(super) const LIMIT: Duration = Duration::from_secs(60);

/// Brokers undo by themselves what is not undone by then.
pub(super) const UNDO: Duration = Duration::from_secs(10);

/// They finish the transaction of a process before first.
const READY: Duration = Duration::from_secs(30);

/// How long one call waits for that at most: so long may the end of a run wait.
const LOOK: Duration = Duration::from_secs(1);

/// How long a trial may take: readers are held up for as long when it is killed.
pub(super) const TRIAL: Duration = Duration::from_secs(10);

/// A producer that writes in transactions.
pub(super) type TransactionalProducer = ThreadedProducer<NotingContext<TransactionTicket>>;

/// Makes a producer with this transactional id: from here on, no other one writes with it, and what one has begun is undone
/// or done. Brokers undo a transaction of it that is open for longer than `limit`. It gives up when `is_lost` says that
/// another process has what it is for. Blocks.
pub(super) fn producer(
    config: &ClusterConfig,
    transactional_id: &str,
    limit: Duration,
    notes: &Arc<ClientNotes>,
    is_lost: &AtomicBool,
) -> Result<TransactionalProducer, KafkaClientError> {
    let producer = client(config, transactional_id, limit, notes)?;
    let began = Instant::now();
    loop {
        if is_lost.load(Ordering::Relaxed) {
            return Err(KafkaClientError::Fenced { id: transactional_id.to_owned() });
        }
        let left = READY.saturating_sub(began.elapsed());
        // The client goes on with it between two calls.
        match producer.init_transactions(left.min(LOOK)) {
            Ok(()) => return Ok(producer),
            Err(KafkaError::Transaction(error)) if error.is_retriable() && !left.is_zero() => {
                thread::sleep(Duration::from_millis(100).min(left));
            }
            Err(error) => {
                let what = "could not get ready for transactions".to_owned();
                let code = fatal_code(producer.client()).unwrap_or_else(|| code_of(&error));
                let refused = KafkaClientError::Refused { what, code };
                return Err(notes.mendable(&config.client).unwrap_or(refused));
            }
        }
    }
}

fn client(
    config: &ClusterConfig,
    transactional_id: &str,
    limit: Duration,
    notes: &Arc<ClientNotes>,
) -> Result<TransactionalProducer, KafkaClientError> {
    let client = KafkaClient::new(&config.client)?;
    let mut settings = client.settings;
    let limit = limit.as_millis().to_string();
    for (key, value) in [
        ("acks", "all"),
        ("enable.idempotence", "true"),
        ("compression.codec", "zstd"),
        ("message.timeout.ms", &limit),
        ("transaction.timeout.ms", &limit),
        ("transactional.id", transactional_id),
        // Brokers say what is too large, and not the client.
        ("message.max.bytes", "1000000000"),
        // All of a transaction is there at once, so that waiting for more is of no use.
        ("linger.ms", "5"),
        // As Java's producers: a delivery is in the same partition for all writers.
        ("partitioner", "murmur2_random"),
    ] {
        settings.set(key, value);
    }
    let context = NotingContext::new(notes, client.tokens);
    let made = settings.create_with_context(context);
    made.map_err(|error| KafkaClientError::refused("could not set up the client".to_owned(), &error))
}

/// Why the client gave up what it had.
pub(super) fn cause(producer: &TransactionalProducer) -> Option<RDKafkaErrorCode> {
    // A transaction of which a message is missing cannot be committed: the answer says why it is.
    fatal_code(producer.client()).or_else(|| producer.commit_transaction(UNDO).err().map(|error| code_of(&error)))
}

/// Whether a topic may be written: sends its first partition a message in a transaction that is undone. Blocks.
pub(super) fn write_in_vain(
    producer: &TransactionalProducer,
    config: &KafkaClientConfig,
    topic: &str,
    notes: &ClientNotes,
) -> Result<(), KafkaClientError> {
    let refused = |code| {
        let what = format!("could not write to topic `{topic}`");
        notes.mendable(config).unwrap_or(KafkaClientError::Refused { what, code })
    };
    producer.begin_transaction().map_err(|error| refused(code_of(&error)))?;
    let reports = Arc::<TransactionReports>::default();
    reports.begin();
    let ticket = TransactionTicket { origin: RowOrDocument::Row, reports: Arc::clone(&reports) };
    let record = BaseRecord::<str, [u8], _>::with_opaque_to(topic, Box::new(ticket)).partition(0).key("doctor");
    let written = match producer.send(record) {
        Err((error, _)) => Err(refused(code_of(&error))),
        Ok(()) if !reports.wait(TRIAL) => Err(notes.unreachable(config)),
        Ok(()) => match reports.refused().first() {
            None => Ok(()),
            Some((_, code)) => {
                let code = is_consequence(*code).then(|| cause(producer)).flatten().unwrap_or(*code);
                Err(refused(code))
            }
        },
    };
    // Where this fails, brokers undo it by themselves.
    producer.abort_transaction(UNDO).ok();
    written
}
