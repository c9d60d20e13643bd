//! `unmapped`: what OCSF has no attribute for, under the names of Graph, and in `exotrace` what is not of the record.

use exotrace_details::DeliveryDetails;

use super::email::long_size;
use crate::{
    context::MappingContext,
    date::Instant,
    document::Document,
    endpoint::Endpoint,
    json::{Buffer, Kind, Raw, copy_pruned, decode, push_key},
    outcome::Origin,
    property::Property,
    record::RecordMember,
    write::{
        hidden_record::push_other,
        parts::{push_failures, push_hidden_text, push_log},
        shown::Shown,
        steps::{push_steps, push_tls},
    },
};

/// The member for what is not of the record. None of the services has a property of this name; of a record that has one,
/// it is left out.
const OURS: &str = "exotrace";

/// The name of the steps, of which a record may have a member too: the steps take its place.
const STEPS: &str = "details";

/// What there is beside the record.
pub(super) struct Steps<'a> {
    pub(super) details: &'a DeliveryDetails,
    pub(super) shown: &'a Shown<'a>,
    /// Whether the document has another IP address of the last server than the record.
    pub(super) has_other_ip: bool,
}

/// Adds `unmapped`, unless everything is mapped.
#[inline(always)]
pub(super) fn push_unmapped(
    out: &mut Buffer<'_>,
    context: &MappingContext,
    document: &Document<'_>,
    offset: usize,
    origin: &Origin,
    steps: Option<&Steps<'_>>,
) {
    let start = out.len();
    out.push_ascii(br#""unmapped":{"#);
    let begin = out.len();
    let fields = &context.settings.fields;
    out.push_ascii(br#""exotrace":{"#);
    push_failures(out, context, &document.failures);
    out.push_str(&fields.document);
    let event = out.len();
    out.push_ascii(br#""event":{"#);
    out.push_str(&fields.event);
    out.close(event, b"}");
    push_log(out, context, offset, origin);
    out.close(begin, b"}");
    if context.settings.privacy.is_some() {
        out.push_with(|out| push_hidden(out, context, document));
    } else {
        let is_elsewhere = |member: &&RecordMember<'_>| match (steps, member.property) {
            (Some(_), None) if decode(&member.json.key) == STEPS => true,
            (Some(steps), Some(Property::ToIp)) if steps.has_other_ip => false,
            _ => is_mapped(context, document, member),
        };
        for member in document.record.members.iter().filter(|member| !is_elsewhere(member)) {
            out.push_with(|out| push_member(out, member));
        }
    }
    if let Some(Steps { details, shown, .. }) = steps {
        push_steps(out, details, shown, |out| push_tls(out, details, shown));
    }
    out.close(start, b"}");
}

/// Whether a document says somewhere else what a member of its record says.
fn is_mapped(context: &MappingContext, document: &Document<'_>, member: &RecordMember<'_>) -> bool {
    let value = &member.json.value;
    let is_email = |endpoint: &Endpoint| endpoint.address(context).is_some_and(|address| address.is_email);
    let has_ip = |endpoint: &Endpoint| endpoint.network(context).is_some();
    let Some(property) = member.property else { return decode(&member.json.key) == OURS };
    match property {
        Property::EndDate | Property::StartDate | Property::Value => false,
        Property::FromIp => has_ip(&document.source),
        Property::ToIp => has_ip(&document.destination),
        Property::SenderAddress => is_email(&document.source),
        Property::RecipientAddress => is_email(&document.destination),
        Property::MessageId | Property::MessageTraceId | Property::Status | Property::Subject => value.is_string(),
        Property::Received => value.is_string() || value.kind == Kind::Number,
        Property::Size => long_size(document).is_some(),
    }
}

/// Adds a member of the record without what is empty in it.
#[inline(never)]
fn push_member(out: &mut Buffer<'_>, member: &RecordMember<'_>) {
    if member.json.value.is_empty() {
        return;
    }
    let start = out.len();
    match member.property {
        Some(property) => push_name(out, property),
        None => push_key(out, &member.key()),
    }
    if copy_pruned(out, &member.json.value) {
        out.push(b',');
    } else {
        out.truncate(start);
    }
}

/// Adds the key of a property: what Graph calls it, if Graph has it.
fn push_name(out: &mut Buffer<'_>, property: Property) {
    out.push_string(property.graph_name().unwrap_or(property.name()));
    out.push(b':');
}

/// Adds what is known to say nothing of people, and what stands for the rest.
#[inline(never)]
fn push_hidden(out: &mut Buffer<'_>, context: &MappingContext, document: &Document<'_>) {
    let Document { record, source, destination, .. } = document;
    for member in record.members.iter().filter(|member| member.property.is_none()) {
        push_other(out, &member.json.key, &member.json.value);
    }
    for property in [Property::StartDate, Property::EndDate] {
        if let Some(value) = record.get(property).present().filter(Raw::is_string) {
            let text = decode(&value);
            let is_date = Instant::parse(&text).is_some();
            push_hidden_text(out, &name(property), is_date.then(|| text.into_owned()));
        }
    }
    for (property, endpoint) in [(Property::SenderAddress, source), (Property::RecipientAddress, destination)] {
        if let Some(address) =
            endpoint.address(context).filter(|address| !address.is_email && !address.json().is_empty())
        {
            push_name(out, property);
            out.push_str(address.json());
            out.push(b',');
        }
    }
    let size = record.get(Property::Size);
    if size.kind == Kind::Number && long_size(document).is_none() {
        push_name(out, Property::Size);
        out.push_str(size.text);
        out.push(b',');
    }
}

fn name(property: Property) -> String {
    format!("\"{}\":", property.name())
}
