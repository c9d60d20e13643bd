//! Writes a document from front to back.

mod email;
mod endpoint;
mod event;
mod user;

use std::ops::Range;

use crate::{
    bytes::Bytes,
    context::MappingContext,
    date::Instant,
    document::{Document, PendingOutcome},
    document_id,
    endpoint::Addresses,
    failure::Failure,
    json::{Buffer, copy_pruned, push_key},
    outcome::Origin,
    record::RecordMember,
    session_settings::PRESERVE_TAG,
};

/// How much room a document gets to begin with, in bytes, beside four times the length of its record: the record itself,
/// once more in fields of its own, and, with its quotes escaped, in `event.original`.
const ROOM_BYTES: usize = 4096;

/// Writes a document; `line` is the record's own text, `offset` where it begins in its batch.
pub(crate) fn write(
    context: &mut MappingContext,
    document: &Document<'_>,
    line: &str,
    offset: usize,
    origin: &Origin,
    out: &mut Bytes,
) -> PendingOutcome {
    let start = out.len();
    let mut room = ROOM_BYTES + 4 * line.len();
    let length = loop {
        let mut buffer = Buffer::new(out.room(room));
        push_document(&mut buffer, context, document, line, offset, origin);
        if let Some(length) = buffer.finished() {
            break length;
        }
        out.truncate(start);
        room *= 2;
    };
    out.truncate(start + length);
    let has_delivery = document_id::add(context, document, line);
    let failure = document.failures.first().map(|failure| failure.reason);
    PendingOutcome { timestamp: document.received.map(Instant::milliseconds), length, failure, has_delivery }
}

#[inline(always)]
fn push_document(
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
    let read_at = origin.read_at.and_then(Instant::from_milliseconds);
    if let Some(timestamp) = document.received.or(read_at) {
        out.push_ascii(br#""@timestamp":""#);
        out.push_ascii(timestamp.text());
        out.push_ascii(b"\",");
    }
    endpoint::push_endpoint(out, context, r#""destination":{"#, destination);
    out.push_ascii(br#""ecs":{"version":""#);
    out.push_str(context.version.schema.version);
    out.push_ascii(b"\"},");
    email::push_email(out, document, &addresses);
    push_failures(out, &document.failures);
    event::push_event(out, context, document, line, origin);
    push_log(out, context, offset, origin);
    push_record(out, document.record.members, line);
    user::push_related(out, &addresses);
    endpoint::push_endpoint(out, context, r#""source":{"#, source);
    push_tags(out, context, !document.failures.is_empty());
    user::push_user(out, document.direction, &addresses);
    out.push_str(&context.settings.fields.document);
    out.close(start, b"}");
    out.pop(); // the comma
}

/// `log.file.path` and `log.offset`, when the record comes from a file (section 4).
#[inline(always)]
fn push_log(out: &mut Buffer<'_>, context: &MappingContext, offset: usize, origin: &Origin) {
    let start = out.len();
    out.push_ascii(br#""log":{"#);
    if let Some(file) = &origin.file {
        let offset = (file.offset + offset as u64).to_string();
        out.push_ascii(br#""file":{"path":"#);
        out.push_string(&file.path);
        out.push_ascii(br#"},"offset":"#);
        out.push_str(&offset);
        out.push(b',');
    }
    out.push_str(&context.settings.fields.log);
    out.close(start, b"}");
}

#[inline(always)]
fn push_tags(out: &mut Buffer<'_>, context: &MappingContext, has_failed: bool) {
    let start = out.len();
    out.push_ascii(br#""tags":["#);
    out.push_str(&context.settings.tags);
    if has_failed && context.version.tags_failures && !context.settings.preserve_original_event {
        out.push_string(PRESERVE_TAG);
        out.push(b',');
    }
    out.close(start, b"]");
}

#[inline(always)]
fn push_failures(out: &mut Buffer<'_>, failures: &[Failure]) {
    if failures.is_empty() {
        return;
    }
    let start = out.len();
    out.push_ascii(br#""error":{"message":["#);
    for failure in failures {
        out.push_string(&failure.message);
        out.push(b',');
    }
    out.close(start, b"]}");
}

/// The record as it came, under its own names, without what is empty (rows 3, 3b and 32).
#[inline(always)]
fn push_record(out: &mut Buffer<'_>, members: &[RecordMember<'_>], line: &str) {
    let start = out.len();
    out.push_ascii(br#""microsoft":{"online_message_trace":{"#);
    let mut members = members.iter().peekable();
    while let Some(member) = members.next() {
        if member.is_verbatim() {
            // Nothing but a comma stands between members that are next to each other: all of them are copied at once.
            let Range { start, mut end } = member.json.place;
            while let Some(next) = members.next_if(|next| next.json.place.start == end + 1 && next.is_verbatim()) {
                end = next.json.place.end;
            }
            out.push_str(line.get(start..end).unwrap_or_default());
            out.push(b',');
            continue;
        }
        if member.json.value.is_empty() {
            continue;
        }
        let before = out.len();
        push_key(out, &member.key());
        if copy_pruned(out, &member.json.value) {
            out.push(b',');
        } else {
            out.truncate(before);
        }
    }
    out.close(start, b"}}");
}
