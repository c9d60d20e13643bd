//! One page of the report: a number of rows after a number of others, oldest first.

use serde::Deserialize;

use super::{
    error::LegacyError,
    filter::LegacyFilter,
    record::{self, Record},
};
use crate::Tenant;

/// The largest page size, which is also the usual one.
const LARGEST_PAGE: usize = 2000;

/// From this offset on the service fails.
const OFFSET_LIMIT: usize = 999_999;

/// The query parameters that have an effect here.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct LegacyParameters {
    #[serde(rename = "$filter", default)]
    filter: String,
    #[serde(rename = "$top")]
    top: Option<String>,
    #[serde(rename = "$skiptoken")]
    skip_token: Option<String>,
    #[serde(rename = "$format")]
    pub(super) format: Option<String>,
}

/// One page and where the next one begins.
pub(super) struct LegacyPage {
    pub(super) records: Vec<Record>,
    pub(super) next_offset: Option<usize>,
}

impl LegacyPage {
    /// Returns the page that is asked for.
    pub(super) fn of(tenant: &Tenant, parameters: &LegacyParameters) -> Result<Self, LegacyError> {
        let now = tenant.now();
        let filter = LegacyFilter::parse(&parameters.filter, now)?;
        let size = number("$top", parameters.top.as_deref(), LARGEST_PAGE)?;
        if size == 0 || size > LARGEST_PAGE {
            return Err(bad_argument("$top", parameters.top.as_deref().unwrap_or_default()));
        }
        let offset = number("$skiptoken", parameters.skip_token.as_deref(), 0)?;
        if offset >= OFFSET_LIMIT {
            return Err(LegacyError::OffsetTooLarge);
        }
        tenant.count(|stats| stats.count_range(filter.end - filter.start));

        let mut records = Vec::new();
        let mut index = 0;
        for block in tenant.mail().since(filter.start) {
            // The rows of a block are newest first.
            for row in block.iter().rev() {
                if row.received > filter.end {
                    return Ok(Self { records, next_offset: None });
                }
                let Some(row) = tenant.timeline().state(row, now).filter(|row| filter.matches(row)) else {
                    continue;
                };
                if records.len() == size {
                    return Ok(Self { records, next_offset: Some(index) });
                }
                if index >= offset {
                    records.push(record::record(&row, index, [filter.start, filter.end], &tenant.config().domain));
                }
                index += 1;
            }
        }
        Ok(Self { records, next_offset: None })
    }
}

fn number(name: &'static str, text: Option<&str>, usual: usize) -> Result<usize, LegacyError> {
    match text {
        Some(text) => text.parse().map_err(|_| bad_argument(name, text)),
        None => Ok(usual),
    }
}

fn bad_argument(name: &'static str, value: &str) -> LegacyError {
    LegacyError::BadArgument { name, value: value.to_owned() }
}
