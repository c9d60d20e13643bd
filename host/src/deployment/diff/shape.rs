//! What a value looks like, without what it says.

use serde_json::Value;

/// How much of a value is shown, in characters.
const MAX_CHARACTERS: usize = 60;

/// How many elements of an array are shown.
const MAX_ELEMENTS: usize = 2;

/// A value with every letter and digit made alike. Of an object only its size is told: its names may be content.
pub(super) fn shape(value: &Value) -> String {
    match value {
        Value::Null | Value::Bool(_) => value.to_string(),
        Value::Number(number) => number.to_string().chars().map(alike).collect(),
        Value::String(text) => format!("\"{}\"", shorten(&text.chars().map(alike).collect::<String>())),
        Value::Array(elements) => {
            let mut shown: Vec<_> = elements.iter().take(MAX_ELEMENTS).map(shape).collect();
            if elements.len() > MAX_ELEMENTS {
                shown.push(format!("… ({} elements)", elements.len()));
            }
            format!("[{}]", shown.join(", "))
        }
        Value::Object(members) => format!("{{{} members}}", members.len()),
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
        assert_eq!(shape(value), expected);
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
    fn what_is_long_is_told_by_its_length() {
        check(&json!("x".repeat(61)), &format!("\"{}… (61 characters)\"", "a".repeat(60)));
        check(&json!("é".repeat(60)), &format!("\"{}\"", "a".repeat(60)));
        check(&json!([1, 2, 3]), "[0, 0, … (3 elements)]");
    }
}
