//! How the legacy Reporting Web Service is asked (host/docs/facts/ms-api.md, section 2).

use chrono::{DateTime, SecondsFormat, Utc};
use url::Url;

use super::{PollError, page::Page};
use crate::pipeline::TraceQuery;

/// Links are relative to this, even if they climb above it (host/docs/facts/ms-api.md, section 2.2).
const ROOT: &str = "ecp/";

const PATH: &str = "ecp/reportingwebservice/reporting.svc/MessageTrace";

/// The offset of the first row.
const OFFSET: &str = "$skiptoken";

/// Asks for the first page of what was received between two times, both included.
pub(super) fn first(
    service: &Url,
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    rows: u32,
    query: Option<&TraceQuery>,
) -> Url {
    let text = |instant: DateTime<Utc>| instant.to_rfc3339_opts(SecondsFormat::Millis, true);
    // `eq`, although it is a range.
    let mut filter = format!("StartDate eq datetime'{}' and EndDate eq datetime'{}'", text(start), text(end));
    let addresses = query.map(|query| [("SenderAddress", &query.sender), ("RecipientAddress", &query.recipient)]);
    for (property, address) in addresses.into_iter().flatten() {
        // Wildcards are for the client: what the service makes of them is not known.
        if let Some(address) = address.as_deref().filter(|address| !address.starts_with('*')) {
            filter += &format!(" and {property} eq '{}'", address.trim().replace('\'', "''"));
        }
    }
    let mut url = below(service, PATH);
    url.query_pairs_mut()
        .append_pair("$filter", &filter)
        .append_pair("$format", "json")
        .append_pair("$top", &rows.to_string());
    url
}

/// Follows a next link, but to no other host: the access token goes with it.
pub(super) fn next(service: &Url, link: &str) -> Result<Url, PollError> {
    let url = match Url::parse(link) {
        Ok(url) => url,
        Err(_) => below(service, ROOT).join(link.trim_start_matches("../")).map_err(|_| PollError::ForeignLink)?,
    };
    if url.origin() == service.origin() { Ok(url) } else { Err(PollError::ForeignLink) }
}

/// A full page without a link may not be the last one: asks for what follows.
pub(super) fn add_missing_link(asked: &Url, page: &mut Page) {
    let number = |name: &str| {
        let (_, value) = asked.query_pairs().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        value.parse::<usize>().ok()
    };
    if page.next_link.is_some() || page.rows.is_empty() || number("$top") != Some(page.rows.len()) {
        return;
    }
    let offset = number(OFFSET).unwrap_or_default() + page.rows.len();
    let others: Vec<_> = asked.query_pairs().into_owned().filter(|(key, _)| key != OFFSET).collect();
    let mut link = asked.clone();
    link.query_pairs_mut().clear().extend_pairs(others).append_pair(OFFSET, &offset.to_string());
    page.next_link = Some(link.into());
}

fn below(service: &Url, path: &str) -> Url {
    let mut url = service.clone();
    url.set_path(&format!("{}/{path}", service.path().trim_end_matches('/')));
    url
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::microsoft::clock::Past;

    fn service() -> Url {
        "https://reports.office365.com".parse().unwrap()
    }

    #[test]
    fn the_first_page_is_asked_for_by_a_range() {
        let start = DateTime::UNIX_EPOCH;
        let url = first(&service(), start, start + chrono::Duration::milliseconds(1500), 2000, None);
        assert_eq!(
            url.as_str(),
            "https://reports.office365.com/ecp/reportingwebservice/reporting.svc/MessageTrace?%24filter=StartDate+eq+\
             datetime%271970-01-01T00%3A00%3A00.000Z%27+and+EndDate+eq+datetime%271970-01-01T00%3A00%3A01.500Z%27\
             &%24format=json&%24top=2000"
        );
    }

    #[test]
    fn a_relative_link_is_followed_below_the_root() {
        let link = "../../reportingwebservice/reporting.svc/MessageTrace?$top=2&$skiptoken=2";
        let url = next(&service(), link).unwrap();
        assert_eq!(
            url.as_str(),
            "https://reports.office365.com/ecp/reportingwebservice/reporting.svc/MessageTrace?$top=2&$skiptoken=2"
        );
        assert!(matches!(next(&service(), "https://elsewhere.example/x"), Err(PollError::ForeignLink)));
    }

    #[test]
    fn a_full_page_without_a_link_gets_one() {
        let asked: Url = "https://reports.office365.com/ecp/x?%24top=2&%24skiptoken=4".parse().unwrap();
        let page = |body: &str| {
            let mut page =
                Page::parse(body.as_bytes(), 10, Past { proven: None, rows_until: DateTime::UNIX_EPOCH }).unwrap();
            add_missing_link(&asked, &mut page);
            page.next_link
        };
        let link = page(r#"{"value":[1,2]}"#).unwrap();
        assert_eq!(link, "https://reports.office365.com/ecp/x?%24top=2&%24skiptoken=6");
        assert_eq!(page(r#"{"value":[1]}"#), None);
        assert_eq!(page(r#"{"value":[1,2],"odata.nextLink":"l"}"#).as_deref(), Some("l"));
    }
}
