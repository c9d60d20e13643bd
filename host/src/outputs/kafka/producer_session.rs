//! One producer: made, got ready, written with, and thrown away with the first thing that goes wrong. What it was in the
//! middle of then is decided by the brokers when the next one with the same transactional id gets ready.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use rdkafka::{
    consumer::ConsumerGroupMetadata,
    error::KafkaError,
    producer::{Producer as _, ThreadedProducer},
    topic_partition_list::TopicPartitionList,
    types::RDKafkaErrorCode,
};
use tokio::{task::spawn_blocking, time::timeout};

use super::{
    message::Message,
    reports::{Reports, Ticket},
    settings::KafkaOutputConfig,
};
use crate::kafka::{
    Advice, ClientNotes, KafkaClient, KafkaClientError, NotingContext, advice, code_of, fatal_code, in_background,
    is_consequence, look_at,
};

/// The longest that brokers may take to answer what is asked at the start.
const FIRST_ANSWER: Duration = Duration::from_secs(10);

/// Brokers may take longer for transactions: they finish the one of a process before.
const TRANSACTIONS_READY: Duration = Duration::from_secs(30);

/// The client tells when a message took too long. It is waited for so much longer, in case it does not.
const GRACE: Duration = Duration::from_secs(15);

/// A new topic may need some time to be known.
const NEW_TOPIC: Duration = Duration::from_secs(5);

/// The most that the client keeps, in kilobytes: documents of one batch, which are in memory as well.
const MOST_QUEUED_KBYTES: usize = 64 * 1024;

/// Whether messages go together, or each after the one before it has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// As fast as can be.
    Together,
    /// One after the other, so that a broker judges each by itself.
    Alone,
}

/// One producer.
pub(super) struct ProducerSession {
    config: Arc<KafkaOutputConfig>,
    client: KafkaClient,
    producer: ThreadedProducer<NotingContext<Ticket>>,
    notes: Arc<ClientNotes>,
    transactional_id: Option<String>,
    /// The topics that were there.
    known_topics: HashSet<String>,
    is_ready: bool,
    /// When its last transaction was begun.
    began: Option<Instant>,
}

impl ProducerSession {
    /// Makes a producer; nothing is sent yet.
    pub(super) async fn new(
        config: &Arc<KafkaOutputConfig>,
        transactional_id: Option<String>,
    ) -> Result<Self, KafkaClientError> {
        let config = Arc::clone(config);
        in_background(move || {
            let client = KafkaClient::new(&config.client)?;
            let mut settings = client.settings.clone();
            let timeout = config.delivery_timeout.as_millis().to_string();
            settings.set("acks", "all").set("enable.idempotence", "true");
            settings.set("compression.codec", config.compression);
            settings.set("message.timeout.ms", &timeout);
            // Brokers say what is too large, and not the client.
            settings.set("message.max.bytes", "1000000000");
            settings.set("queue.buffering.max.kbytes", MOST_QUEUED_KBYTES.to_string());
            // All of a batch is there at once, so that waiting for more is of no use.
            settings.set("linger.ms", "5");
            // As Java's producers: a delivery is in the same partition for all writers.
            settings.set("partitioner", "murmur2_random");
            if let Some(id) = &transactional_id {
                settings.set("transactional.id", id).set("transaction.timeout.ms", &timeout);
            }
            let notes = Arc::new(ClientNotes::default());
            let context = NotingContext::new(&notes, client.tokens.clone());
            let made = settings.create_with_context(context);
            let producer =
                made.map_err(|error| KafkaClientError::refused("could not set up the client".to_owned(), &error))?;
            let known_topics = HashSet::new();
            Ok(Self { config, client, producer, notes, transactional_id, known_topics, is_ready: false, began: None })
        })
        .await
    }

    /// Whether the files that it was made of have changed.
    pub(super) fn is_outdated(&self) -> bool {
        self.client.is_outdated()
    }

    /// Throws it away, where that does no harm.
    pub(super) async fn close(self) {
        // What is still on its way is known to have failed.
        drop(spawn_blocking(move || drop(self)).await);
    }

    /// Sees that brokers answer and that a topic is there; gives what they say about it.
    pub(super) async fn look(&self, topic: &str) -> Result<crate::kafka::TopicState, KafkaClientError> {
        let (producer, name) = (self.producer.clone(), topic.to_owned());
        let looked = self.answered(FIRST_ANSWER, move || {
            let began = Instant::now();
            loop {
                let state = look_at(producer.client(), &name, FIRST_ANSWER)?;
                if state.is_there() || !state.may_come() || began.elapsed() > NEW_TOPIC {
                    return Ok(state);
                }
                std::thread::sleep(Duration::from_millis(200));
            }
        });
        looked.await
    }

    /// Sees that a topic is there.
    pub(super) async fn find(&mut self, topic: &str) -> Result<(), KafkaClientError> {
        if !self.known_topics.contains(topic) {
            self.look(topic).await?.into_result(topic)?;
            self.known_topics.insert(topic.to_owned());
        }
        Ok(())
    }

    /// Gets ready for transactions, if it writes in any.
    pub(super) async fn get_ready(&mut self) -> Result<(), KafkaClientError> {
        if !self.is_ready && self.transactional_id.is_some() {
            let producer = self.producer.clone();
            self.transact("could not get ready for transactions", TRANSACTIONS_READY, move |left| {
                producer.init_transactions(left)
            })
            .await?;
        }
        self.is_ready = true;
        Ok(())
    }

    /// Begins a transaction, if it writes in any.
    pub(super) async fn begin(&mut self) -> Result<(), KafkaClientError> {
        if self.transactional_id.is_none() {
            return Ok(());
        }
        self.get_ready().await?;
        let producer = self.producer.clone();
        self.transact("could not begin a transaction", FIRST_ANSWER, move |_| producer.begin_transaction()).await?;
        self.began = Some(Instant::now());
        Ok(())
    }

    /// Whether the transaction is older than brokers let it be: they have undone it then, and say that somebody else has
    /// fenced this producer.
    pub(super) fn is_too_old(&self) -> bool {
        self.began.is_some_and(|began| began.elapsed() >= self.config.delivery_timeout)
    }

    /// Undoes a transaction, if it writes in any.
    pub(super) async fn abort(&self) -> Result<(), KafkaClientError> {
        if self.transactional_id.is_none() {
            return Ok(());
        }
        let producer = self.producer.clone();
        let what = "could not undo a transaction";
        self.transact(what, TRANSACTIONS_READY, move |left| producer.abort_transaction(left)).await
    }

    /// Makes a transaction count, if it writes in any, with the position of a consumer group where there is one.
    pub(super) async fn commit(
        &self,
        position: Option<(TopicPartitionList, ConsumerGroupMetadata)>,
    ) -> Result<(), KafkaClientError> {
        if self.transactional_id.is_none() {
            return Ok(());
        }
        if let Some((offsets, group)) = position {
            let producer = self.producer.clone();
            let what = "could not move the position of the consumer group";
            self.transact(what, self.config.delivery_timeout, move |left| {
                producer.send_offsets_to_transaction(&offsets, &group, left)
            })
            .await?;
        }
        let producer = self.producer.clone();
        let what = "could not commit a transaction";
        self.transact(what, self.config.delivery_timeout, move |left| producer.commit_transaction(left)).await
    }

    /// Writes messages, and waits until all replicas have them; gives the places of those that are too large.
    pub(super) async fn send(
        &self,
        topic: &str,
        messages: &[&Message<'_>],
        pace: Pace,
    ) -> Result<Vec<usize>, KafkaClientError> {
        self.notes.forget();
        let reports = Arc::new(Reports::default());
        let sent = async {
            for message in messages {
                self.enqueue(topic, message, &reports).await?;
                if pace == Pace::Alone {
                    self.at_most(0, &reports).await?;
                    if reports.has_refused() {
                        break;
                    }
                }
            }
            self.at_most(0, &reports).await
        };
        tokio::select! {
            sent = sent => sent?,
            error = self.notes.needs_person(&self.config.client) => return Err(error),
        }
        let refused = self.with_cause(reports.take_refused()).await;
        self.judge(topic, &refused, messages.len())
    }

    /// What was refused, with the cause where the client only says that it gave up the messages.
    async fn with_cause(&self, refused: Vec<(usize, RDKafkaErrorCode)>) -> Vec<(usize, RDKafkaErrorCode)> {
        if refused.is_empty() || !refused.iter().all(|(_, code)| is_consequence(*code)) {
            return refused;
        }
        let (producer, is_transactional) = (self.producer.clone(), self.transactional_id.is_some());
        let asked: Result<_, tokio::task::JoinError> = in_background(move || {
            let fatal = fatal_code(producer.client());
            // A transaction in which a message has failed cannot be committed: the answer says why it failed.
            let of_transaction = || producer.commit_transaction(FIRST_ANSWER).err().map(|error| code_of(&error));
            Ok(if is_transactional { fatal.or_else(of_transaction) } else { fatal })
        })
        .await;
        match asked {
            Ok(Some(cause)) => refused.into_iter().map(|(place, _)| (place, cause)).collect(),
            _ => refused,
        }
    }

    /// Gives a message to the client, as soon as that has room.
    async fn enqueue(
        &self,
        topic: &str,
        message: &Message<'_>,
        reports: &Arc<Reports>,
    ) -> Result<(), KafkaClientError> {
        let place = message.place;
        let mut record = message.record(topic, Ticket { place, reports: Arc::clone(reports) });
        loop {
            reports.begin();
            let sent = self.producer.send(record).map_err(|(error, returned)| (code_of(&error), returned));
            let Err((code, returned)) = sent else { return Ok(()) };
            let others = reports.waiting() - 1;
            match code {
                RDKafkaErrorCode::QueueFull if others > 0 => {
                    reports.end(place, None);
                    self.at_most(others / 2, reports).await?;
                    record = returned;
                }
                // Nothing else is there to wait for.
                RDKafkaErrorCode::QueueFull
                | RDKafkaErrorCode::MessageSizeTooLarge
                | RDKafkaErrorCode::InvalidMessageSize => {
                    reports.end(place, Some(RDKafkaErrorCode::MessageSizeTooLarge));
                    return Ok(());
                }
                code if is_consequence(code) => {
                    reports.end(place, Some(code));
                    return Ok(());
                }
                code => {
                    reports.end(place, None);
                    return Err(self.refused(&format!("could not write to topic `{topic}`"), code));
                }
            }
        }
    }

    /// Waits until at most this many messages are unacknowledged.
    async fn at_most(&self, waiting: usize, reports: &Reports) -> Result<(), KafkaClientError> {
        let limit = self.config.delivery_timeout + GRACE;
        timeout(limit, reports.at_most(waiting)).await.map_err(|_| self.notes.unreachable(&self.config.client))
    }

    /// The error for these refused messages of a batch of this size.
    fn judge(
        &self,
        topic: &str,
        refused: &[(usize, RDKafkaErrorCode)],
        sent: usize,
    ) -> Result<Vec<usize>, KafkaClientError> {
        let too_large: Vec<_> =
            refused.iter().filter(|(_, code)| advice(*code) == Advice::LeaveOut).map(|(place, _)| *place).collect();
        // A transaction takes no more after the first that is too large.
        let is_nothing_else = |code: RDKafkaErrorCode| !too_large.is_empty() && is_consequence(code);
        let others = || refused.iter().map(|(_, code)| *code).filter(|code| advice(*code) != Advice::LeaveOut);
        let worst = others().filter(|code| !is_nothing_else(*code)).max_by_key(|code| match advice(*code) {
            Advice::GiveUp => 2,
            Advice::Person => 1,
            Advice::Retry | Advice::LeaveOut => 0,
        });
        match worst {
            None => Ok(too_large),
            Some(code) => {
                let what = format!("could not write {} of {sent} documents to topic `{topic}`", others().count());
                Err(self.refused(&what, code))
            }
        }
    }

    /// What an error means that nobody else explains.
    fn refused(&self, what: &str, code: RDKafkaErrorCode) -> KafkaClientError {
        match (&self.transactional_id, advice(code)) {
            (Some(id), Advice::GiveUp) => KafkaClientError::Fenced { id: id.clone() },
            _ if is_silence(code) => self.notes.unreachable(&self.config.client),
            _ => KafkaClientError::Refused { what: what.to_owned(), code },
        }
    }

    /// Does something about a transaction, again as long as the client says that it may succeed.
    async fn transact(
        &self,
        what: &'static str,
        limit: Duration,
        work: impl Fn(Duration) -> Result<(), KafkaError> + Send + 'static,
    ) -> Result<(), KafkaClientError> {
        let done = self.answered(limit, move || {
            let began = Instant::now();
            loop {
                let left = limit.saturating_sub(began.elapsed());
                match work(left) {
                    Ok(()) => return Ok(()),
                    Err(KafkaError::Transaction(error)) if error.is_retriable() && !left.is_zero() => {
                        std::thread::sleep(Duration::from_millis(100).min(left));
                    }
                    Err(error) => {
                        return Err(KafkaClientError::Refused { what: what.to_owned(), code: code_of(&error) });
                    }
                }
            }
        });
        done.await
    }

    /// Waits for an answer, unless the client says in the meantime that a person has to mend something.
    async fn answered<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl FnOnce() -> Result<T, KafkaClientError> + Send + 'static,
    ) -> Result<T, KafkaClientError> {
        let done = tokio::select! {
            done = timeout(limit + GRACE, in_background(work)) => done,
            error = self.notes.needs_person(&self.config.client) => return Err(error),
        };
        match done {
            Ok(Err(KafkaClientError::Refused { what, code })) => Err(self.refused(&what, code)),
            Ok(done) => done,
            Err(_) => Err(self.notes.unreachable(&self.config.client)),
        }
    }
}

/// Whether it means that nobody answered.
fn is_silence(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::AllBrokersDown
            | Code::BrokerTransportFailure
            | Code::MessageTimedOut
            | Code::OperationTimedOut
            | Code::Resolve
            | Code::TimedOutQueue
    )
}
