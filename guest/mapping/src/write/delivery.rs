//! The layout with all that ECS has for a delivery (guest/docs/facts/mapping-3.0.md).

mod details;
pub(super) mod email;
mod event;
pub(super) mod message;
mod network;
mod people;

pub(crate) use details::{DETAILS_ACTION, push_details_document};

use crate::{
    context::MappingContext,
    document::Document,
    endpoint::Addresses,
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
    network::push_endpoint(out, context, r#""destination":{"#, destination);
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
    network::push_network(out, context, document);
    out.push_ascii(br#""observer":{"product":"Exchange Online","type":"mail-gateway","vendor":"Microsoft"},"#);
    out.push_str(&context.settings.fields.organization);
    people::push_related(out, context, document, &addresses);
    network::push_endpoint(out, context, r#""source":{"#, source);
    push_tags(out, r#""tags":["#, context, !document.failures.is_empty());
    people::push_user(out, document.direction, &addresses);
    out.push_str(&context.settings.fields.document);
    out.close(start, b"}");
    out.pop(); // the comma
    event_id.map(|place| place - start)
}
