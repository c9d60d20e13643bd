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
