//! One row of the message trace: one message as one recipient got it.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};

/// One row of the message trace. Its JSON has the live service's property order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The trace id, shared by all rows of the message.
    pub id: String,
    /// The `Message-ID` header.
    pub message_id: Option<String>,
    /// How delivery to this recipient stands.
    pub status: Status,
    /// When Exchange Online received the message: whole milliseconds.
    #[serde(rename = "receivedDateTime", serialize_with = "milliseconds")]
    pub received: DateTime<Utc>,
    /// The addressee.
    #[serde(rename = "recipientAddress")]
    pub recipient: String,
    /// The purported sender; `<>` for a bounce.
    #[serde(rename = "senderAddress")]
    pub sender: String,
    /// The subject.
    pub subject: Option<String>,
    /// The size in bytes, which may differ between recipients.
    pub size: u32,
    /// Where the message came from.
    #[serde(rename = "fromIP")]
    pub from_ip: Option<String>,
    /// Where the message went; empty for inbound mail.
    #[serde(rename = "toIP")]
    pub to_ip: Option<String>,
}

impl Row {
    /// Compares by the place in an answer: newest first, then by recipient.
    pub(crate) fn cmp_place(&self, other: &Self) -> Ordering {
        other.received.cmp(&self.received).then_with(|| self.recipient.cmp(&other.recipient))
    }
}

/// How delivery of a message to a recipient stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Not known yet.
    GettingStatus,
    /// Still trying.
    Pending,
    /// Refused or given up.
    Failed,
    /// In the mailbox, or handed to the next server.
    Delivered,
    /// The row of a group, whose members have rows of their own.
    Expanded,
    /// Held back.
    Quarantined,
    /// Marked as spam.
    FilteredAsSpam,
    /// Taken back by the sender. Shown only to a client that wants newer statuses.
    Recalled,
    /// Written as no other row has it.
    Odd(&'static str),
}

impl Status {
    /// Returns the name in an answer.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GettingStatus => "gettingStatus",
            Self::Pending => "pending",
            Self::Failed => "failed",
            Self::Delivered => "delivered",
            Self::Expanded => "expanded",
            Self::Quarantined => "quarantined",
            Self::FilteredAsSpam => "filteredAsSpam",
            Self::Recalled => "recalled",
            Self::Odd(text) => text,
        }
    }
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

fn milliseconds<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&time.format("%Y-%m-%dT%H:%M:%S%.3fZ"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_has_the_live_property_order() {
        let row = Row {
            id: "11111111-2222-4333-8444-555555555555".to_owned(),
            message_id: None,
            status: Status::FilteredAsSpam,
            received: DateTime::from_timestamp_millis(1_770_722_158_842).unwrap(),
            recipient: "ann@contoso.com".to_owned(),
            sender: "<>".to_owned(),
            subject: Some("hello".to_owned()),
            size: 7,
            from_ip: Some("192.0.2.1".to_owned()),
            to_ip: Some(String::new()),
        };
        assert_eq!(
            serde_json::to_string(&row).unwrap(),
            concat!(
                r#"{"id":"11111111-2222-4333-8444-555555555555","messageId":null,"#,
                r#""status":"filteredAsSpam","receivedDateTime":"2026-02-10T11:15:58.842Z","#,
                r#""recipientAddress":"ann@contoso.com","senderAddress":"<>","#,
                r#""subject":"hello","size":7,"fromIP":"192.0.2.1","toIP":""}"#,
            )
        );
    }
}
