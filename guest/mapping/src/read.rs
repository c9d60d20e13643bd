//! Reads a record: finds out all that its document will say.

use crate::{
    context::MappingContext,
    date::Instant,
    document::{Direction, Document, EventDates},
    endpoint::{Endpoint, EndpointNetworks},
    failure::{Failure, FailureReason},
    ignore_case::equal_ignoring_case,
    json::{Kind, Raw, Scanner, decode},
    outcome::DropReason,
    property::Property,
    record::Record,
    status::{Status, is_plain},
    version::Layout,
};

/// Why a record is dropped on purpose, if it is (rows 4 and 4b).
pub(crate) fn drop_reason(context: &MappingContext, record: &Record<'_>) -> Option<DropReason> {
    let rows = record.get(Property::Value);
    if rows.kind == Kind::Array && is_empty_array(&rows) {
        return Some(DropReason::EmptyPage);
    }
    let status = record.get(Property::Status);
    let drop_status = &context.settings.drop_status;
    if status.is_string() && !drop_status.is_empty() {
        let status = decode(&status);
        let is_one = drop_status.iter().any(|drop| equal_ignoring_case(drop, &status));
        return is_one.then_some(DropReason::Status);
    }
    None
}

/// Reads a record, whose networks are in the cache.
pub(crate) fn read<'a>(context: &mut MappingContext, record: Record<'a>, networks: EndpointNetworks) -> Document<'a> {
    let mut failures = Vec::new();
    let status = record.get(Property::Status);
    if status.present().is_some_and(|status| !status.is_string()) {
        failures.push(Failure::wrong_type(Property::Status.name(), status.text));
    }
    if context.version.types_are_checked {
        check_types(&record, &mut failures);
    }
    let received = received(&record, &mut failures);
    let dates = if context.version.query_dates {
        EventDates {
            start: query_date(&record, Property::StartDate, &mut failures),
            end: query_date(&record, Property::EndDate, &mut failures),
        }
    } else {
        EventDates::default()
    };
    let source = Endpoint::source(context, &record, networks.source, &mut failures);
    let destination = Endpoint::destination(context, &record, networks.destination, &mut failures);
    let direction = context.settings.local_domains.are_given().then_some(
        match (source.is_local(context), destination.is_local(context)) {
            (true, true) => Direction::Internal,
            (true, false) => Direction::Outbound,
            (false, true) => Direction::Inbound,
            (false, false) => Direction::External,
        },
    );
    let status = match context.version.layout {
        Layout::Delivery | Layout::Ocsf if status.is_string() => {
            Some(decode(&status)).filter(|text| is_shown(context, text)).map_or(Status::NONE, |text| Status::of(&text))
        }
        _ => Status::NONE,
    };
    Document { record, is_record: true, source, destination, direction, received, dates, status, failures }
}

/// Whether a status is shown: where people are hidden, one that looks like those of the services.
fn is_shown(context: &MappingContext, status: &str) -> bool {
    context.settings.privacy.is_none() || is_plain(status)
}

/// Properties that are written where the store takes a text or a number only.
fn check_types(record: &Record<'_>, failures: &mut Vec<Failure>) {
    for property in [Property::MessageTraceId, Property::MessageId, Property::Subject, Property::Size] {
        let value = record.get(property);
        let is_right = match value.kind {
            Kind::Null | Kind::Plain | Kind::Escaped | Kind::Surrogate => true,
            Kind::Number => property == Property::Size,
            Kind::Bool | Kind::Array | Kind::Object => false,
        };
        if !is_right {
            failures.push(Failure::wrong_type(property.name(), value.text));
        }
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
            let (name, graph_name) = (Property::Received.name(), Property::Received.graph_name().unwrap_or_default());
            let message = format_args!("there is no date of receipt: neither `{name}` nor `{graph_name}`");
            Failure::new(FailureReason::MissingDate, message)
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
        let what = format_args!("`{}` is not a date", property.name());
        failures.push(Failure::of_value(FailureReason::InvalidDate, what, &text));
    }
    date
}
