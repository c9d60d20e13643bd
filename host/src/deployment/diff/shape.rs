//! What a value looks like, without what it says.

use serde_json::{Map, Value};

/// How much of a value is shown, in characters.
const MAX_CHARACTERS: usize = 60;

/// How many elements of an array are shown.
const MAX_ELEMENTS: usize = 2;

/// A value with every letter and digit made alike. Of an object only its size is told: its names may be content.
pub(crate) fn value_shape(value: &Value) -> String {
    match value {
        Value::Null | Value::Bool(_) => value.to_string(),
        Value::Number(number) => number.to_string().chars().map(alike).collect(),
        Value::String(text) => format!("\"{}\"", shorten(&text.chars().map(alike).collect::<String>())),
        Value::Array(elements) => {
            let mut shown: Vec<_> = elements.iter().take(MAX_ELEMENTS).map(value_shape).collect();
            if elements.len() > MAX_ELEMENTS {
                shown.push(format!("… ({} elements)", elements.len()));
            }
            format!("[{}]", shown.join(", "))
        }
        Value::Object(members) => format!("{{{} members}}", members.len()),
    }
}

/// The same of everything in a value, under its names; numbers become texts, and lists keep all their elements.
pub(crate) fn masked_value(value: &Value) -> Value {
    match value {
        Value::Null | Value::Bool(_) => value.clone(),
        Value::Number(number) => number.to_string().chars().map(alike).collect::<String>().into(),
        Value::String(text) => shorten(&text.chars().map(alike).collect::<String>()).into(),
        Value::Array(elements) => elements.iter().map(masked_value).collect(),
        Value::Object(members) => {
            let masked: Map<_, _> = members.iter().map(|(name, value)| (name.clone(), masked_value(value))).collect();
            masked.into()
        }
    }
}

/// The beginning of a long text, and how long it is.
pub(super) fn shorten(text: &str) -> String {
    let length = text.chars().count();
    if length <= MAX_CHARACTERS {
        return text.to_owned();
    }
    let beginning: String = text.chars().take(MAX_CHARACTERS).collect();
    format!("{beginning}… ({length} characters)")
}

fn alike(character: char) -> char {
    if character.is_uppercase() {
        'A'
    } else if character.is_alphabetic() {
        'a'
    } else if character.is_numeric() {
        '0'
    } else if character == ' ' || character.is_ascii_punctuation() {
        character
    } else {
        '?'
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(value: &Value, expected: &str) {
        assert_eq!(value_shape(value), expected);
    }

    #[test]
    fn letters_and_digits_do_not_show() {
        check(&json!("Ann.Miller+7@contoso.com"), "\"Aaa.Aaaaaa+0@aaaaaaa.aaa\"");
        check(&json!("Größe 漢字\u{1f600}\n"), "\"Aaaaa aa??\"");
        check(&json!(-12.5), "-00.0");
        check(&json!([true, null]), "[true, null]");
        check(&json!({ "ann@contoso.com": 1 }), "{1 members}");
    }

    #[test]
    fn of_a_whole_value_only_names_are_left() {
        let value = json!({ "to": ["ann@contoso.com", "b"], "size": 48, "spam": true, "geo": { "name": "Größe" } });
        let expected =
            json!({ "to": ["aaa@aaaaaaa.aaa", "a"], "size": "00", "spam": true, "geo": { "name": "Aaaaa" } });
        assert_eq!(masked_value(&value), expected);
    }

    #[test]
    fn what_is_long_is_told_by_its_length() {
        check(&json!("x".repeat(61)), &format!("\"{}… (61 characters)\"", "a".repeat(60)));
        check(&json!("é".repeat(60)), &format!("\"{}\"", "a".repeat(60)));
        check(&json!([1, 2, 3]), "[0, 0, … (3 elements)]");
    }
}
