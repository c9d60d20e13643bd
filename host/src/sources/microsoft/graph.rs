//! How Microsoft Graph is asked (host/docs/facts/ms-api.md, section 1).

use chrono::{DateTime, SecondsFormat, Utc};
use url::Url;

use super::PollError;
use crate::pipeline::{TraceQuery, status_word};

const PATH: &str = "v1.0/admin/exchange/tracing/messageTraces";

/// The statuses that a query may name (host/docs/facts/ms-api.md, section 6); of others the client takes care.
const STATUSES: [&str; 7] =
    ["gettingStatus", "pending", "failed", "delivered", "expanded", "quarantined", "filteredAsSpam"];

/// Asks for the first page of what was received between two times, both included.
pub(super) fn first(
    service: &Url,
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    rows: u32,
    query: Option<&TraceQuery>,
) -> Url {
    let text = |instant: DateTime<Utc>| instant.to_rfc3339_opts(SecondsFormat::Millis, true);
    let mut filter = format!("receivedDateTime ge {} and receivedDateTime le {}", text(start), text(end));
    for (property, value) in query.map(filters).unwrap_or_default() {
        filter += &format!(" and {property} eq '{}'", value.replace('\'', "''"));
    }
    let mut url = service.clone();
    url.set_path(&format!("{}/{PATH}", service.path().trim_end_matches('/')));
    url.query_pairs_mut().append_pair("$filter", &filter).append_pair("$top", &rows.to_string());
    url
}

/// What the service may leave out for this query.
fn filters(query: &TraceQuery) -> Vec<(&'static str, String)> {
    let TraceQuery { sender, recipient, message_id, status, .. } = query;
    let mut filters = Vec::new();
    filters.extend(sender.iter().map(|sender| ("senderAddress", sender.trim().to_owned())));
    // That a wildcard works was seen for senders alone.
    let recipient = recipient.as_deref().filter(|recipient| !recipient.starts_with('*'));
    filters.extend(recipient.map(|recipient| ("recipientAddress", recipient.trim().to_owned())));
    filters.extend(message_id.iter().map(|id| ("messageId", with_brackets(id))));
    let status = status.as_deref().map(status_word);
    let status = STATUSES.into_iter().find(|known| status.as_deref() == Some(&status_word(known)));
    filters.extend(status.map(|status| ("status", status.to_owned())));
    filters
}

/// A message id as the header has it.
fn with_brackets(id: &str) -> String {
    let id = id.trim();
    if id.starts_with('<') { id.to_owned() } else { format!("<{id}>") }
}

/// Which steps of a delivery to ask for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum DetailsRequest<'a> {
    /// The first ones, of the message with this id to this recipient.
    First {
        /// The id of the message trace.
        id: &'a str,
        /// The address.
        recipient: &'a str,
    },
    /// Those that a next link leads to.
    Next(&'a str),
}

/// Asks for the steps of a delivery.
pub(super) fn details(service: &Url, request: DetailsRequest<'_>) -> Result<Url, PollError> {
    let (id, recipient) = match request {
        DetailsRequest::First { id, recipient } => (id, recipient),
        DetailsRequest::Next(link) => return next(service, link),
    };
    let mut url = service.clone();
    let function = format!("getDetailsByRecipient(recipientAddress='{}')", recipient.replace('\'', "''"));
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(PATH.split('/')).push(id).push(&function);
    }
    Ok(url)
}

/// Follows a next link, but to no other host: the access token goes with it.
pub(super) fn next(service: &Url, link: &str) -> Result<Url, PollError> {
    let url = Url::parse(link).ok().filter(|url| url.origin() == service.origin());
    url.ok_or(PollError::ForeignLink)
}
