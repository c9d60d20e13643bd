//! `metadata`.

use super::values::push_time;
use crate::{
    context::MappingContext,
    date::Instant,
    delivery_key,
    document::{Document, IdPlaces},
    json::{Buffer, Kind, Raw, copy_pruned, decode},
    outcome::Origin,
    property::Property,
    status::is_plain,
    version::RecordKind,
    write::{
        delivery::email::text,
        parts::{push_id_place, push_tags},
    },
};

/// Adds `metadata`, and returns where the ids belong that are in it.
#[inline(always)]
pub(super) fn push_metadata(
    out: &mut Buffer<'_>,
    context: &MappingContext,
    document: &Document<'_>,
    log_name: &str,
    origin: &Origin,
) -> IdPlaces {
    let has_failed = !document.failures.is_empty();
    let start = out.len();
    out.push_ascii(br#""metadata":{"#);
    if let Some(status) = text(&document.record, Property::Status)
        && (context.settings.privacy.is_none() || is_plain(&decode(&status)))
    {
        push_raw(out, r#""event_code":"#, &status);
    }
    push_tags(out, r#""labels":["#, context, has_failed);
    out.push_ascii(br#""log_name":""#);
    out.push_str(log_name);
    out.push_ascii(b"\",");
    out.push_str(match document.record.kind() {
        Some(RecordKind::Graph) => r#""log_provider":"Microsoft Graph","#,
        Some(RecordKind::Legacy) => r#""log_provider":"Reporting Web Service","#,
        Some(RecordKind::Details) | None => "",
    });
    let delivery = (!has_failed || delivery_key::is_named(&document.record))
        .then(|| push_id_place(out, r#""original_event_uid":""#));
    push_original_time(out, context, document);
    if let Some(read_at) = origin.read_at.and_then(Instant::from_milliseconds) {
        push_time(out, r#""processed_time":"#, read_at.milliseconds());
    }
    out.push_ascii(br#""product":{"feature":{"name":"Message Trace"},"name":"Exchange Online","#);
    out.push_ascii(br#""vendor_name":"Microsoft"},"profiles":["cloud","security_control"],"#);
    out.push_str(&context.settings.cloud.tenant_uid);
    let id = push_id_place(out, r#""uid":""#);
    out.push_ascii(br#""version":""#);
    out.push_str(context.version.schema.version);
    out.push_ascii(b"\",");
    out.close(start, b"}");
    IdPlaces { document: Some(id), delivery }
}

/// Adds `original_time`: the date as it came; where people are hidden, one that is a date.
#[inline(always)]
fn push_original_time(out: &mut Buffer<'_>, context: &MappingContext, document: &Document<'_>) {
    let value = document.record.get(Property::Received);
    if context.settings.privacy.is_some() && document.received.is_none() {
        return;
    }
    if value.is_string() && !value.is_empty() {
        push_raw(out, r#""original_time":"#, &value);
    } else if value.kind == Kind::Number {
        out.push_ascii(br#""original_time":""#);
        out.push_str(value.text);
        out.push_ascii(b"\",");
    }
}

#[inline(always)]
fn push_raw(out: &mut Buffer<'_>, key: &str, value: &Raw<'_>) {
    out.push_str(key);
    copy_pruned(out, value);
    out.push(b',');
}
