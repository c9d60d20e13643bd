//! The layout with all that ECS has for a delivery (guest/docs/facts/mapping-3.0.md).

mod email;
mod event;
mod message;
mod people;

use crate::{
    context::MappingContext,
    document::{Direction, Document},
    endpoint::{Addresses, Endpoint},
    json::Buffer,
    outcome::Origin,
    write::hidden_record::push_hidden_record,
    write::parts::{push_failures, push_log, push_record, push_schema, push_tags, push_timestamp},
};

/// Writes a document; `line` is the record's own text, `offset` where it begins in its batch. Returns the place in the
/// document for the 28 characters of `event.id`, which are not known yet.
#[inline(always)]
pub(crate) fn push_document(
    out: &mut Buffer<'_>,
    context: &MappingContext,
    document: &Document<'_>,
    line: &str,
    offset: usize,
    origin: &Origin,
) -> Option<usize> {
    let Document { source, destination, .. } = document;
    let addresses = Addresses { sender: source.address(context), recipient: destination.address(context) };
    let start = out.len();
    out.push(b'{');
    push_timestamp(out, document, origin);
    push_endpoint(out, context, r#""destination":{"#, destination);
    push_schema(out, context);
    email::push_email(out, context, document, &addresses);
    push_failures(out, context, &document.failures);
    let event_id = event::push_event(out, context, document, line, origin);
    push_log(out, context, offset, origin);
    message::push_message(out, document, &addresses);
    match &context.settings.privacy {
        None => push_record(out, document.record.members, line),
        Some(privacy) => out.push_with(|out| push_hidden_record(out, context, document, privacy)),
    }
    push_network(out, context, document);
    out.push_ascii(br#""observer":{"product":"Exchange Online","type":"mail-gateway","vendor":"Microsoft"},"#);
    out.push_str(&context.settings.fields.organization);
    people::push_related(out, context, document, &addresses);
    push_endpoint(out, context, r#""source":{"#, source);
    push_tags(out, context, !document.failures.is_empty());
    people::push_user(out, document.direction, &addresses);
    out.push_str(&context.settings.fields.document);
    out.close(start, b"}");
    out.pop(); // the comma
    event_id.map(|place| place - start)
}

/// Adds `source` or `destination`. Its `address` is the mail domain, or else the IP address.
#[inline(always)]
fn push_endpoint(out: &mut Buffer<'_>, context: &MappingContext, key: &str, endpoint: &Endpoint) {
    let start = out.len();
    out.push_str(key);
    let address = endpoint.address(context);
    let network = endpoint.network(context);
    let domain = address.map_or("", |address| &address.hosts[0]);
    let raw = if domain.is_empty() { network.map_or("", |network| &network.ip_json) } else { domain };
    if !raw.is_empty() {
        out.push_ascii(br#""address":"#);
        out.push_str(raw);
        out.push(b',');
    }
    if let Some(network) = network {
        out.push_str(&network.members);
    }
    if let Some(address) = address {
        out.push_str(&address.members);
    }
    out.close(start, b"}");
}

/// Adds `network`. That a message went over the internet is known of one that has an IP address and crossed the tenant's
/// border.
#[inline(always)]
fn push_network(out: &mut Buffer<'_>, context: &MappingContext, document: &Document<'_>) {
    let Some(direction) = document.direction else { return };
    out.push_ascii(br#""network":{"direction":""#);
    out.push_str(direction.name());
    let has_ip = document.source.network(context).is_some() || document.destination.network(context).is_some();
    if has_ip && direction != Direction::Internal {
        out.push_ascii(br#"","protocol":"smtp"#);
    }
    out.push_ascii(b"\"},");
}
