//! GUIDs, which services and exports write in several ways.

use std::borrow::Cow;

/// Where dashes stand in a GUID.
const DASHES: [usize; 4] = [8, 13, 18, 23];

/// An id in the one form that ids are compared in: a GUID with dashes and without braces, and everything in lower case.
/// An id that is no GUID is only put into lower case.
pub(crate) fn normalised(text: &str) -> Cow<'_, str> {
    let bare = ["{}", "()"].iter().find_map(|braces| {
        let (open, close) = braces.split_at(1);
        text.strip_prefix(open)?.strip_suffix(close)
    });
    let guid = bare.unwrap_or(text);
    let text = if is_dashed(guid) {
        Cow::Borrowed(guid)
    } else if guid.len() == 32 && guid.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let mut dashed = guid.to_owned();
        DASHES.into_iter().for_each(|at| dashed.insert(at, '-'));
        Cow::Owned(dashed)
    } else {
        Cow::Borrowed(text)
    };
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) { Cow::Owned(text.to_ascii_lowercase()) } else { text }
}

/// Whether a text is a GUID with dashes, in either letter case.
pub(crate) fn is_dashed(text: &str) -> bool {
    let is_right = |(at, byte): (usize, u8)| {
        if DASHES.contains(&at) { byte == b'-' } else { byte.is_ascii_hexdigit() }
    };
    text.len() == 36 && text.bytes().enumerate().all(is_right)
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
        ] {
            assert_eq!(normalised(text), expected, "{text}");
        }
    }

    #[test]
    fn other_ids_are_put_into_lower_case() {
        for (text, expected) in [
            ("", ""),
            ("AbC", "abc"),
            ("{abc}", "{abc}"),
            ("6f1c1a1e-0b1e-4a53-9a4e-08dc0000000g", "6f1c1a1e-0b1e-4a53-9a4e-08dc0000000g"),
            ("6f1c1a1e0-b1e-4a53-9a4e-08dc00000001", "6f1c1a1e0-b1e-4a53-9a4e-08dc00000001"),
            ("ÄB", "Äb"),
        ] {
            assert_eq!(normalised(text), expected, "{text}");
        }
    }
}
