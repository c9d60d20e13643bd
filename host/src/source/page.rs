//! A page of rows, as the service sent it.

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use sha2::{Digest as _, Sha256};

use super::{PollError, client::Malformed};
use crate::property::{Property, pick};

/// One page: rows and, unless it is the last one, the link to the next.
#[derive(Debug)]
pub struct Page {
    /// The rows in the service's order.
    pub rows: Vec<Row>,
    /// The link to the next page. It contains an address: not for logs.
    pub next_link: Option<String>,
}

/// One row, which is a record.
#[derive(Debug, Clone)]
pub struct Row {
    /// The row as it came, on one line.
    pub text: String,
    /// What it is known by.
    pub key: RowKey,
    /// When the message was received; absent when the row does not say.
    pub received: Option<DateTime<Utc>>,
}

/// What a row is known by, and what of it may change (ms-api.md, section 1.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RowKey {
    /// A hash of its id and its recipient, the latter ignoring case; or of the whole row, when it has no id or no
    /// recipient.
    pub identity: [u8; 16],
    /// A hash of its status, ignoring case, its size and the address that it was sent to.
    pub content: [u8; 8],
}

/// The shapes of pages: Graph's, and two of the Reporting Web Service (ms-api.md, sections 1.8 and 2.2).
#[derive(Deserialize)]
struct RawPage {
    value: Option<Vec<Box<RawValue>>>,
    #[serde(rename = "@odata.nextLink", alias = "odata.nextLink")]
    next_link: Option<String>,
    d: Option<Verbose>,
}

#[derive(Deserialize)]
struct Verbose {
    results: Vec<Box<RawValue>>,
    #[serde(rename = "__next")]
    next_link: Option<String>,
}

/// What a row is told apart by, by its names in any letter case. A row of which these are something else is still a row.
struct Identity {
    id: Option<Value>,
    recipient: Option<Value>,
    status: Option<Value>,
    size: Option<Value>,
    to_ip: Option<Value>,
    received: Option<Value>,
}

impl Page {
    pub(super) fn parse(body: &[u8]) -> Result<Self, PollError> {
        // Atom, or a page of a gateway.
        if body.trim_ascii_start().starts_with(b"<") {
            return Err(PollError::Markup);
        }
        let malformed = |error: serde_json::Error| PollError::MalformedPage(Malformed::from(error));
        let page: RawPage = serde_json::from_slice(body).map_err(malformed)?;
        let (rows, next_link) = match page {
            RawPage { value: Some(rows), next_link, .. } => (rows, next_link),
            RawPage { d: Some(verbose), .. } => (verbose.results, verbose.next_link),
            _ => return Err(malformed(serde::de::Error::missing_field("value"))),
        };
        Ok(Self { rows: rows.iter().map(|row| Row::new(row.get())).collect(), next_link })
    }
}

impl Row {
    fn new(text: &str) -> Self {
        // A line feed can only stand between the parts of a row, where a blank does as well.
        let text = text.replace(['\r', '\n'], " ");
        let identity = Identity::read(&text);
        let received = identity.as_ref().and_then(|identity| identity.received.as_ref()?.as_str());
        let received = received.and_then(instant);
        let key = identity.and_then(|identity| identity.key());
        Self { key: key.unwrap_or_else(|| RowKey::of(&[&text], &[])), text, received }
    }
}

/// Whether two records tell of the same delivery: that of one message to one recipient.
pub(crate) fn is_same_delivery(first: &str, second: &str) -> bool {
    Row::new(first).key.identity == Row::new(second).key.identity
}

impl Identity {
    fn read(row: &str) -> Option<Self> {
        use Property::{MessageTraceId, Received, RecipientAddress, Size, Status, ToIp};
        let picked = pick(row, [MessageTraceId, RecipientAddress, Status, Size, ToIp, Received]).ok()?;
        let values = picked.map(|value| value.and_then(|value| serde_json::from_str(value.get()).ok()));
        let [id, recipient, status, size, to_ip, received] = values;
        Some(Self { id, recipient, status, size, to_ip, received })
    }

    /// None when an id or a recipient is missing: then other rows would look like repetitions and be left out.
    fn key(&self) -> Option<RowKey> {
        let id = self.id.as_ref()?.as_str().filter(|id| !id.is_empty())?.to_lowercase();
        let recipient = self.recipient.as_ref()?.as_str().filter(|recipient| !recipient.is_empty())?.to_lowercase();
        let [status, size, to_ip] = [&self.status, &self.size, &self.to_ip].map(|value| match value {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.to_lowercase(),
            Some(other) => other.to_string(),
        });
        Some(RowKey::of(&[&id, &recipient], &[&status, &size, &to_ip]))
    }
}

impl RowKey {
    fn of(identity: &[&str], content: &[&str]) -> Self {
        Self {
            identity: *digest(identity).first_chunk().expect("half of the digest"),
            content: *digest(content).first_chunk().expect("a quarter of the digest"),
        }
    }
}

fn digest(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

/// A date of receipt: with a zone, or without one in UTC, or as milliseconds (ms-api.md, sections 2.2 and 2.3).
fn instant(text: &str) -> Option<DateTime<Utc>> {
    if let Some(milliseconds) = text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/")) {
        return DateTime::from_timestamp_millis(milliseconds.parse().ok()?);
    }
    let zoned = DateTime::parse_from_rfc3339(text).ok().map(|received| received.to_utc());
    zoned.or_else(|| text.parse::<NaiveDateTime>().ok().map(|received| received.and_utc()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn key(row: &str) -> RowKey {
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
        assert_eq!(instant("/Date(1658751973240)/"), DateTime::from_timestamp_millis(1_658_751_973_240));
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

    #[test]
    fn rows_keep_their_text_on_one_line() {
        let page = Page::parse(b"{\"value\":[{\"id\" : \"1\",\r\n \"x\":1.50}],\"@odata.nextLink\":\"l\"}").unwrap();
        assert_eq!(page.rows[0].text, "{\"id\" : \"1\",   \"x\":1.50}");
        assert_eq!(page.next_link.as_deref(), Some("l"));
    }

    #[test]
    fn legacy_pages_are_pages() {
        let light = Page::parse(br#"{"odata.metadata":"x","value":[{}],"odata.nextLink":"l"}"#).unwrap();
        assert_eq!((light.rows.len(), light.next_link.as_deref()), (1, Some("l")));
        let verbose = Page::parse(br#"{"d":{"results":[{},{}],"__next":"l"}}"#).unwrap();
        assert_eq!((verbose.rows.len(), verbose.next_link.as_deref()), (2, Some("l")));
    }

    #[track_caller]
    fn check_no_page(body: &str, expected: &str) {
        let error = Page::parse(body.as_bytes()).unwrap_err();
        let cause = std::error::Error::source(&error).map_or_else(String::new, |cause| format!(": {cause}"));
        assert_eq!(format!("{error}{cause}"), format!("answer of the message trace service is {expected}"));
    }

    #[test]
    fn what_is_no_page_is_not_shown() {
        let no_page = "not a page of records";
        check_no_page(
            r#"{"value":"about: my secret plan"}"#,
            &format!("{no_page}: structure error at line 1, column 32"),
        );
        check_no_page(r#"{"about":"my secret plan"}"#, &format!("{no_page}: structure error at line 0, column 0"));
        check_no_page("nonsense", &format!("{no_page}: syntax error at line 1, column 2"));
        check_no_page("<feed>", "markup, not the JSON that was asked for");
    }
}
