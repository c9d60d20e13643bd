//! `event`.

use crate::{
    bytes::equal,
    context::MappingContext,
    date::Instant,
    document::Document,
    ignore_case::equal_ignoring_case,
    json::{Buffer, copy_pruned, decode},
    outcome::Origin,
    property::Property,
    version::{OutcomeRule, ReadTimeRule},
    write::parts::push_date,
};

/// Adds `event` (rows 1, 5, 6, 19 and 31, and section 2.12).
#[inline(always)]
pub(crate) fn push_event(
    out: &mut Buffer<'_>,
    context: &MappingContext,
    document: &Document<'_>,
    line: &str,
    origin: &Origin,
) {
    let has_failed = !document.failures.is_empty();
    let start = out.len();
    out.push_ascii(br#""event":{"#);
    let is_record = document.is_record;
    if context.version.categorised && is_record {
        out.push_ascii(br#""category":["email"],"type":["info"],"#);
    }
    if context.version.read_time != ReadTimeRule::Never && origin.file.is_none() {
        push_date(out, r#""created":""#, origin.read_at.and_then(Instant::from_milliseconds));
    }
    out.push_str(&context.settings.fields.event);
    push_date(out, r#""end":""#, document.dates.end);
    if has_failed {
        out.push_ascii(br#""kind":"pipeline_error","#);
    }
    // A failed document keeps its record in any case: what could not be mapped is nowhere else.
    if context.settings.preserve_original_event || has_failed {
        out.push_ascii(br#""original":"#);
        out.push_string(line);
        out.push(b',');
    }
    if is_record {
        push_outcome(out, &context.version.outcome, document);
    }
    push_date(out, r#""start":""#, document.dates.start);
    out.close(start, b"}");
}

#[inline(always)]
fn push_outcome(out: &mut Buffer<'_>, rule: &OutcomeRule, document: &Document<'_>) {
    let status = document.record.get(Property::Status);
    match rule {
        OutcomeRule::Status if status.is_string() => {
            let start = out.len();
            out.push_ascii(br#""outcome":"#);
            if copy_pruned(out, &status) {
                out.push(b',');
            } else {
                out.truncate(start);
            }
        }
        OutcomeRule::Status => {}
        OutcomeRule::Ecs => {
            out.push_ascii(br#""outcome":""#);
            out.push_str(if status.is_string() { outcome(&decode(&status)) } else { "unknown" });
            out.push_ascii(b"\",");
        }
    }
}

/// What a status means for the delivery (row 5, 2.x).
fn outcome(status: &str) -> &'static str {
    // What most records say.
    if equal(status.as_bytes(), b"delivered") || equal(status.as_bytes(), b"Delivered") {
        return "success";
    }
    let is = |name| equal_ignoring_case(status, name);
    if is("delivered") {
        "success"
    } else if is("failed") || is("quarantined") || is("filteredAsSpam") {
        "failure"
    } else {
        "unknown"
    }
}
