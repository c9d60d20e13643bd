//! The query parameters of a request, and the page they ask for.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{
    error::TraceError,
    filter::Filter,
    page::PageRequest,
    range::Range,
    result_size::{DEFAULT_RESULT_SIZE, result_size},
    skip_token,
};

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
