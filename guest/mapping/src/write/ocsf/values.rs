//! Values of a member, each with its key and a comma after it.

use crate::{json::Buffer, write::delivery::message::push_number};

/// Adds milliseconds since 1970.
#[inline(always)]
pub(super) fn push_time(out: &mut Buffer<'_>, key: &str, milliseconds: i64) {
    out.push_str(key);
    if milliseconds < 0 {
        out.push(b'-');
    }
    out.push_with(|out| push_number(out, milliseconds.unsigned_abs()));
    out.push(b',');
}

/// Adds what is JSON already, unless it is empty.
#[inline(always)]
pub(super) fn push_json(out: &mut Buffer<'_>, key: &str, json: &str) {
    if !json.is_empty() {
        out.push_str(key);
        out.push_str(json);
        out.push(b',');
    }
}
