//! What a property of a row is compared with. Upper and lower case are the same everywhere.

use crate::Row;

/// A property that can be compared with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Property {
    Id,
    MessageId,
    Status,
    Recipient,
    Sender,
    Subject,
    FromIp,
    ToIp,
}

/// What a property has to be. The texts are in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Comparison {
    Equals(String),
    StartsWith(String),
    EndsWith(String),
    Contains(String),
}

impl Property {
    /// Returns the property of that name, if there is one.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "id" => Some(Self::Id),
            "messageId" => Some(Self::MessageId),
            "status" => Some(Self::Status),
            "recipientAddress" => Some(Self::Recipient),
            "senderAddress" => Some(Self::Sender),
            "subject" => Some(Self::Subject),
            "fromIP" => Some(Self::FromIp),
            "toIP" => Some(Self::ToIp),
            _ => None,
        }
    }

    /// Returns what `eq` with this text asks of the property.
    pub(super) fn equal_to(self, text: &str) -> Comparison {
        let text = text.to_lowercase();
        // `*@` before a domain is the one wildcard there is.
        match text.strip_prefix('*') {
            Some(domain) if self.is_address() && domain.starts_with('@') => Comparison::EndsWith(domain.to_owned()),
            _ => Comparison::Equals(text),
        }
    }

    /// Returns the property's value in a row.
    pub(super) fn of(self, row: &Row) -> Option<&str> {
        match self {
            Self::Id => Some(&row.id),
            Self::MessageId => row.message_id.as_deref(),
            Self::Status => Some(row.status.as_str()),
            Self::Recipient => Some(&row.recipient),
            Self::Sender => Some(&row.sender),
            Self::Subject => row.subject.as_deref(),
            Self::FromIp => row.from_ip.as_deref(),
            Self::ToIp => row.to_ip.as_deref(),
        }
    }

    fn is_address(self) -> bool {
        matches!(self, Self::Recipient | Self::Sender)
    }
}

impl Comparison {
    /// Returns what a function of that name asks for, if it is supported.
    pub(super) fn by_function(name: &str, text: &str) -> Option<Self> {
        let text = text.to_lowercase();
        match name.to_ascii_lowercase().as_str() {
            "startswith" => Some(Self::StartsWith(text)),
            "endswith" => Some(Self::EndsWith(text)),
            "contains" => Some(Self::Contains(text)),
            _ => None,
        }
    }

    /// Whether a value is what this asks for; an absent one never is.
    pub(super) fn holds(&self, value: Option<&str>) -> bool {
        let Some(value) = value else {
            return false;
        };
        let value = value.to_lowercase();
        match self {
            Self::Equals(text) => value == *text,
            Self::StartsWith(text) => value.starts_with(text),
            Self::EndsWith(text) => value.ends_with(text),
            Self::Contains(text) => value.contains(text),
        }
    }
}
