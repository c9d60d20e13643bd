//! What documents of every layout have.

use std::ops::Range;

use crate::{
    address::Address,
    bytes::equal,
    context::MappingContext,
    date::Instant,
    document::Document,
    endpoint::Addresses,
    failure::Failure,
    ids::ID_BYTES,
    json::{Buffer, copy_pruned, push_key},
    outcome::Origin,
    record::RecordMember,
    session_settings::PRESERVE_TAG,
};

/// `@timestamp`: the date of receipt, or else the time of reading.
#[inline(always)]
pub(crate) fn push_timestamp(out: &mut Buffer<'_>, document: &Document<'_>, origin: &Origin) {
    let read_at = origin.read_at.and_then(Instant::from_milliseconds);
    if let Some(timestamp) = document.received.or(read_at) {
        out.push_ascii(br#""@timestamp":""#);
        out.push_ascii(timestamp.text());
        out.push_ascii(b"\",");
    }
}

/// Stands where an id will be.
const NO_ID: &[u8; ID_BYTES] = b"............................";

/// Adds room for an id, and returns where it is.
#[inline(always)]
pub(crate) fn push_id_place(out: &mut Buffer<'_>, key: &str) -> usize {
    out.push_str(key);
    let place = out.len();
    out.push_ascii(NO_ID);
    out.push_ascii(b"\",");
    place
}

/// `ecs.version`.
#[inline(always)]
pub(crate) fn push_schema(out: &mut Buffer<'_>, context: &MappingContext) {
    out.push_ascii(br#""ecs":{"version":""#);
    out.push_str(context.version.schema.version);
    out.push_ascii(b"\"},");
}

/// `log.file.path` and `log.offset`, when the record comes from a file (section 4).
#[inline(always)]
pub(crate) fn push_log(out: &mut Buffer<'_>, context: &MappingContext, offset: usize, origin: &Origin) {
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

/// The tags behind their key, unless there are none.
#[inline(always)]
pub(crate) fn push_tags(out: &mut Buffer<'_>, key: &str, context: &MappingContext, has_failed: bool) {
    let start = out.len();
    out.push_str(key);
    out.push_str(&context.settings.tags);
    let settings = &context.settings;
    if has_failed && context.version.tags_failures && settings.keeps_failed_records && !settings.preserve_original_event
    {
        out.push_string(PRESERVE_TAG);
        out.push(b',');
    }
    out.close(start, b"]");
}

/// Whether a document has the record as it came. A failed one does unless people are hidden: what could not be mapped is
/// nowhere else.
#[inline(always)]
pub(crate) fn is_original_kept(context: &MappingContext, document: &Document<'_>) -> bool {
    let settings = &context.settings;
    settings.preserve_original_event || (!document.failures.is_empty() && settings.keeps_failed_records)
}

/// `error.message`: everything that is wrong.
#[inline(always)]
pub(crate) fn push_failures(out: &mut Buffer<'_>, context: &MappingContext, failures: &[Failure]) {
    if failures.is_empty() {
        return;
    }
    let start = out.len();
    out.push_ascii(br#""error":{"message":["#);
    for failure in failures {
        let hides_values = context.settings.privacy.is_some();
        out.push_string(if hides_values { &failure.without_value } else { &failure.message });
        out.push(b',');
    }
    out.close(start, b"]}");
}

/// The record as it came, under its own names, without what is empty (rows 3, 3b and 32).
#[inline(always)]
pub(crate) fn push_record(out: &mut Buffer<'_>, members: &[RecordMember<'_>], line: &str) {
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

/// Adds an array of people: recipient before sender, addresses before local parts, none twice.
#[inline(always)]
pub(crate) fn push_users(out: &mut Buffer<'_>, addresses: &Addresses<'_>) {
    let Addresses { sender, recipient } = *addresses;
    push_distinct(out, r#""user":["#, [whole(recipient), whole(sender), local_part(recipient), local_part(sender)]);
}

/// Adds an array of texts with its key, none empty and none twice; nothing when all are empty.
#[inline(always)]
pub(crate) fn push_distinct(out: &mut Buffer<'_>, key: &str, [first, second, third, fourth]: [&str; 4]) {
    let start = out.len();
    out.push_str(key);
    // Not a loop: every one of its rounds would cost as much as what it does.
    push_new(out, first, [""; 3]);
    push_new(out, second, [first, "", ""]);
    push_new(out, third, [first, second, ""]);
    push_new(out, fourth, [first, second, third]);
    out.close(start, b"]");
}

/// Adds a text, unless it is empty or among those before it.
#[inline(always)]
fn push_new(out: &mut Buffer<'_>, text: &str, [first, second, third]: [&str; 3]) {
    if !(text.is_empty() || same(first, text) || same(second, text) || same(third, text)) {
        out.push_str(text);
        out.push(b',');
    }
}

/// The address as a JSON string, or nothing.
pub(crate) fn whole(address: Option<&Address>) -> &str {
    address.map_or("", Address::json)
}

/// Its local part as a JSON string, or nothing.
pub(crate) fn local_part(address: Option<&Address>) -> &str {
    address.map_or("", Address::local_part_json)
}

/// Whether two texts are the same.
#[inline(always)]
pub(crate) fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && is_equal(a, b)
}

/// Apart: texts are seldom as long as each other.
#[inline(never)]
fn is_equal(a: &str, b: &str) -> bool {
    equal(a.as_bytes(), b.as_bytes())
}

/// Adds a date with what stands before it, if it is known.
#[inline(always)]
pub(crate) fn push_date(out: &mut Buffer<'_>, key: &str, date: Option<Instant>) {
    if let Some(date) = date {
        out.push_str(key);
        out.push_ascii(date.text());
        out.push_ascii(b"\",");
    }
}

/// Adds what stands for a text, if anything does.
pub(crate) fn push_hidden_text(out: &mut Buffer<'_>, key: &str, text: Option<String>) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        out.push_str(key);
        out.push_string(&text);
        out.push(b',');
    }
}

/// Adds a text with its key, if there is one.
pub(crate) fn push_text(out: &mut Buffer<'_>, key: &str, text: Option<&str>) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        out.push_str(key);
        out.push_string(text);
        out.push(b',');
    }
}
