//! GUIDs, which services and exports write in several ways.

use std::{array, borrow::Cow};

use crate::bytes::has_capital;

/// Where dashes stand in a GUID.
const DASHES: [usize; 4] = [8, 13, 18, 23];

/// An id in the one form that documents have: a GUID with dashes and without braces, and everything in lower case.
/// An id that is not a GUID is only put into lower case.
#[inline]
pub(crate) fn normalised(text: &str) -> Cow<'_, str> {
    let is_lower = !has_capital(text.as_bytes());
    match digits(text) {
        Some(_) if text.len() == 36 && is_lower => Cow::Borrowed(text),
        Some(digits) => {
            let mut text = String::from_utf8_lossy(&digits).to_ascii_lowercase();
            DASHES.into_iter().for_each(|at| text.insert(at, '-'));
            Cow::Owned(text)
        }
        None if is_lower => Cow::Borrowed(text),
        None => Cow::Owned(text.to_ascii_lowercase()),
    }
}

/// Whether a text is a GUID.
pub(crate) fn is_guid(text: &str) -> bool {
    digits(text).is_some()
}

/// The 16 bytes of a GUID in the order of its digits; `None` when the text is not a GUID.
#[inline]
pub(crate) fn bytes(text: &str) -> Option<[u8; 16]> {
    let digits = digits(text)?;
    let half = |at: usize| {
        let digit = digits[at];
        (digit & 0xf) + 9 * (digit >> 6)
    };
    Some(array::from_fn(|at| half(2 * at) << 4 | half(2 * at + 1)))
}

/// The digits of a GUID, as written.
#[inline]
fn digits(text: &str) -> Option<[u8; 32]> {
    let digits = match text.as_bytes().as_array() {
        Some(dashed) => without_dashes(dashed)?,
        None => odd_digits(text.as_bytes())?,
    };
    let are_right = digits.iter().fold(true, |are_right, digit| are_right & digit.is_ascii_hexdigit());
    are_right.then_some(digits)
}

#[inline]
fn without_dashes(text: &[u8; 36]) -> Option<[u8; 32]> {
    let has_dashes = DASHES.into_iter().fold(true, |has_dashes, at| has_dashes & (text[at] == b'-'));
    let mut digits = [0; 32];
    digits[..8].copy_from_slice(&text[..8]);
    digits[8..12].copy_from_slice(&text[9..13]);
    digits[12..16].copy_from_slice(&text[14..18]);
    digits[16..20].copy_from_slice(&text[19..23]);
    digits[20..].copy_from_slice(&text[24..]);
    has_dashes.then_some(digits)
}

/// Without dashes, or with braces or parentheses.
#[inline(never)]
fn odd_digits(text: &[u8]) -> Option<[u8; 32]> {
    match text {
        [b'{', inner @ .., b'}'] | [b'(', inner @ .., b')'] => without_dashes(inner.as_array()?),
        _ => text.as_array().copied(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_has_one_form() {
        let expected = "6f1c1a1e-0b1e-4a53-9a4e-08dc00000001";
        for text in [
            expected,
            "6F1C1A1E-0B1E-4A53-9A4E-08DC00000001",
            "{6F1C1A1E-0b1e-4a53-9a4e-08DC00000001}",
            "(6f1c1a1e-0b1e-4a53-9a4e-08dc00000001)",
            "6f1c1a1e0b1e4a539a4e08dc00000001",
            "6F1c1a1e0b1e4a539a4e08dc00000001",
        ] {
            assert_eq!(normalised(text), expected, "{text}");
            assert!(is_guid(text), "{text}");
            assert_eq!(bytes(text), Some(*b"\x6f\x1c\x1a\x1e\x0b\x1e\x4a\x53\x9a\x4e\x08\xdc\0\0\0\x01"), "{text}");
        }
    }

    #[test]
    fn other_ids_are_put_into_lower_case() {
        for (text, expected) in [
            ("", ""),
            ("AbC", "abc"),
            ("{abC}", "{abc}"),
            ("6f1c1a1e-0b1e-4a53-9a4e-08dc0000000g", "6f1c1a1e-0b1e-4a53-9a4e-08dc0000000g"),
            ("6f1c1a1e0-b1e-4a53-9a4e-08dc00000001", "6f1c1a1e0-b1e-4a53-9a4e-08dc00000001"),
            ("{6f1c1a1e0b1e4a539a4e08dc00000001}", "{6f1c1a1e0b1e4a539a4e08dc00000001}"),
            ("ÄB", "Äb"),
        ] {
            assert_eq!(normalised(text), expected, "{text}");
            assert_eq!(bytes(text), None, "{text}");
        }
    }
}
