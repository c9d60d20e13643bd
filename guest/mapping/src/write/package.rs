//! The layout of Elastic's package.

mod email;
mod endpoint;
mod event;
mod user;

use crate::{
    context::MappingContext,
    document::Document,
    endpoint::Addresses,
    json::Buffer,
    outcome::Origin,
    write::parts::{push_failures, push_log, push_record, push_schema, push_tags, push_timestamp},
};

/// Writes a document; `line` is the record's own text, `offset` where it begins in its batch.
#[inline(always)]
pub(crate) fn push_document(
    out: &mut Buffer<'_>,
    context: &MappingContext,
    document: &Document<'_>,
    line: &str,
    offset: usize,
    origin: &Origin,
) {
    let Document { source, destination, .. } = document;
    let addresses = Addresses { sender: source.address(context), recipient: destination.address(context) };
    let start = out.len();
    out.push(b'{');
    push_timestamp(out, document, origin);
    endpoint::push_endpoint(out, context, r#""destination":{"#, destination);
    push_schema(out, context);
    email::push_email(out, document, &addresses);
    push_failures(out, context, &document.failures);
    event::push_event(out, context, document, line, origin);
    push_log(out, context, offset, origin);
    push_record(out, document.record.members, line);
    user::push_related(out, &addresses);
    endpoint::push_endpoint(out, context, r#""source":{"#, source);
    push_tags(out, r#""tags":["#, context, !document.failures.is_empty());
    user::push_user(out, document.direction, &addresses);
    out.push_str(&context.settings.fields.document);
    out.close(start, b"}");
    out.pop(); // the comma
}
