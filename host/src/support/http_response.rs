//! What sources and outputs share about HTTP: reading answers of a bounded size.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{
    HeaderMap,
    header::{DATE, RETRY_AFTER},
};
use reqwest::Response;

/// The longest answer of an output that is read, in bytes.
pub(crate) const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// Why an answer could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AnswerError {
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
pub(crate) struct Malformed {
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

/// When an answer was sent, by the clock of who answered.
pub(crate) fn date(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    http_date(headers.get(DATE)?.to_str().ok()?)
}

/// When the service wants to be asked again: in this many seconds, or at a date of its own clock, which need not be
/// like ours.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let now = date(headers).unwrap_or_else(Utc::now);
    // A date that has passed asks for no wait at all.
    Some((http_date(value)? - now).to_std().unwrap_or_default())
}

fn http_date(text: &str) -> Option<DateTime<Utc>> {
    httpdate::parse_http_date(text.trim()).ok().map(DateTime::from)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_comes_as_seconds_or_as_a_date_of_their_clock() {
        let asked = |value: &str| {
            let date = (DATE, "Wed, 04 Mar 2026 05:06:07 GMT".parse().unwrap());
            retry_after(&HeaderMap::from_iter([date, (RETRY_AFTER, value.parse().unwrap())]))
        };
        assert_eq!(asked("17"), Some(Duration::from_secs(17)));
        assert_eq!(asked("Wed, 04 Mar 2026 05:06:37 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(asked("Wednesday, 04-Mar-26 05:06:37 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(asked("Wed, 04 Mar 2026 05:06:00 GMT"), Some(Duration::ZERO));
        assert_eq!(asked("soon"), None);
    }
}
