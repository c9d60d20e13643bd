//! A page of rows, as the service sent it.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::client::Malformed;

/// One page: rows and, unless it is the last one, the link to the next.
#[derive(Debug)]
pub struct Page {
    /// The rows in the service's order, newest first.
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

/// What a row is known by: a hash of its id, its recipient and its status, the latter two ignoring case; or of the
/// whole row, when it has no id or no recipient. Equal keys, equal rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RowKey(pub [u8; 16]);

#[derive(Deserialize)]
struct RawPage {
    value: Vec<Box<RawValue>>,
    #[serde(rename = "@odata.nextLink")]
    next_link: Option<String>,
}

/// What a row is told apart by. A row of which these are something else is still a row.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    id: Option<String>,
    recipient_address: Option<String>,
    status: Option<String>,
    received_date_time: Option<String>,
}

impl Page {
    pub(super) fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let page: RawPage = serde_json::from_slice(body)?;
        let rows = page.value.iter().map(|row| Row::new(row.get())).collect();
        Ok(Self { rows, next_link: page.next_link })
    }
}

impl Row {
    fn new(text: &str) -> Self {
        // A line feed can only stand between the parts of a row, where a blank does as well.
        let text = text.replace(['\r', '\n'], " ");
        let identity: Option<Identity> = serde_json::from_str(&text).ok();
        let received = identity.as_ref().and_then(|identity| identity.received_date_time.as_deref());
        let received =
            received.and_then(|text| DateTime::parse_from_rfc3339(text).ok()).map(|received| received.to_utc());
        let key = identity.and_then(|identity| {
            // Without a recipient, other rows of the same message would look like repetitions and be left out.
            let recipient = identity.recipient_address.filter(|recipient| !recipient.is_empty())?.to_lowercase();
            let status = identity.status.unwrap_or_default().to_lowercase();
            Some(RowKey::of(&[&identity.id?, &recipient, &status]))
        });
        Self { key: key.unwrap_or_else(|| RowKey::of(&[&text])), text, received }
    }
}

impl RowKey {
    fn of(parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        let digest: [u8; 32] = hash.finalize().into();
        Self(*digest.first_chunk().expect("half of the digest"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn key(row: &str) -> RowKey {
        Row::new(row).key
    }

    #[test]
    fn a_row_is_known_by_id_recipient_and_status() {
        let row = key(r#"{"id":"1","recipientAddress":"Ann@contoso.com","status":"pending","size":1}"#);
        assert_eq!(row, key(r#"{"id":"1","recipientAddress":"ann@CONTOSO.com","status":"pending","size":2}"#));
        assert_ne!(row, key(r#"{"id":"1","recipientAddress":"ann@contoso.com","status":"delivered","size":1}"#));
        assert_ne!(row, key(r#"{"id":"1","recipientAddress":"bob@contoso.com","status":"pending","size":1}"#));
        assert_ne!(row, key(r#"{"id":"2","recipientAddress":"ann@contoso.com","status":"pending","size":1}"#));
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
    }

    #[test]
    fn rows_keep_their_text_on_one_line() {
        let page = Page::parse(b"{\"value\":[{\"id\" : \"1\",\r\n \"x\":1.50}],\"@odata.nextLink\":\"l\"}").unwrap();
        assert_eq!(page.rows[0].text, "{\"id\" : \"1\",   \"x\":1.50}");
        assert_eq!(page.next_link.as_deref(), Some("l"));
    }

    #[test]
    fn what_is_no_page_is_not_shown() {
        let error = Page::parse(br#"{"value":"about: my secret plan"}"#).unwrap_err();
        assert_eq!(error.to_string(), "structure error at line 1, column 32");
        assert_eq!(Page::parse(b"<html>").unwrap_err().to_string(), "syntax error at line 1, column 1");
    }
}
