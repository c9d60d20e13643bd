//! A record in the text of a member, as pipelines wrap a line that they have not parsed.

use std::borrow::Cow;

use super::{
    scan::{Scanner, SyntaxError},
    text::decode,
};

/// The text under a key of an object, or `None` when `record` is not an object, or has no text there. Of equal keys the
/// last one counts.
pub fn text_under<'a>(record: &'a str, key: &str) -> Option<Cow<'a, str>> {
    find(record, key).ok().flatten()
}

fn find<'a>(record: &'a str, key: &str) -> Result<Option<Cow<'a, str>>, SyntaxError> {
    let mut scanner = Scanner::new(record);
    if scanner.peek() != Some(b'{') {
        return Ok(None);
    }
    let mut found = None;
    let mut has_more = scanner.open(b'}');
    while has_more {
        let member = scanner.member(1, "")?;
        if decode(&member.key) == key {
            found = Some(member.value);
        }
        has_more = scanner.has_more()?;
    }
    scanner.end()?;
    Ok(found.filter(|value| value.is_string()).map(|value| decode(&value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(record: &str, expected: Option<&str>) {
        assert_eq!(text_under(record, "log").as_deref(), expected, "{record}");
    }

    #[test]
    fn the_text_of_a_member_is_found() {
        let text = r#"{"log":"a \"b\" \\n \u00fc \ud83d\ude00 \ud83d"}"#;
        check(text, Some("a \"b\" \\n \u{fc} \u{1f600} \u{fffd}"));
        check(r#" { "file" : "x" , "l\u006fg" : "" } "#, Some(""));
        check(r#"{"log":"a","log":"b"}"#, Some("b"));
    }

    #[test]
    fn a_record_without_text_there_is_not_wrapped() {
        for record in
            ["", "{}", "log", r#"["log","x"]"#, r#"{"log":1}"#, r#"{"log":"a","log":null}"#, r#"{"a":{"log":"x"}}"#]
        {
            check(record, None);
        }
        check(r#"{"log":"a"} more"#, None);
        check(r#"{"log":"a""#, None);
    }
}
