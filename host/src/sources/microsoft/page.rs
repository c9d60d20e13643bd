//! A page of rows, as the service sent it.

use std::{borrow::Cow, marker::PhantomData};

use chrono::{DateTime, Utc};
use serde_json::value::RawValue;

use super::{PollError, clock::Past};
use crate::support::{
    http_response::without_mark,
    lines::on_one_line,
    property::PickWithin,
    record_key::{PickedKey, RecordKey, instant},
};

mod raw;

use raw::RawPage;

/// One page: rows and, unless it is the last one, the link to the next.
#[derive(Debug)]
pub(crate) struct Page {
    /// The rows in the service's order.
    pub rows: Vec<Row>,
    /// The link to the next page. It contains an address: not for logs.
    pub next_link: Option<String>,
    /// What it shows to be past: nothing later can be covered by it.
    pub past: Past,
}

/// One row, which is a record.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// The row as it came, on one line.
    pub text: String,
    /// What it is known by.
    pub key: RecordKey,
    /// When the message was received; absent when the row does not say.
    pub received: Option<DateTime<Utc>>,
}

impl Page {
    /// Reads a page of `most_rows` at most, which shows so much to be past. Memory grows with the bytes of the body, and no faster.
    pub(super) fn parse(body: &[u8], most_rows: usize, past: Past) -> Result<Self, PollError> {
        let body = without_mark(body);
        // Atom, or a page of a gateway.
        if body.trim_ascii_start().starts_with(b"<") {
            return Err(PollError::Markup);
        }
        let (rows, next_link) = match Self::rows_at_once(body, most_rows) {
            Some(read) => read,
            None => Self::rows_one_by_one(body, most_rows)?,
        };
        Ok(Self { rows, next_link, past })
    }

    /// Reads each row once: what it is known by is picked while its end is looked for. `None` for a page with something
    /// in it that is no row, and for what is no page.
    fn rows_at_once(body: &[u8], most_rows: usize) -> Option<(Vec<Row>, Option<String>)> {
        let body = str::from_utf8(body).ok()?;
        let seed = PickWithin(RecordKey::PROPERTIES);
        let raw = RawPage::parse(serde_json::Deserializer::from_str(body), most_rows, seed).ok()?;
        let rows: Option<Vec<_>> =
            raw.rows?.iter().map(|row| Some(Row::picked(row.text_in(body)?, &row.values))).collect();
        Some((rows?, raw.next_link))
    }

    /// Reads each row twice: where it ends, and what it is known by, if it is a row. Says what is wrong with the page.
    fn rows_one_by_one(body: &[u8], most_rows: usize) -> Result<(Vec<Row>, Option<String>), PollError> {
        let seed = PhantomData::<&RawValue>;
        let raw = RawPage::parse(serde_json::Deserializer::from_slice(body), most_rows, seed)?;
        let Some(rows) = raw.rows else { return Err(PollError::NullPage) };
        Ok((rows.iter().map(|row| Row::new(row.get())).collect(), raw.next_link))
    }
}

impl Row {
    /// A row whose values are picked.
    fn picked(text: &str, values: &PickedKey<'_>) -> Self {
        if matches!(on_one_line(text), Cow::Owned(_)) {
            // A line end may be within a value.
            return Self::new(text);
        }
        let (key, received) = RecordKey::picked(text, values);
        Self { key, received: received.and_then(instant), text: text.to_owned() }
    }

    fn new(text: &str) -> Self {
        let text = on_one_line(text);
        let (key, received) = RecordKey::with_received(&text);
        let received = received.and_then(instant);
        Self { key, received, text: text.into_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn key(row: &str) -> RecordKey {
        Row::new(row).key
    }

    #[test]
    fn a_row_is_known_by_id_and_recipient() {
        let row = key(r#"{"id":"1","recipientAddress":"Ann@contoso.com","status":"pending","size":1}"#);
        assert_eq!(row, key(r#"{"id":"1","recipientAddress":"ann@CONTOSO.com","status":"Pending","size":1,"x":2}"#));
        let identity = |text: &str| key(text).identity;
        assert_ne!(row.identity, identity(r#"{"id":"1","recipientAddress":"bob@contoso.com","status":"pending"}"#));
        assert_ne!(row.identity, identity(r#"{"id":"2","recipientAddress":"ann@contoso.com","status":"pending"}"#));
    }

    #[test]
    fn status_size_and_to_ip_may_change() {
        let row = key(r#"{"id":"1","recipientAddress":"a@b.c","status":"pending","size":1,"toIP":""}"#);
        for changed in [
            r#""delivered","size":1,"toIP":"""#,
            r#""pending","size":2,"toIP":"""#,
            r#""pending","size":1,"toIP":"1.2.3.4""#,
        ] {
            let changed = key(&format!(r#"{{"id":"1","recipientAddress":"a@b.c","status":{changed}}}"#));
            assert_eq!(row.identity, changed.identity);
            assert_ne!(row.content, changed.content);
        }
        assert_eq!(row, key(r#"{"id":"1","recipientAddress":"a@b.c","status":"pending","size":1,"toIP":null}"#));
    }

    #[test]
    fn legacy_names_say_the_same() {
        let legacy = Row::new(
            r#"{"MessageTraceId":"1","RecipientAddress":"a@b.c","Status":"Pending","Size":1,"ToIP":null,"Received":"2022-09-05T18:10:13.4907658"}"#,
        );
        let row = Row::new(
            r#"{"id":"1","recipientAddress":"a@b.c","status":"pending","size":1,"receivedDateTime":"2022-09-05T18:10:13.4907658Z"}"#,
        );
        assert_eq!((legacy.key, legacy.received), (row.key, row.received));
        assert!(row.received.is_some());
        let odd = Row::new(
            r#"{"ID":"1","Recipientaddress":"a@b.c","STATUS":"pending","Size":1,"ToIp":"","ReceivedDatetime":"2022-09-05T18:10:13.4907658Z"}"#,
        );
        assert_eq!((odd.key, odd.received), (row.key, row.received));
    }

    #[test]
    fn rows_without_a_recipient_are_known_by_their_text() {
        assert_ne!(key(r#"{"id":"1","status":"failed","size":1}"#), key(r#"{"id":"1","status":"failed","size":2}"#));
        let empty = |size| key(&format!(r#"{{"id":"1","recipientAddress":"","status":"failed","size":{size}}}"#));
        assert_ne!(empty(1), empty(2));
    }

    #[test]
    fn what_is_no_row_is_known_by_its_text() {
        assert_eq!(key("7"), key("7"));
        assert_ne!(key("7"), key("8"));
        assert_ne!(key(r#"{"id":null,"size":1}"#), key(r#"{"id":null,"size":2}"#));
        assert_ne!(
            key(r#"{"id":7,"recipientAddress":[],"size":1}"#),
            key(r#"{"id":7,"recipientAddress":[],"size":2}"#)
        );
    }

    fn parse(body: &str) -> Result<Page, PollError> {
        Page::parse(body.as_bytes(), 10, Past { proven: None, rows_until: DateTime::UNIX_EPOCH })
    }

    /// Both ways of reading give the same, or the faster one gives nothing.
    #[test]
    fn rows_are_the_same_in_one_pass() {
        let row = r#"{"id":"1","recipientAddress":"Ann@contoso.com","status":"pending","size":[1,2],"receivedDateTime":"2026-03-04T05:06:07Z"}"#;
        let at_once = |body: &str| {
            let rows = Page::rows_at_once(body.as_bytes(), 10);
            let shown = |row: &Row| format!("{row:?}");
            let expected = Page::rows_one_by_one(body.as_bytes(), 10);
            let rows = rows.map(|(rows, link)| (rows.iter().map(shown).collect::<Vec<_>>(), link));
            if let Some(rows) = &rows {
                let (expected, link) = expected.expect("a page");
                assert_eq!(*rows, (expected.iter().map(shown).collect(), link), "{body}");
            }
            rows.is_some()
        };
        for rows in [
            row,
            &format!("{row},{row}"),
            &format!(" {row} , {row}\n"),
            &row.replace(',', ", "),
            &row.replace(',', ",\r\n"),
            &row.replace('{', "{ \t").replace('}', "\n}"),
            r#"{"\u0069d":"1","RECIPIENTADDRESS":"a@b.c","id":"2","ID":"3","x":{"id":[{}]}}"#,
            r#"{"id":"1","recipientAddress":"a@b.c","size":[1,
            2],"toIP":null}"#,
            r#"{"x":"} ü \" {","":0}"#,
            "",
        ] {
            assert!(at_once(&format!(r#"{{"@odata.context":"x","value":[{rows}],"@odata.nextLink":"l"}}"#)), "{rows}");
            assert!(at_once(&format!(r#"{{"d":{{"__next":"l","results":[{rows}]}}}}"#)), "{rows}");
        }
        for odd in ["{}", "7", "null", "[]", r#"{"id":"1"},"x""#, r#"{"id":}"#, r#"{"\ud83d":1}"#, "{\"id\":\"\\ud8\"}"]
        {
            assert!(!at_once(&format!(r#"{{"value":[{odd}]}}"#)), "{odd}");
        }
        assert!(!at_once(r#"{"value":null,"@odata.count":1}"#));
    }

    #[test]
    fn rows_keep_their_text_on_one_line() {
        let page = parse("{\"value\":[{\"id\" : \"1\",\r\n \"x\":1.50}],\"@odata.nextLink\":\"l\"}").unwrap();
        assert_eq!(page.rows[0].text, "{\"id\" : \"1\",   \"x\":1.50}");
        assert_eq!(page.next_link.as_deref(), Some("l"));
    }

    #[test]
    fn legacy_pages_are_pages() {
        let light = parse(r#"{"odata.metadata":"x","value":[{}],"odata.nextLink":"l"}"#).unwrap();
        assert_eq!((light.rows.len(), light.next_link.as_deref()), (1, Some("l")));
        let verbose = parse(r#"{"d":{"results":[{},{}],"__next":"l"}}"#).unwrap();
        assert_eq!((verbose.rows.len(), verbose.next_link.as_deref()), (2, Some("l")));
    }

    #[test]
    fn a_mark_in_front_of_a_page_is_not_a_part_of_it() {
        assert_eq!(parse("\u{feff}{\"value\":[{}]}").unwrap().rows.len(), 1);
        assert!(matches!(parse("\u{feff}<html>"), Err(PollError::Markup)));
    }

    #[test]
    fn odd_next_links_are_none() {
        for link in
            ["null", "\"\"", "\"  \\t\"", "7", "-1.5", "false", "true", "[]", "[\"l\"]", "{}", "{\"href\":\"l\"}"]
        {
            for page in [
                format!(r#"{{"@odata.nextLink":{link},"value":[{{}}]}}"#),
                format!(r#"{{"value":[{{}}],"odata.nextLink":{link}}}"#),
                format!(r#"{{"d":{{"__next":{link},"results":[{{}}]}}}}"#),
            ] {
                let page = parse(&page).unwrap();
                assert_eq!((page.rows.len(), page.next_link), (1, None), "{link}");
            }
        }
        // One that is none takes nothing from one that is.
        let page = parse(r#"{"@odata.nextLink":null,"value":[],"odata.nextLink":" l ","@odata.nextLink":""}"#);
        assert_eq!(page.unwrap().next_link.as_deref(), Some("l"));
    }

    #[test]
    fn a_null_for_rows_is_an_empty_page_only_when_the_service_says_that_there_are_none() {
        assert_eq!(parse(r#"{"@odata.count":0,"value":null}"#).unwrap().rows.len(), 0);
        assert_eq!(parse(r#"{"d":{"results":null,"__count":"0"}}"#).unwrap().rows.len(), 0);
        for page in [
            r#"{"value":null}"#,
            r#"{"@odata.context":"x","value":null}"#,
            r#"{"value":null,"@odata.count":3}"#,
            r#"{"value":null,"@odata.count":null}"#,
            r#"{"value":null,"@odata.count":0,"@odata.nextLink":"l"}"#,
            r#"{"d":{"results":null}}"#,
        ] {
            let error = parse(page).unwrap_err();
            assert!(matches!(error, PollError::NullPage), "{page}: {error:?}");
        }
    }

    #[test]
    fn a_page_of_far_too_many_rows_is_left_at_once() {
        assert!(parse(&format!(r#"{{"value":[{}0]}}"#, "0,".repeat(9))).is_ok());
        let error = parse(&format!(r#"{{"value":[{}0]}}"#, "0,".repeat(10))).unwrap_err();
        assert!(matches!(error, PollError::TooManyRows { most: 10 }) && error.is_bad_page(), "{error:?}");
        // What follows is not looked at.
        assert!(matches!(parse(&format!(r#"{{"value":[{}"#, "0,".repeat(99))), Err(PollError::TooManyRows { .. })));
    }

    #[test]
    fn a_long_value_costs_no_more_than_its_bytes() {
        let long = format!("[{}0]", "0,".repeat(1000));
        let row = |size: &str| key(&format!(r#"{{"id":"1","recipientAddress":"a@b.c","size":{size}}}"#));
        assert_eq!(row(&long), row(&long));
        assert_ne!(row(&long).content, row("[0]").content);
        assert_eq!(row("[ 0 ]"), row("[0]"));
    }

    #[track_caller]
    fn check_no_page(body: &str, is_poisoned: bool, expected: &str) {
        let error = parse(body).unwrap_err();
        assert_eq!(error.is_bad_page(), is_poisoned, "{body}");
        let cause = std::error::Error::source(&error).map_or_else(String::new, |cause| format!(": {cause}"));
        let text = error.to_string();
        assert_eq!(format!("{}{cause}", text.lines().next().unwrap()), expected);
    }

    #[test]
    fn what_is_no_page_is_not_shown() {
        let no_page = "answer of the message trace service is not a page of records";
        check_no_page(
            r#"{"value":"about: my secret plan"}"#,
            false,
            &format!("{no_page}: structure error at line 1, column 32"),
        );
        check_no_page(
            r#"{"about":"my secret plan"}"#,
            false,
            &format!("{no_page}: structure error at line 1, column 26"),
        );
        check_no_page("[]", false, &format!("{no_page}: structure error at line 1, column 0"));
        check_no_page("7", false, &format!("{no_page}: structure error at line 1, column 1"));
        check_no_page("null", false, &format!("{no_page}: structure error at line 1, column 4"));
        check_no_page("", false, &format!("{no_page}: syntax error at line 1, column 0"));
        check_no_page("nonsense", false, &format!("{no_page}: syntax error at line 1, column 2"));
        check_no_page(
            "<feed>",
            false,
            "answer of the message trace service is markup, not the JSON that was asked for",
        );
        check_no_page(r#"{"value":{"a":[1]}}"#, false, &format!("{no_page}: structure error at line 1, column 10"));
    }

    #[test]
    fn a_page_that_begins_as_one_and_breaks_is_told_apart() {
        let broken = "page of the message trace service cannot be read";
        check_no_page(r#"{"value":[{"id":"1"},{"#, true, &format!("{broken}: syntax error at line 1, column 22"));
        check_no_page(r#"{"value":[{"id":"\x"}]}"#, true, &format!("{broken}: syntax error at line 1, column 19"));
    }
}
