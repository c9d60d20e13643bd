//! Small things that Java does with texts and empty values.

use serde_json::Value;

/// Java's `equalsIgnoreCase`: character by character, by the upper case or else the lower case of that.
pub(crate) fn equals_ignoring_case(left: &str, right: &str) -> bool {
    let fold = |character: char| simple_lower(simple_upper(character));
    left.chars().map(fold).eq(right.chars().map(fold))
}

/// The upper case, where that is one character.
fn simple_upper(character: char) -> char {
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(upper), None) => upper,
        _ => character,
    }
}

/// The lower case, of which only a dotted capital I has two characters.
fn simple_lower(character: char) -> char {
    character.to_lowercase().next().unwrap_or(character)
}

/// Takes out nulls, empty texts, and arrays and objects that are empty or become so.
pub(crate) fn without_empties(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::String(text) => (!text.is_empty()).then_some(Value::String(text)),
        Value::Array(elements) => {
            let kept: Vec<Value> = elements.into_iter().filter_map(without_empties).collect();
            (!kept.is_empty()).then_some(Value::Array(kept))
        }
        Value::Object(members) => {
            let keep = |(name, value)| Some((name, without_empties(value)?));
            let kept: serde_json::Map<String, Value> = members.into_iter().filter_map(keep).collect();
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        value => Some(value),
    }
}

/// The digits of a GUID, which stands with dashes or without, and with dashes in braces or parentheses as well.
pub(crate) fn guid_digits(text: &str) -> Option<String> {
    let inner = |open, close| text.strip_prefix(open).and_then(|text| text.strip_suffix(close));
    let bare = inner('{', '}').or_else(|| inner('(', ')'));
    let lengths: Vec<usize> = bare.unwrap_or(text).split('-').map(str::len).collect();
    let is_dashed = lengths == [8, 4, 4, 4, 12];
    let is_plain = lengths == [32] && bare.is_none();
    let digits = bare.unwrap_or(text).replace('-', "");
    let are_digits = digits.chars().all(|digit| digit.is_ascii_hexdigit());
    ((is_dashed || is_plain) && are_digits).then(|| digits.to_ascii_lowercase())
}

/// An id as documents have it: a GUID with dashes, and all in lower case.
pub(crate) fn normal_id(text: &str) -> String {
    match guid_digits(text) {
        Some(digits) => {
            let mut rest = digits.as_str();
            let parts = [8, 4, 4, 4, 12].map(|length| {
                let (part, after) = rest.split_at(length);
                rest = after;
                part
            });
            parts.join("-")
        }
        None => text.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_ignored_as_java_does() {
        for (left, right) in [("CONTOSO.com", "contoso.COM"), ("BÜCHER", "bücher"), ("\u{130}", "i"), ("ẞ", "ß")] {
            assert!(equals_ignoring_case(left, right), "{left} {right}");
        }
        assert!(!equals_ignoring_case("ß", "ss"));
        assert!(!equals_ignoring_case("a", "ab"));
    }

    #[test]
    fn empties_are_removed_at_every_depth() {
        let value = serde_json::json!({"a": [null, "", [{}]], "b": {"c": {"d": null}}, "e": [0, false, " ", []]});
        assert_eq!(without_empties(value), Some(serde_json::json!({"e": [0, false, " "]})));
    }
}
