//! Writes a message that has to be there before anything goes on.

use std::{
    sync::{
        Arc,
        mpsc::{SyncSender, sync_channel},
    },
    time::Duration,
};

use rdkafka::{
    producer::{BaseRecord, ThreadedProducer},
    types::RDKafkaErrorCode,
};

use crate::kafka::{
    ClientNotes, DeliveryTicket, KafkaClient, KafkaClientConfig, KafkaClientError, NotingContext, code_of,
};

/// The longest that brokers may take to acknowledge a message.
const LIMIT: Duration = Duration::from_secs(20);

/// Writes a message to the first partition of a topic, and waits until it is there; without a value, what was there by this
/// key is gone. Blocks.
pub(super) fn write(
    config: &KafkaClientConfig,
    topic: &str,
    key: &str,
    value: Option<&[u8]>,
) -> Result<(), KafkaClientError> {
    let notes = Arc::new(ClientNotes::default());
    let client = KafkaClient::new(config)?;
    let mut settings = client.settings;
    let limit = LIMIT.as_millis().to_string();
    for (key, value) in [("acks", "all"), ("enable.idempotence", "true"), ("message.timeout.ms", &limit)] {
        settings.set(key, value);
    }
    let what = || format!("could not write to topic `{topic}`");
    let made = settings.create_with_context(NotingContext::new(&notes, client.tokens));
    let producer: ThreadedProducer<NotingContext<WrittenTicket>> =
        made.map_err(|error| KafkaClientError::refused("could not set up the client".to_owned(), &error))?;
    let (written, answer) = sync_channel(1);
    let mut record: BaseRecord<'_, str, [u8], _> =
        BaseRecord::with_opaque_to(topic, Box::new(WrittenTicket(written))).partition(0).key(key);
    record.payload = value;
    let sent = producer.send(record);
    sent.map_err(|(error, _)| KafkaClientError::Refused { what: what(), code: code_of(&error) })?;
    match answer.recv_timeout(LIMIT) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(RDKafkaErrorCode::MessageTimedOut)) | Err(_) => Err(notes.unreachable(config)),
        Ok(Err(code)) => {
            let refused = KafkaClientError::Refused { what: what(), code };
            Err(notes.mendable(config).unwrap_or(refused))
        }
    }
}

/// Hears that the message is written.
struct WrittenTicket(SyncSender<Result<(), RDKafkaErrorCode>>);

impl DeliveryTicket for WrittenTicket {
    fn delivered(self, result: Result<i64, RDKafkaErrorCode>) {
        // Who waited may have gone.
        self.0.send(result.map(|_| ())).ok();
    }
}
