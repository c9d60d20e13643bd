//! `event`.

use crate::{
    context::MappingContext,
    date::Instant,
    delivery_key,
    document::Document,
    guid,
    json::{Buffer, decode},
    outcome::Origin,
    property::Property,
    write::{
        delivery::email::text,
        parts::{is_original_kept, push_date, push_id_place},
    },
};

/// Adds `event`, and returns where its `id` belongs.
#[inline(always)]
pub(crate) fn push_event(
    out: &mut Buffer<'_>,
    context: &MappingContext,
    document: &Document<'_>,
    line: &str,
    origin: &Origin,
) -> Option<usize> {
    let has_failed = !document.failures.is_empty();
    let start = out.len();
    out.push_ascii(br#""event":{"#);
    if document.is_record {
        push_status(out, document);
    }
    push_date(out, r#""created":""#, origin.read_at.and_then(Instant::from_milliseconds));
    out.push_str(&context.settings.fields.event);
    let has_id = !has_failed || delivery_key::is_named(&document.record);
    let id_place = has_id.then(|| push_id_place(out, r#""id":""#));
    if has_failed {
        out.push_ascii(br#""kind":"pipeline_error","#);
    } else {
        out.push_ascii(br#""kind":"event","#);
    }
    if is_original_kept(context, document) {
        out.push_ascii(br#""original":"#);
        out.push_string(line);
        out.push(b',');
    }
    out.push_ascii(br#""provider":"Microsoft Exchange Online","#);
    push_url(out, context, document);
    out.close(start, b"}");
    id_place
}

#[inline(always)]
fn push_status(out: &mut Buffer<'_>, document: &Document<'_>) {
    if !document.status.action.is_empty() {
        out.push_ascii(br#""action":""#);
        out.push_str(&document.status.action);
        out.push_ascii(b"\",");
    }
    out.push_ascii(br#""category":["email"],"type":["info"],"outcome":""#);
    out.push_str(document.status.outcome);
    out.push_ascii(b"\",");
}

/// Adds the page of the message in Microsoft Defender, which finds it by two GUIDs.
#[inline(always)]
pub(super) fn push_url(out: &mut Buffer<'_>, context: &MappingContext, document: &Document<'_>) {
    let beginning = &*context.settings.url_beginning;
    if beginning.is_empty() {
        return;
    }
    let Some(id) = text(&document.record, Property::MessageTraceId) else { return };
    let id = decode(&id);
    let is_shown = context.settings.privacy.as_ref().is_none_or(|privacy| privacy.shows_local_id(&id));
    if guid::is_guid(&id) && is_shown {
        out.push_str(beginning);
        out.push_str(&guid::normalised(&id));
        out.push_ascii(b"\",");
    }
}
