//! A row of message trace as people see it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::support::property::{Property, pick};

/// A row of message trace as people see it. Holds personal data: not for logs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TracedRow {
    /// When the message was received.
    pub received: Option<DateTime<Utc>>,
    /// What the service knows the message by.
    pub trace_id: Option<String>,
    /// The header `Message-ID`.
    pub message_id: Option<String>,
    /// Who sent it.
    pub sender: Option<String>,
    /// Who was to get it.
    pub recipient: Option<String>,
    /// The subject.
    pub subject: Option<String>,
    /// What became of it.
    pub status: Option<String>,
    /// In bytes.
    pub size: Option<u64>,
    /// Where it came from.
    pub from_ip: Option<String>,
    /// Where it went.
    pub to_ip: Option<String>,
}

impl TracedRow {
    /// What a record says; nothing when it is not a JSON object.
    pub(crate) fn of(record: &str, received: Option<DateTime<Utc>>) -> Self {
        use Property::{
            FromIp, MessageId, MessageTraceId, RecipientAddress, SenderAddress, Size, Status, Subject, ToIp,
        };
        let properties =
            [MessageTraceId, MessageId, SenderAddress, RecipientAddress, Subject, Status, FromIp, ToIp, Size];
        let [trace_id, message_id, sender, recipient, subject, status, from_ip, to_ip, size] =
            pick(record, properties).unwrap_or_default();
        Self {
            received,
            trace_id: text(trace_id),
            message_id: text(message_id),
            sender: text(sender),
            recipient: text(recipient),
            subject: text(subject),
            status: text(status),
            size: size.and_then(|size| serde_json::from_str(size.get()).ok()),
            from_ip: text(from_ip),
            to_ip: text(to_ip),
        }
    }

    /// How much memory its texts need, in bytes.
    pub(super) fn length(&self) -> usize {
        let Self { trace_id, message_id, sender, recipient, subject, status, from_ip, to_ip, .. } = self;
        let texts = [trace_id, message_id, sender, recipient, subject, status, from_ip, to_ip];
        texts.into_iter().flatten().map(String::len).sum()
    }
}

/// A text that is not empty.
fn text(value: Option<&RawValue>) -> Option<String> {
    serde_json::from_str::<String>(value?.get()).ok().filter(|text| !text.is_empty())
}
