//! What stands for records that no mapping gets to see, so that nothing is lost.

use serde_json::json;

/// A part of a body of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineRun<'a> {
    /// Lines of text.
    Text(&'a str),
    /// A line that is not text, from its byte of that number on.
    NotText(&'a [u8], usize),
}

/// Cuts a body into lines of text and lines that are not, in order. A byte order mark at the beginning does not count.
pub fn line_runs(body: &[u8]) -> Vec<LineRun<'_>> {
    let mut rest = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let mut found = Vec::new();
    while !rest.is_empty() {
        let Err(error) = str::from_utf8(rest) else {
            found.extend(str::from_utf8(rest).map(LineRun::Text));
            break;
        };
        let (text, _) = rest.split_at(error.valid_up_to());
        let start = memchr::memrchr(b'\n', text).map_or(0, |end| end + 1);
        let (text, line) = rest.split_at(start);
        if !text.is_empty() {
            found.extend(str::from_utf8(text).map(LineRun::Text));
        }
        let end = memchr::memchr(b'\n', line).map_or(line.len(), |end| end + 1);
        let (line, after) = line.split_at(end);
        found.push(LineRun::NotText(line.trim_ascii_end(), error.valid_up_to() - start));
        rest = after;
    }
    found
}

/// The document, one line, of a record that was not mapped: why, and the record, unless people are to be hidden.
pub fn unmapped(record: &str, error: &str, hides_people: bool) -> String {
    let mut document = json!({ "event": { "kind": "pipeline_error" }, "error": { "message": [error] } });
    if !hides_people {
        document["event"]["original"] = record.into();
    }
    format!("{document}\n")
}

/// The documents of all records of a body, one a line, of which none was mapped.
pub fn all_unmapped(records: &[u8], error: &str, hides_people: bool) -> String {
    let mut documents = String::new();
    for run in line_runs(records) {
        let text = match run {
            LineRun::Text(text) => text.into(),
            LineRun::NotText(line, _) => String::from_utf8_lossy(line),
        };
        for record in text.lines().filter(|line| !line.trim().is_empty()) {
            documents.push_str(&unmapped(record, error, hides_people));
        }
    }
    documents
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_not_text_are_cut_out() {
        use LineRun::{NotText, Text};
        assert_eq!(line_runs(b""), []);
        assert_eq!(line_runs(b"\xef\xbb\xbf{}\n{}"), [Text("{}\n{}")]);
        assert_eq!(
            line_runs(b"1\n2\n3\xff4\r\n5\n\xfe"),
            [Text("1\n2\n"), NotText(b"3\xff4", 1), Text("5\n"), NotText(b"\xfe", 0)]
        );
        // A character that is cut off.
        assert_eq!(line_runs(b"a\xc3"), [NotText(b"a\xc3", 1)]);
    }

    #[test]
    fn a_document_about_a_record_hides_people_when_it_has_to() {
        let text = unmapped("\"x\"", "why", false);
        let expected =
            json!({ "event": { "kind": "pipeline_error", "original": "\"x\"" }, "error": { "message": ["why"] } });
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), expected);
        assert_eq!(text.find('\n'), Some(text.len() - 1));
        assert!(!unmapped("secret", "why", true).contains("secret"));
    }

    #[test]
    fn no_record_of_a_body_is_lost() {
        let documents = all_unmapped(b"{}\r\n\n \n1\xff\n2", "why", false);
        let originals: Vec<_> = documents
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["event"]["original"].clone())
            .collect();
        assert_eq!(originals, ["{}", "1\u{fffd}", "2"]);
    }
}
