//! How Microsoft Graph is asked (host/docs/facts/ms-api.md, section 1).

use chrono::{DateTime, SecondsFormat, Utc};
use url::Url;

use super::PollError;

const PATH: &str = "v1.0/admin/exchange/tracing/messageTraces";

/// Asks for the first page of what was received between two times, both included.
pub(super) fn first(service: &Url, start: DateTime<Utc>, end: DateTime<Utc>, rows: u32) -> Url {
    let text = |instant: DateTime<Utc>| instant.to_rfc3339_opts(SecondsFormat::Millis, true);
    let filter = format!("receivedDateTime ge {} and receivedDateTime le {}", text(start), text(end));
    let mut url = service.clone();
    url.set_path(&format!("{}/{PATH}", service.path().trim_end_matches('/')));
    url.query_pairs_mut().append_pair("$filter", &filter).append_pair("$top", &rows.to_string());
    url
}

/// Follows a next link, but to no other host: the access token goes with it.
pub(super) fn next(service: &Url, link: &str) -> Result<Url, PollError> {
    let url = Url::parse(link).ok().filter(|url| url.origin() == service.origin());
    url.ok_or(PollError::ForeignLink)
}
