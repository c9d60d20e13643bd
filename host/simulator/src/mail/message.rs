//! A message before it becomes rows.

use chrono::{DateTime, Utc};

use crate::{Row, Status};

/// One message and how it went for each recipient.
pub(super) struct Message {
    pub(super) id: String,
    pub(super) message_id: Option<String>,
    pub(super) sender: String,
    pub(super) subject: Option<String>,
    pub(super) from_ip: Option<String>,
    pub(super) deliveries: Vec<Delivery>,
}

/// How a message went for one recipient.
pub(super) struct Delivery {
    pub(super) recipient: String,
    pub(super) status: Status,
    pub(super) size: u32,
    pub(super) to_ip: Option<String>,
}

impl Message {
    /// Returns a row for each recipient.
    pub(super) fn into_rows(self, received: DateTime<Utc>) -> impl Iterator<Item = Row> {
        let Self { id, message_id, sender, subject, from_ip, deliveries } = self;
        deliveries.into_iter().map(move |delivery| Row {
            id: id.clone(),
            message_id: message_id.clone(),
            status: delivery.status,
            received,
            recipient: delivery.recipient,
            sender: sender.clone(),
            subject: subject.clone(),
            size: delivery.size,
            from_ip: from_ip.clone(),
            to_ip: delivery.to_ip,
        })
    }
}
