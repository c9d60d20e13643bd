//! What is known about a document before it is written.

use crate::{
    date::Instant,
    endpoint::Endpoint,
    failure::{Failure, FailureReason},
    outcome::Outcome,
    record::Record,
    status::Status,
};

/// What is known about a document before it is written.
pub(crate) struct Document<'a> {
    pub(crate) record: Record<'a>,
    /// Whether there is a record at all.
    pub(crate) is_record: bool,
    pub(crate) source: Endpoint,
    pub(crate) destination: Endpoint,
    pub(crate) direction: Option<Direction>,
    pub(crate) received: Option<Instant>,
    pub(crate) dates: EventDates,
    pub(crate) status: Status,
    pub(crate) failures: Vec<Failure>,
}

/// `email.direction` (guest/docs/facts/mapping.md, section 2.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Inbound,
    Outbound,
    Internal,
    External,
}

/// The dates of the query that found the record, which older versions take for the event's own.
#[derive(Default)]
pub(crate) struct EventDates {
    pub(crate) start: Option<Instant>,
    pub(crate) end: Option<Instant>,
}

/// What became of a document, but for its ids, which are worked out for several at a time.
pub(crate) struct PendingOutcome {
    pub(crate) timestamp: Option<i64>,
    /// In bytes.
    pub(crate) length: usize,
    pub(crate) failure: Option<FailureReason>,
    /// Whether what names the delivery was taken down.
    pub(crate) has_delivery: bool,
    /// Where among all documents the ids belong that stand in this one.
    pub(crate) id_places: IdPlaces,
}

/// Where ids belong that are not known when a document is written, if they stand in it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct IdPlaces {
    /// The `_id` of the document.
    pub(crate) document: Option<usize>,
    /// The id of the delivery.
    pub(crate) delivery: Option<usize>,
}

impl Document<'_> {
    /// The document of a line that is not a record: it says why, and keeps the line.
    pub(crate) fn broken(failure: Failure) -> Self {
        Self {
            record: Record::NONE,
            is_record: false,
            source: Endpoint::default(),
            destination: Endpoint::default(),
            direction: None,
            received: None,
            dates: EventDates::default(),
            status: Status::NONE,
            failures: vec![failure],
        }
    }
}

impl Direction {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
            Self::Internal => "internal",
            Self::External => "external",
        }
    }
}

impl IdPlaces {
    /// The same places, counted from where `start` is further on.
    pub(crate) fn after(self, start: usize) -> Self {
        let after = |place: Option<usize>| place.map(|place| start + place);
        Self { document: after(self.document), delivery: after(self.delivery) }
    }
}

impl PendingOutcome {
    /// The outcome, with the document's id and what names the delivery, if anything does.
    pub(crate) fn with_ids(self, id: String, delivery_id: Option<String>) -> Outcome {
        let Self { timestamp, length, failure, .. } = self;
        match (failure, timestamp, delivery_id) {
            (None, Some(timestamp), Some(delivery_id)) => Outcome::Mapped { id, delivery_id, timestamp, length },
            // Without a date there is a failure that says so.
            (failure, timestamp, delivery_id) => {
                let reason = failure.unwrap_or(FailureReason::MissingDate);
                Outcome::Failed { id, delivery_id, timestamp, reason, length }
            }
        }
    }
}
