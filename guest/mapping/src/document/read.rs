//! Finds out all that a document will say.

use super::{Direction, Document, Ends, EventDates, Party, Workshop};
use crate::{
    DropReason,
    date::Instant,
    failure::{Failure, FailureReason, Shortened},
    json::{Kind, Raw, Scanner, decode},
    record::{Property, Record},
    settings::equal_ignoring_case,
};

impl Workshop {
    /// Why a record is dropped on purpose, if it is (rows 4 and 4b).
    pub(crate) fn drop_reason(&self, record: &Record<'_>) -> Option<DropReason> {
        let rows = record.get(Property::Value);
        if rows.kind == Kind::Array && is_empty_array(&rows) {
            return Some(DropReason::EmptyPage);
        }
        let status = record.get(Property::Status);
        if status.is_string() && !self.settings.drop_status.is_empty() {
            let status = decode(&status);
            let is_one = self.settings.drop_status.iter().any(|drop| equal_ignoring_case(drop, &status));
            return is_one.then_some(DropReason::Status);
        }
        None
    }

    /// Reads a record, whose networks may be known already.
    pub(crate) fn read<'a>(&mut self, record: Record<'a>, networks: Ends) -> Document<'a> {
        let mut failures = Vec::new();
        let status = record.get(Property::Status);
        if status.present().is_some_and(|status| !status.is_string()) {
            failures.push(Failure::wrong_type(Property::Status.name(), status.text));
        }
        let received = received(&record, &mut failures);
        let dates = if self.version.query_dates {
            EventDates {
                start: query_date(&record, Property::StartDate, &mut failures),
                end: query_date(&record, Property::EndDate, &mut failures),
            }
        } else {
            EventDates::default()
        };
        let source = self.sender(&record, networks.source, &mut failures);
        let destination = self.recipient(&record, networks.destination, &mut failures);
        let direction = self.settings.local_domains.are_given().then_some(
            match (self.is_local(&source), self.is_local(&destination)) {
                (true, true) => Direction::Internal,
                (true, false) => Direction::Outbound,
                (false, true) => Direction::Inbound,
                (false, false) => Direction::External,
            },
        );
        Document { record, is_record: true, source, destination, direction, received, dates, failures }
    }

    /// Takes down what the document's `_id` is made of (row 29). That of a failed document is made of the whole
    /// record: what it lacks may be all that tells it from another.
    pub(crate) fn take_fingerprint(&mut self, document: &Document<'_>, line: &str) {
        let Self { fingerprints, addresses, .. } = self;
        let text = |party: &Party| party.address.map(|place| addresses.get(place).text());
        if document.failures.is_empty() {
            let record = &document.record;
            let present = |property| record.get(property).present().unwrap_or(Raw::MISSING);
            fingerprints.add(&present(Property::Size));
            text(&document.source).into_iter().for_each(|text| fingerprints.add_text(text));
            fingerprints.add(&present(Property::MessageTraceId));
            fingerprints.add(&present(Property::MessageId));
            fingerprints.add(&present(Property::Subject));
            text(&document.destination).into_iter().for_each(|text| fingerprints.add_text(text));
            let status = record.get(Property::Status);
            fingerprints.add(&if self.version.empty_status_counts { status } else { present(Property::Status) });
        }
        fingerprints.end(line);
    }
}

fn is_empty_array(raw: &Raw<'_>) -> bool {
    let mut is_empty = true;
    Scanner::new(raw.text).elements(0, |_| is_empty = false).expect("scanned before");
    is_empty
}

/// The date of receipt, which becomes `@timestamp` (row 18).
fn received(record: &Record<'_>, failures: &mut Vec<Failure>) -> Option<Instant> {
    let Some(raw) = record.get(Property::Received).present() else {
        failures.push(if record.get(Property::Value).kind == Kind::Array {
            Failure::new(FailureReason::PageNotSplit, "record is a page whose rows were not split: `value` is an array")
        } else {
            Failure::new(
                FailureReason::MissingDate,
                "there is no date of receipt: neither `Received` nor `receivedDateTime`",
            )
        });
        return None;
    };
    date(&raw, Property::Received, failures)
}

/// `StartDate` or `EndDate`; an empty one is a failure, for it is not null (row 19).
fn query_date(record: &Record<'_>, property: Property, failures: &mut Vec<Failure>) -> Option<Instant> {
    let raw = record.get(property);
    if raw.kind == Kind::Null { None } else { date(&raw, property, failures) }
}

fn date(raw: &Raw<'_>, property: Property, failures: &mut Vec<Failure>) -> Option<Instant> {
    let text = match raw.kind {
        Kind::Plain | Kind::Escaped | Kind::Surrogate => decode(raw),
        Kind::Number => raw.text.into(),
        _ => {
            failures.push(Failure::wrong_type(property.name(), raw.text));
            return None;
        }
    };
    let date = Instant::parse(&text);
    if date.is_none() {
        let message = format!("`{}` is not a date: `{}`", property.name(), Shortened(&text));
        failures.push(Failure::new(FailureReason::InvalidDate, message));
    }
    date
}
