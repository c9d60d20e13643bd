//! A document as a message: its key, its headers and its time.

use std::borrow::Cow;

use chrono::Utc;
use rdkafka::{
    message::{Header, OwnedHeaders},
    producer::BaseRecord,
};

use super::{
    reports::Ticket,
    settings::{KafkaOutputConfig, MessageKey},
};
use crate::{
    kafka::{KafkaClientError, TransactionMessage},
    mapper::{MappedBatch, MappedBy, Outcome},
};

/// Bytes of a message beside its document and key, as far as they count against a limit.
const OVERHEAD: usize = 512;

/// A document that is to be written.
pub(super) struct Message<'b> {
    /// Its place among the outcomes of the batch.
    pub(super) place: usize,
    document: &'b str,
    key: Option<&'b str>,
    timestamp: Option<i64>,
    headers: Vec<(&'static str, Cow<'b, str>)>,
}

impl Message<'_> {
    /// One with nothing in it.
    pub(super) fn empty() -> Self {
        Self { place: 0, document: "", key: Some("exotrace-doctor"), timestamp: None, headers: Vec::new() }
    }

    /// As the client takes it.
    pub(super) fn record<'r>(&'r self, topic: &'r str, ticket: Ticket) -> BaseRecord<'r, str, str, Box<Ticket>> {
        let headers = self.owned_headers();
        let mut record = BaseRecord::with_opaque_to(topic, Box::new(ticket)).payload(self.document).headers(headers);
        record.key = self.key;
        record.timestamp = self.timestamp;
        record
    }

    /// As a transaction of somebody else takes it.
    pub(super) fn into_owned(self) -> TransactionMessage {
        TransactionMessage {
            place: self.place,
            key: self.key.map(|key| key.as_bytes().to_vec()),
            payload: self.document.as_bytes().to_vec(),
            headers: self.owned_headers(),
            timestamp: self.timestamp,
        }
    }

    fn owned_headers(&self) -> OwnedHeaders {
        let mut headers = OwnedHeaders::new_with_capacity(self.headers.len());
        for (key, value) in &self.headers {
            headers = headers.insert(Header { key, value: Some(value.as_ref()) });
        }
        headers
    }

    /// About how many bytes it has.
    pub(super) fn length(&self) -> usize {
        self.document.len() + self.key.map_or(0, str::len) + OVERHEAD
    }
}

/// The messages of a batch, in order.
pub(super) fn messages<'b>(batch: &'b MappedBatch, config: &KafkaOutputConfig) -> Vec<Message<'b>> {
    let now = Utc::now().timestamp_millis();
    let mut messages = Vec::with_capacity(batch.outcomes.len());
    let mut labels = Labels::default();
    for (place, entry) in batch.entries().enumerate() {
        let (Some(id), Some(document)) = (entry.outcome.id(), entry.document) else { continue };
        // What has no delivery is its own.
        let key = match config.key {
            MessageKey::Delivery => Some(entry.outcome.delivery_id().unwrap_or(id)),
            MessageKey::None => None,
        };
        let mut headers = vec![("content-type", Cow::Borrowed("application/json")), ("exotrace-id", Cow::Borrowed(id))];
        headers.extend(batch.tenant.as_deref().map(|tenant| ("exotrace-tenant", Cow::Borrowed(tenant))));
        if let Some(mapping) = entry.mapping {
            headers.extend(labels.of(mapping));
        }
        let timestamp = timestamp(entry.outcome, now);
        messages.push(Message { place, document, key, timestamp, headers });
    }
    messages
}

/// Brokers refuse a time in the future, and with it all messages that go with it.
fn timestamp(outcome: &Outcome, now: i64) -> Option<i64> {
    let timestamp = outcome.timestamp()?.timestamp_millis();
    (timestamp > 0).then(|| timestamp.min(now))
}

/// The headers about a mapping, which nearly all documents of a batch share.
#[derive(Default)]
struct Labels {
    of: Option<(String, String, String)>,
}

impl Labels {
    fn of<'l>(&mut self, mapping: &MappedBy) -> [(&'static str, Cow<'l, str>); 2] {
        let MappedBy { version, digest, schema, .. } = mapping;
        let label = match &self.of {
            Some((known, label, schema)) if known == digest => (label.clone(), schema.clone()),
            _ => {
                let label = (format!("{version}@sha256:{digest}"), format!("{}/{}", schema.name, schema.version));
                self.of = Some((digest.clone(), label.0.clone(), label.1.clone()));
                label
            }
        };
        [("exotrace-mapping", Cow::Owned(label.0)), ("exotrace-schema", Cow::Owned(label.1))]
    }
}

/// The topic for a batch.
///
/// # Errors
///
/// When the topic is to have the tenant in it, and nobody knows it.
pub(super) fn topic(batch: &MappedBatch, config: &KafkaOutputConfig) -> Result<String, KafkaClientError> {
    if !config.topic.contains("{tenant}") {
        return Ok(config.topic.clone());
    }
    match batch.tenant.as_deref() {
        Some(tenant) => Ok(config.topic.replace("{tenant}", tenant)),
        None => Err(KafkaClientError::NoTenant { topic: config.topic.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{Duration, Utc};

    use super::*;

    #[test]
    fn a_message_is_never_of_the_future() {
        let of = |timestamp| Outcome::Mapped { id: String::new(), delivery_id: String::new(), timestamp, length: 0 };
        let now = Utc::now();
        assert_eq!(
            timestamp(&of(now - Duration::hours(1)), now.timestamp_millis()),
            Some((now - Duration::hours(1)).timestamp_millis())
        );
        assert_eq!(timestamp(&of(now + Duration::days(1)), now.timestamp_millis()), Some(now.timestamp_millis()));
        assert_eq!(timestamp(&of(chrono::DateTime::UNIX_EPOCH), now.timestamp_millis()), None);
    }
}
