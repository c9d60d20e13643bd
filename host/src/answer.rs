//! What sources and outputs share about HTTP: reading answers of a bounded size.

use std::time::Duration;

use chrono::Utc;
use http::{HeaderMap, header::RETRY_AFTER};
use reqwest::Response;
use url::{Host, Url};

use crate::retry;

/// The longest answer that is read, in bytes. A page of 5,000 rows is about 2 MB.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// Why an answer could not be read.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// The connection broke off.
    #[error("answer broke off")]
    Broken(#[source] reqwest::Error),
    /// The answer is longer than any page.
    #[error("answer is longer than {MAX_ANSWER_BYTES} bytes")]
    TooLong,
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
    retry::retry_after(value, Utc::now())
}

/// Reads an answer to its end.
pub(crate) async fn read(mut answer: Response) -> Result<Vec<u8>, AnswerError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| AnswerError::Broken(error.without_url()))? {
        if bytes.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(AnswerError::TooLong);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
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
