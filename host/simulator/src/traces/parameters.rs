//! The query parameters of a request, and the page they ask for.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{error::TraceError, filter::Filter, page::PageRequest, range::Range, skip_token};

/// The page size if a client names none.
const DEFAULT_RESULT_SIZE: usize = 1000;

/// The largest page size.
const LARGEST_RESULT_SIZE: usize = 5000;

/// The query parameters that have an effect; the service ignores all others.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Parameters {
    #[serde(rename = "$filter")]
    filter: Option<String>,
    #[serde(rename = "$top")]
    top: Option<String>,
    #[serde(rename = "$skiptoken")]
    skip_token: Option<String>,
}

impl Parameters {
    /// Returns the page these parameters ask for.
    pub(super) fn page_request(&self, now: DateTime<Utc>) -> Result<PageRequest, TraceError> {
        if let Some(skip_token) = &self.skip_token {
            return skip_token::decode(skip_token, now);
        }
        let filter = match &self.filter {
            Some(text) => Filter::parse(text)?,
            None => Filter::default(),
        };
        Ok(PageRequest {
            range: Range::new(filter.start(), filter.end(), now)?,
            after_recipient: None,
            result_size: match &self.top {
                Some(text) => result_size(text)?,
                None => DEFAULT_RESULT_SIZE,
            },
            filter,
            is_after_empty_page: false,
        })
    }
}

/// Reads a page size; 0 stands for the default.
pub(super) fn result_size(text: &str) -> Result<usize, TraceError> {
    match text.parse() {
        Ok(0) => Ok(DEFAULT_RESULT_SIZE),
        Ok(size) if size <= LARGEST_RESULT_SIZE => Ok(size),
        _ => Err(TraceError::BadResultSize),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<usize, TraceError>) {
        assert_eq!(result_size(text), expected);
    }

    #[test]
    fn a_page_has_1_to_5000_rows() {
        check("1", Ok(1));
        check("5000", Ok(5000));
        check("5001", Err(TraceError::BadResultSize));
        check("-1", Err(TraceError::BadResultSize));
        check("many", Err(TraceError::BadResultSize));
    }

    #[test]
    fn zero_stands_for_the_default_page_size() {
        check("0", Ok(1000));
    }
}
