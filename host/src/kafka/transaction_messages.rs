//! Messages that are written in the transaction of somebody else: documents that count together with what the ledger of a
//! cluster notes.

use std::{any::Any, collections::BTreeSet, sync::Arc};

use rdkafka::message::OwnedHeaders;

use crate::ledger::Companion;

/// A message for a transaction.
#[derive(Debug)]
pub(crate) struct TransactionMessage {
    /// Its place among those that it belongs to.
    pub place: usize,
    /// Its key, if it has one.
    pub key: Option<Vec<u8>>,
    /// What is in it.
    pub payload: Vec<u8>,
    /// What goes with it.
    pub headers: OwnedHeaders,
    /// Its time, in milliseconds since 1970.
    pub timestamp: Option<i64>,
}

/// Messages for a transaction.
pub(crate) struct TransactionMessages {
    /// Where they go.
    pub topic: String,
    messages: Arc<Vec<TransactionMessage>>,
    left_out: BTreeSet<usize>,
}

impl TransactionMessages {
    /// All of these.
    pub(crate) fn new(topic: String, messages: Vec<TransactionMessage>) -> Self {
        Self { topic, messages: Arc::new(messages), left_out: BTreeSet::new() }
    }

    /// Those that are to be written, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &TransactionMessage> {
        self.messages.iter().filter(|message| !self.left_out.contains(&message.place))
    }
}

impl Companion for TransactionMessages {
    fn kept(&self) -> &(dyn Any + Send + Sync) {
        self
    }

    fn without(&self, places: &[usize]) -> Arc<dyn Companion> {
        let left_out = self.left_out.iter().chain(places).copied().collect();
        Arc::new(Self { topic: self.topic.clone(), messages: Arc::clone(&self.messages), left_out })
    }
}
