//! A record together with the steps of its delivery: `{"trace":{…},"details":[{…},…]}`.

use exotrace_details::{DeliveryDetails, Event};

use crate::{
    date::Instant,
    document::Document,
    failure::Failure,
    json::{Kind, Member, Raw, Scanner, decode},
    property::Property,
    record::RecordMember,
};

/// The parts of a line with a record and the steps of its delivery.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DetailsRecord<'a> {
    /// The record, an object.
    pub(crate) trace: Raw<'a>,
    /// The steps, an array if all is well.
    details: Raw<'a>,
}

/// The texts that the document of a line with steps is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DetailsLine<'a> {
    /// The whole line.
    pub(crate) line: &'a str,
    /// The record in it.
    pub(crate) record: &'a str,
    /// Where the line begins in its batch.
    pub(crate) offset: usize,
}

impl<'a> DetailsRecord<'a> {
    /// Finds both among the members of a line; `None` when it has no record in it.
    pub(crate) fn find(members: &[RecordMember<'a>]) -> Option<Self> {
        let value = |name: &str| {
            let named = members.iter().find(|member| decode(&member.json.key) == name);
            named.map(|member| member.json.value)
        };
        let trace = value("trace").filter(|trace| trace.kind == Kind::Object)?;
        Some(Self { trace, details: value("details").unwrap_or(Raw::MISSING) })
    }

    /// Reads the steps. That there are none, and that one is of an unknown form, is not a failure.
    // Apart: rows are many more.
    #[inline(never)]
    pub(crate) fn read(&self, document: &mut Document<'_>) -> DeliveryDetails {
        let status = document.record.get(Property::Status);
        let status = if status.is_string() { decode(&status) } else { "".into() };
        let mut events = Vec::new();
        match self.details.kind {
            Kind::Array => {
                let mut scanner = Scanner::new(self.details.text);
                scanner.elements(0, |element| events.push(event(&element))).expect("scanned before");
            }
            Kind::Null => {}
            _ => document.failures.push(Failure::wrong_type("details", self.details.text)),
        }
        DeliveryDetails::new(&status, events)
    }
}

/// An event under the names of Graph, or of the Reporting Web Service and PowerShell.
fn event(element: &Raw<'_>) -> Event {
    let mut event = Event::default();
    if element.kind != Kind::Object {
        event.description = text(element);
        return event;
    }
    let mut scanner = Scanner::new(element.text);
    let take = |Member { key, value, .. }: Member<'_>| {
        let value = text(&value);
        match decode(&key).to_ascii_lowercase().as_str() {
            "datetime" | "date" => event.at = Instant::parse(&value).map(|instant| instant.milliseconds()),
            "event" => event.name = value,
            "action" => event.action = value,
            "description" | "detail" => event.description = value,
            "data" => event.data = value,
            _ => {}
        }
    };
    scanner.members(0, take).expect("scanned before");
    event
}

/// A text as it is meant, nothing for null, and anything else as it is written.
fn text(value: &Raw<'_>) -> String {
    match value.kind {
        Kind::Null => String::new(),
        _ if value.is_string() => decode(value).into_owned(),
        _ => value.text.to_owned(),
    }
}
