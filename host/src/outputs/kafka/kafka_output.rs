//! Writes documents, each batch as a whole.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use async_trait::async_trait;

use super::{
    examine,
    message::{Message, messages, topic},
    producer_session::{Pace, ProducerSession},
    settings::{KafkaOutputConfig, TransactionalId},
    transactional_id::transactional_id,
};
use crate::{
    kafka::{Advice, GroupPosition, KafkaClientError, TransactionMessages},
    ledger::Companion,
    mapper::MappedBatch,
    pipeline::{
        ExamineOptions, LedgerJoiner, Outlook, Output, OutputError, PositionMover, Receipt, RejectedDocument,
        SourcePosition,
    },
    support::finding::Finding,
};

/// Writes documents.
pub(super) struct KafkaOutput {
    config: Arc<KafkaOutputConfig>,
    /// None until the first batch, and after something went wrong.
    session: Option<ProducerSession>,
}

impl KafkaOutput {
    /// Makes an output; nothing is sent yet.
    pub(super) fn new(config: &KafkaOutputConfig) -> Self {
        Self { config: Arc::new(config.clone()), session: None }
    }

    /// The producer in use, or a new one.
    async fn session(&mut self) -> Result<&mut ProducerSession, KafkaClientError> {
        if self.session.as_ref().is_some_and(ProducerSession::is_outdated) {
            self.close().await;
        }
        let session = match self.session.take() {
            Some(session) => session,
            None => ProducerSession::new(&self.config, transactional_id(&self.config, "")?).await?,
        };
        Ok(self.session.insert(session))
    }

    /// Whether documents go along with what the ledger of a cluster notes.
    fn is_of_cluster(&self) -> bool {
        self.config.transactions == Some(TransactionalId::OfCluster)
    }

    async fn close(&mut self) {
        if let Some(session) = self.session.take() {
            session.close().await;
        }
    }

    /// Writes a batch, and leaves the transaction open.
    async fn write_batch(&mut self, batch: &MappedBatch) -> Result<Receipt, KafkaClientError> {
        if batch.documents.is_empty() {
            // It still moves the position of a source.
            self.begin().await?;
            return Ok(Receipt::default());
        }
        let config = Arc::clone(&self.config);
        let topic = topic(batch, &config)?;
        let messages = messages(batch, &config);
        let left_out = if config.transactions.is_some() && !self.is_of_cluster() {
            self.write_in_transaction(&topic, &messages).await?
        } else {
            self.write_alone(&topic, &messages).await?
        };
        let rejected = messages.iter().filter(|message| left_out.contains(&message.place));
        let rejected = rejected.map(|message| RejectedDocument {
            outcome: message.place,
            reason: format!(
                "message of {} bytes is larger than topic `{topic}` takes\nhint: `max.message.bytes` of the topic",
                message.length()
            ),
        });
        Ok(Receipt { duplicates: 0, rejected: rejected.collect() })
    }

    /// The producer, in a new transaction if it writes in any.
    async fn begin(&mut self) -> Result<&mut ProducerSession, KafkaClientError> {
        let session = self.session().await?;
        session.begin().await?;
        Ok(session)
    }

    /// The producer, ready to write to a topic.
    async fn ready_for(&mut self, topic: &str) -> Result<&mut ProducerSession, KafkaClientError> {
        let session = self.session().await?;
        session.find(topic).await?;
        Ok(session)
    }

    /// Writes messages without a transaction; gives the places of those that are too large.
    async fn write_alone(
        &mut self,
        topic: &str,
        messages: &[Message<'_>],
    ) -> Result<BTreeSet<usize>, KafkaClientError> {
        let all: Vec<_> = messages.iter().collect();
        let refused = self.ready_for(topic).await?.send(topic, &all, Pace::Together).await?;
        let (mut left_out, mut has_gap) = (BTreeSet::new(), true);
        // A broker refuses messages that came together together: each is sent by itself.
        for suspect in messages.iter().filter(|message| refused.contains(&message.place)) {
            // What was refused is missing from the sequence that brokers expect of a producer.
            if has_gap {
                self.close().await;
            }
            let refused = self.ready_for(topic).await?.send(topic, &[suspect], Pace::Alone).await?;
            has_gap = !refused.is_empty();
            left_out.extend(refused);
        }
        if has_gap && !left_out.is_empty() {
            self.close().await;
        }
        Ok(left_out)
    }

    /// Writes messages in a transaction, which stays open; gives the places of those that are too large. A transaction
    /// with such a message cannot be committed: the others are written again.
    async fn write_in_transaction(
        &mut self,
        topic: &str,
        messages: &[Message<'_>],
    ) -> Result<BTreeSet<usize>, KafkaClientError> {
        let (mut left_out, mut pace) = (BTreeSet::new(), Pace::Together);
        loop {
            let others: Vec<_> = messages.iter().filter(|message| !left_out.contains(&message.place)).collect();
            let refused = self.write_and_wait(topic, &others, pace).await?;
            if refused.is_empty() {
                return Ok(left_out);
            }
            self.begin_anew().await;
            if pace == Pace::Alone {
                left_out.extend(refused.first());
                continue;
            }
            let before = left_out.len();
            for suspect in others.into_iter().filter(|message| refused.contains(&message.place)) {
                left_out.extend(self.write_and_wait(topic, &[suspect], Pace::Alone).await?);
                self.begin_anew().await;
            }
            if left_out.len() == before {
                pace = Pace::Alone;
            }
        }
    }

    /// Writes messages in a new transaction, which stays open.
    async fn write_and_wait(
        &mut self,
        topic: &str,
        messages: &[&Message<'_>],
        pace: Pace,
    ) -> Result<Vec<usize>, KafkaClientError> {
        self.ready_for(topic).await?;
        self.begin().await?.send(topic, messages, pace).await
    }

    /// Undoes the transaction. What was refused is missing from the sequence that brokers expect of a producer, so that
    /// another one goes on.
    async fn begin_anew(&mut self) {
        if let Some(session) = &self.session {
            // The next producer does it as well.
            drop(session.abort().await);
        }
        self.close().await;
    }

    /// Throws the producer away when something failed with it.
    async fn closing<T>(&mut self, done: Result<T, KafkaClientError>) -> Result<T, OutputError> {
        let error = match done {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        let (error, _) = self.undone(error).await;
        let error = self.output_error(error);
        self.close().await;
        Err(error)
    }

    /// What an error means for who delivers.
    fn output_error(&self, error: KafkaClientError) -> OutputError {
        let is_too_old = self.session.as_ref().is_some_and(ProducerSession::is_too_old);
        let outlook = match error.advice() {
            // Brokers fence a producer as well whose transaction is too old: this one waited for a disk, or was suspended.
            Advice::GiveUp if is_too_old => Outlook::Transient,
            Advice::Retry => Outlook::Transient,
            Advice::Person | Advice::LeaveOut => Outlook::Permanent,
            Advice::GiveUp => Outlook::Final,
        };
        OutputError::new(error, outlook)
    }

    /// Undoes the transaction in which something has failed, so that nobody waits for its end; says what the error means,
    /// and whether it is undone. A transaction that took too long fails as one that another process has fenced: only
    /// undoing it tells.
    async fn undone(&self, error: KafkaClientError) -> (KafkaClientError, bool) {
        let Some(session) = self.session.as_ref().filter(|_| self.config.transactions.is_some()) else {
            return (error, false);
        };
        match error.advice() {
            // Nobody would answer, or take it.
            _ if matches!(error, KafkaClientError::Unreachable { .. }) => (error, false),
            Advice::GiveUp => (error, false),
            _ => match session.abort().await {
                Ok(()) => (error, true),
                Err(fenced) if fenced.advice() == Advice::GiveUp => (fenced, false),
                Err(_) => (error, false),
            },
        }
    }
}

#[async_trait]
impl Output for KafkaOutput {
    async fn examine(&mut self, options: &ExamineOptions<'_>) -> Vec<Finding> {
        examine::examine(&self.config, options).await
    }

    async fn deliver(&mut self, batch: &MappedBatch) -> Result<Receipt, OutputError> {
        let receipt = self.write(batch).await?;
        let committed = match &self.session {
            Some(session) => session.commit(None).await,
            None => Ok(()),
        };
        self.closing(committed).await?;
        Ok(receipt)
    }

    fn secret_files(&self) -> Vec<PathBuf> {
        self.config.client.files()
    }

    fn mover(&mut self) -> Option<&mut dyn PositionMover> {
        let is_its_own = self.config.transactions.is_some() && !self.is_of_cluster();
        is_its_own.then_some(self as &mut dyn PositionMover)
    }

    fn joiner(&mut self) -> Option<&mut dyn LedgerJoiner> {
        self.is_of_cluster().then_some(self as &mut dyn LedgerJoiner)
    }
}

#[async_trait]
impl LedgerJoiner for KafkaOutput {
    async fn join(&mut self, batch: &MappedBatch) -> Result<Arc<dyn Companion>, OutputError> {
        let config = Arc::clone(&self.config);
        let ready = async {
            let topic = topic(batch, &config)?;
            // Who writes them cannot wait for a topic.
            self.ready_for(&topic).await?;
            Ok(topic)
        };
        let ready = ready.await;
        let topic = self.closing(ready).await?;
        let messages = messages(batch, &config).into_iter().map(Message::into_owned).collect();
        Ok(Arc::new(TransactionMessages::new(topic, messages)))
    }
}

#[async_trait]
impl PositionMover for KafkaOutput {
    fn keeps(&self, position: &dyn SourcePosition) -> bool {
        let position = position.kept().downcast_ref::<GroupPosition>();
        position.is_some_and(|position| position.cluster.is_of_cluster(&self.config.client))
    }

    async fn write(&mut self, batch: &MappedBatch) -> Result<Receipt, OutputError> {
        let written = self.write_batch(batch).await;
        self.closing(written).await
    }

    async fn conclude(&mut self, position: &dyn SourcePosition) -> Result<(), OutputError> {
        let moved = position.kept().downcast_ref::<GroupPosition>().and_then(GroupPosition::in_group);
        let (Some(session), Some(moved)) = (&self.session, moved) else {
            self.close().await;
            let problem = "the consumer group has given away what was read";
            return Err(OutputError::new(problem, Outlook::Transient));
        };
        let Err(error) = session.commit(Some(moved)).await else { return Ok(()) };
        let (error, is_undone) = self.undone(error).await;
        if !is_undone {
            // It may have happened all the same.
            position.doubt();
        }
        let error = self.output_error(error);
        self.close().await;
        Err(error)
    }
}
