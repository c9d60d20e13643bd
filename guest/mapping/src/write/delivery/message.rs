//! `message`: the delivery in one line, for people who read logs. Without the subject, which is nobody's business there.

use crate::{
    document::Document,
    endpoint::Addresses,
    json::{Buffer, Raw},
    property::Property,
    write::parts::whole,
};

/// Adds `message`: `delivered: ann@example.com to bob@contoso.com (inbound, 12 kB)`.
#[inline(always)]
pub(crate) fn push_message(out: &mut Buffer<'_>, document: &Document<'_>, addresses: &Addresses<'_>) {
    if !document.is_record {
        return;
    }
    out.push_ascii(br#""message":""#);
    let action = &*document.status.action;
    out.push_str(if action.is_empty() { "no status" } else { action });
    out.push_ascii(b": ");
    out.push_str(inner(whole(addresses.sender)).unwrap_or("<>"));
    if let Some(recipient) = inner(whole(addresses.recipient)) {
        out.push_ascii(b" to ");
        out.push_str(recipient);
    }
    let size = size(&document.record.get(Property::Size));
    let before = match document.direction {
        Some(direction) => {
            out.push_ascii(b" (");
            out.push_str(direction.name());
            ", "
        }
        None => " (",
    };
    if let Some(size) = size {
        out.push_str(before);
        out.push_with(|out| push_size(out, size));
    }
    if document.direction.is_some() || size.is_some() {
        out.push(b')');
    }
    out.push_ascii(b"\",");
}

/// What stands between the quotes of a JSON string; `None` when there is no string.
fn inner(json: &str) -> Option<&str> {
    json.get(1..json.len().checked_sub(1)?)
}

/// The size of a message, when it is a number of bytes, or a text of digits.
pub(crate) fn size(value: &Raw<'_>) -> Option<u64> {
    let text = if value.is_string() { value.inner() } else { value.text };
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if text.len() > SAFE_DIGITS {
        return text.parse().ok();
    }
    Some(text.bytes().fold(0, |size, digit| size * 10 + u64::from(digit - b'0')))
}

/// How many digits a number always fits with: to see that one does not fit takes WebAssembly a call for each digit.
const SAFE_DIGITS: usize = 19;

/// Adds a size with two or three digits and its unit.
#[inline(never)]
fn push_size(out: &mut Buffer<'_>, bytes: u64) {
    let rounded = |unit: u64| bytes / unit + u64::from(bytes % unit >= unit.div_ceil(2));
    if bytes < 1000 {
        push_number(out, bytes);
        out.push_ascii(b" B");
        return;
    }
    let kilobytes = rounded(1000);
    if kilobytes < 1000 {
        push_number(out, kilobytes);
        out.push_ascii(b" kB");
        return;
    }
    let (tenths, unit) = match rounded(100_000) {
        tenths @ ..10_000 => (tenths, b" MB"),
        _ => (rounded(100_000_000), b" GB"),
    };
    push_number(out, tenths / 10);
    out.push(b'.');
    push_number(out, tenths % 10);
    out.push_ascii(unit);
}

/// Adds a number.
pub(crate) fn push_number(out: &mut Buffer<'_>, number: u64) {
    if number >= 10 {
        push_number(out, number / 10);
    }
    out.push(b'0' + (number % 10) as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Scanner, build};

    #[track_caller]
    fn check(bytes: u64, expected: &str) {
        assert_eq!(build(|out| push_size(out, bytes)), expected);
    }

    #[test]
    fn sizes_are_short() {
        check(0, "0 B");
        check(999, "999 B");
        check(1000, "1 kB");
        check(1499, "1 kB");
        check(1500, "2 kB");
        check(12_345, "12 kB");
        check(999_499, "999 kB");
        check(999_500, "1.0 MB");
        check(1_250_000, "1.3 MB");
        check(999_949_999, "999.9 MB");
        check(999_950_000, "1.0 GB");
        check(u64::MAX, "18446744073.7 GB");
    }

    #[test]
    fn digits_are_a_size() {
        for (json, expected) in [
            ("512", Some(512)),
            ("\"512\"", Some(512)),
            ("-1", None),
            ("1.5", None),
            ("\"\"", None),
            ("null", None),
            ("\"12 kB\"", None),
            ("18446744073709551616", None),
        ] {
            assert_eq!(size(&Scanner::new(json).value(0).unwrap()), expected, "{json}");
        }
    }
}
