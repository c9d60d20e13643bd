//! What sources and outputs share about HTTP: reading answers of a bounded size.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{
    HeaderMap,
    header::{DATE, RETRY_AFTER},
};
use reqwest::Response;
use url::{Host, Url};

use crate::support::retry;

/// The longest answer of an output that is read, in bytes.
pub(crate) const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// Why an answer could not be read.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// The connection broke off.
    #[error("answer broke off")]
    Broken(#[source] reqwest::Error),
    /// The answer is longer than any that is right.
    #[error("answer is longer than {0} bytes")]
    TooLong(usize),
}

/// An answer that is not what it should be. Says where and not what, which may be personal data or a token.
#[derive(Debug, thiserror::Error)]
#[error("{kind} error at line {line}, column {column}")]
pub struct Malformed {
    kind: &'static str,
    line: usize,
    column: usize,
}

impl From<serde_json::Error> for Malformed {
    fn from(error: serde_json::Error) -> Self {
        let kind = if error.is_data() { "structure" } else { "syntax" };
        Self { kind, line: error.line(), column: error.column() }
    }
}

/// When the service wants to be asked again.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?;
    // A date is one of their clock, which need not be like ours.
    let date = headers.get(DATE).and_then(|date| date.to_str().ok());
    let date = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok());
    retry::retry_after(value, date.map_or_else(Utc::now, |date| date.to_utc()))
}

/// Reads an answer to its end, unless it is longer than `most_bytes` when unpacked.
pub(crate) async fn read(mut answer: Response, most_bytes: usize) -> Result<Vec<u8>, AnswerError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| AnswerError::Broken(error.without_url()))? {
        if bytes.len() + chunk.len() > most_bytes {
            return Err(AnswerError::TooLong(most_bytes));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// A text without the byte order mark that some put in front of it.
pub(crate) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// Whether a host is this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
