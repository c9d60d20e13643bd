//! Reasons without what they quote of a record: for logs, and to count those that are alike.

use serde_json::Value;

/// How much of a reason is shown, in characters.
const MAX_CHARACTERS: usize = 300;

/// Shorter values of a record say nothing, and are parts of common words.
const MIN_VALUE: usize = 3;

/// Values of a record that are at least so long are found within words as well, in bytes.
const LONG_VALUE: usize = 8;

/// What stands in place of what is not shown.
const HIDDEN: &str = "…";

/// A reason without anything of its record: values of the record, everything quoted, addresses and numbers are hidden.
/// Names of fields stay.
pub(crate) fn masked(reason: &str, record: &str) -> String {
    let first_line = reason.lines().next().unwrap_or_default();
    let mut text = first_line.to_owned();
    for value in values(record) {
        text = without(&text, &value);
    }
    shorten(&hide_words(&hide_brackets(&hide_quoted(&text))))
}

/// The texts of a record, the longest first.
fn values(record: &str) -> Vec<String> {
    let mut values = Vec::new();
    match serde_json::from_str(record) {
        Ok(value) => collect(&value, &mut values),
        // No JSON: every word of it.
        Err(_) => values.extend(record.split(|it: char| !it.is_alphanumeric()).map(str::to_lowercase)),
    }
    values.retain(|value| value.chars().count() >= MIN_VALUE);
    values.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
    values.dedup();
    values
}

fn collect(value: &Value, values: &mut Vec<String>) {
    match value {
        Value::String(text) => values.push(text.trim().to_lowercase()),
        Value::Array(elements) => elements.iter().for_each(|element| collect(element, values)),
        Value::Object(members) => members.values().for_each(|member| collect(member, values)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A text without a value, which is given in lower case.
fn without(text: &str, value: &str) -> String {
    let lower = text.to_lowercase();
    if lower.len() != text.len() || !lower.contains(value) {
        // Letters that change their length are rare: all of such a text is looked at in lower case.
        return if lower.contains(value) { lower.replace(value, HIDDEN) } else { text.to_owned() };
    }
    let (mut shown, mut rest) = (String::new(), 0);
    for (begin, _) in lower.match_indices(value) {
        let end = begin + value.len();
        let is_inside = |character: Option<char>| character.is_some_and(char::is_alphanumeric);
        let is_part = is_inside(before(&lower, begin)) || is_inside(behind(&lower, end));
        if begin < rest || is_part && value.len() < LONG_VALUE || !text.is_char_boundary(begin) {
            continue;
        }
        shown.push_str(text.get(rest..begin).unwrap_or_default());
        shown.push_str(HIDDEN);
        rest = end;
    }
    shown + text.get(rest..).unwrap_or_default()
}

/// The character before a place in a text.
fn before(text: &str, at: usize) -> Option<char> {
    text.get(..at)?.chars().next_back()
}

/// The character behind a place in a text.
fn behind(text: &str, at: usize) -> Option<char> {
    text.get(at..)?.chars().next()
}

/// From the first quotation mark of a kind to the last: what is quoted may have quotation marks itself.
fn hide_quoted(text: &str) -> String {
    let mut text = text.to_owned();
    for quote in ['"', '\'', '`'] {
        let is_word = |character: Option<char>| character.is_some_and(char::is_alphanumeric);
        // An apostrophe is none.
        let opening = text.match_indices(quote).find(|(at, _)| !is_word(before(&text, *at)));
        let Some((begin, _)) = opening else { continue };
        let mut closing = text.match_indices(quote).filter(|(at, _)| *at > begin && !is_word(behind(&text, at + 1)));
        let end = closing.next_back().map_or(text.len(), |(at, _)| at + 1);
        text.replace_range(begin..end, &format!("{quote}{HIDDEN}{quote}"));
    }
    text
}

/// Names of fields and types stand in brackets, and values do.
fn hide_brackets(text: &str) -> String {
    let (mut shown, mut rest) = (String::new(), text);
    while let Some((before, behind)) = rest.split_once('[') {
        shown.push_str(before);
        let (content, behind) = behind.split_once(']').unwrap_or((behind, ""));
        let is_date = before.trim_end().ends_with("date field") || before.trim_end().ends_with("value");
        let shown_content = if is_name(content) && !is_date { content } else { HIDDEN };
        shown.push_str(&format!("[{shown_content}]"));
        rest = behind;
    }
    shown + rest
}

/// Whether this can be the name of a field of a document or of a type.
fn is_name(text: &str) -> bool {
    let rest = text.strip_prefix('@').unwrap_or(text);
    rest.starts_with(|it: char| it.is_ascii_lowercase() || it == '_')
        && rest.chars().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || "_.".contains(it))
}

/// Addresses and numbers; a status of HTTP says what is wrong.
fn hide_words(text: &str) -> String {
    let mut words = Vec::new();
    for word in text.split(' ') {
        let bare = word.trim_matches(|it: char| !it.is_alphanumeric());
        let is_address =
            bare.contains('@') || bare.matches(':').count() > 1 && bare.contains(|it: char| it.is_ascii_digit());
        let is_status = bare.len() == 3 && matches!(bare.parse(), Ok(400..=599));
        words.push(match word {
            _ if is_status => word.to_owned(),
            _ if is_address => word.replace(bare, HIDDEN),
            _ => hide_numbers(word),
        });
    }
    words.join(" ")
}

/// Digits, but for those in names such as `sha1`.
fn hide_numbers(word: &str) -> String {
    let mut shown = String::new();
    let mut before = None;
    for character in word.chars() {
        if !character.is_numeric() {
            shown.push(character);
        } else if before.is_some_and(|it: char| it.is_alphabetic() || it == '_') {
            // Part of a name, and so are the digits behind.
            shown.push(character);
            continue;
        } else if before != Some('#') {
            shown.push('#');
        }
        before = Some(if character.is_numeric() { '#' } else { character });
    }
    shown
}

fn shorten(text: &str) -> String {
    let length = text.chars().count();
    if length <= MAX_CHARACTERS {
        return text.to_owned();
    }
    let beginning: String = text.chars().take(MAX_CHARACTERS).collect();
    format!("{beginning}… ({length} characters)")
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str = r#"{"SenderAddress":"Ann.Lee@contoso.com","Subject":"Pay rise for Bob","FromIP":"203.0.113.7",
        "Status":"Delivered","Size":31337,"more":["Zebra"]}"#;

    #[track_caller]
    fn check(reason: &str, expected: &str) {
        assert_eq!(masked(reason, RECORD), expected);
    }

    #[test]
    fn reasons_of_elasticsearch_keep_fields_and_types_alone() {
        check(
            "document_parsing_exception: [1:234] failed to parse field [source.ip] of type [ip] in document with id \
             'eWk3'. Preview of field's value: 'Pay rise for Bob'",
            "document_parsing_exception: […] failed to parse field [source.ip] of type [ip] in document with id '…'",
        );
        check(
            "failed to parse date field [zebra] with format [strict_date]",
            "failed to parse date field […] with format [strict_date]",
        );
        check("Limit of total fields [1000] has been exceeded", "Limit of total fields […] has been exceeded");
        check("one immense term in field=\"x\" (longer than 32766)", "one immense term in field=\"…\" (longer than #)");
    }

    #[test]
    fn nothing_of_the_record_is_left() {
        check("no good: pay RISE for bob", "no good: …");
        check("what of ann.lee@contoso.com, and of other@fabrikam.example?", "what of …, and of …?");
        check("from 203.0.113.7 or 198.51.100.9 or 2001:db8::1", "from … or #.#.#.# or …");
        check("Zebras are no zebra", "Zebras are no …");
        check("it said {\"Subject\":\"Pay\"} and 'rise' at 31337", "it said {\"…\"} and '…' at #");
        assert_eq!(masked("bad Hello there", "Hello; no JSON"), "bad … there");
    }

    #[test]
    fn what_is_wrong_stays_readable() {
        check("mapping stopped (trap): unreachable", "mapping stopped (trap): unreachable");
        check("answered 413 for sha1 of field_2", "answered 413 for sha1 of field_2");
        check("first line\nsecond line", "first line");
        let long = masked(&"x".repeat(1000), RECORD);
        assert!(long.ends_with("x… (1000 characters)"), "{long}");
    }

    #[test]
    fn no_text_is_too_odd() {
        for odd in ["", "[", "]", "'", "\"", "`", "İ'İ", "a'b", "[[", "é@", "'é", "\u{1F600}'\u{1F600}'[\u{1F600}"]
        {
            let twice = masked(&masked(odd, odd), odd);
            assert!(twice.chars().count() <= 20, "{odd}: {twice}");
        }
    }
}
