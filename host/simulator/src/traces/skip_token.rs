//! The token in a next link: the rest of the range, as the cmdlet behind the API takes it.
//!
//! Nothing on the server belongs to a token, so it can be used again and does not expire.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    error::TraceError,
    filter::Filter,
    page::PageRequest,
    range::{self, Range},
    result_size::result_size,
};

/// What is in a token. All values are text, as in the live ones.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SkipToken {
    start_date: String,
    end_date: String,
    starting_recipient_address: String,
    result_size: String,
    /// How the live service carries a filter is not known; without one this is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<String>,
    /// Only in a token to which a page without rows led.
    #[serde(skip_serializing_if = "Option::is_none")]
    after_empty_page: Option<String>,
}

/// Returns the token that asks for a page, fit for a URL.
pub(super) fn encode(request: &PageRequest) -> String {
    url_text(&token(request))
}

/// Returns a token as the service now and then gets it wrong: with each value in quotes.
pub(super) fn encode_quoted(request: &PageRequest) -> String {
    let token = token(request);
    let quoted = |text: String| format!("\"{text}\"");
    url_text(&SkipToken {
        start_date: quoted(token.start_date),
        end_date: quoted(token.end_date),
        starting_recipient_address: quoted(token.starting_recipient_address),
        result_size: quoted(token.result_size),
        ..token
    })
}

fn token(request: &PageRequest) -> SkipToken {
    SkipToken {
        start_date: range::tick_text(request.range.start),
        end_date: range::tick_text(request.range.end),
        starting_recipient_address: request.after_recipient.clone().unwrap_or_default(),
        result_size: request.result_size.to_string(),
        filter: request.filter.text_beyond_range().map(str::to_owned),
        after_empty_page: request.is_after_empty_page.then(|| "true".to_owned()),
    }
}

fn url_text(token: &SkipToken) -> String {
    let json = serde_json::to_vec(token).expect("a map of texts is JSON");
    // Tokens were seen with padding and without; which ones lack it is not known.
    let engine = if token.starting_recipient_address.len().is_multiple_of(2) { STANDARD_NO_PAD } else { STANDARD };
    engine.encode(json).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}

/// Returns the page that a token asks for.
pub(super) fn decode(text: &str, now: DateTime<Utc>) -> Result<PageRequest, TraceError> {
    let json = STANDARD_NO_PAD.decode(text.trim_end_matches('=')).map_err(|_| TraceError::MalformedSkipToken)?;
    let token: SkipToken = serde_json::from_slice(&json).map_err(|_| TraceError::MalformedSkipToken)?;
    let start = range::parse(&token.start_date).ok_or(TraceError::MalformedSkipToken)?;
    let end = range::parse(&token.end_date).ok_or(TraceError::MalformedSkipToken)?;
    Ok(PageRequest {
        range: Range::new(Some(start), Some(end), now)?,
        after_recipient: Some(token.starting_recipient_address),
        result_size: result_size(&token.result_size)?,
        filter: Filter::parse(&token.filter.unwrap_or_default())?,
        is_after_empty_page: token.after_empty_page.is_some(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::noon;

    fn request(filter: &str) -> PageRequest {
        PageRequest {
            range: Range::new(None, None, noon()).unwrap(),
            after_recipient: Some("o'connor+orders@contoso.com".to_owned()),
            result_size: 250,
            filter: Filter::parse(filter).unwrap(),
            is_after_empty_page: false,
        }
    }

    #[track_caller]
    fn check_malformed(json: &str) {
        let result = decode(&STANDARD.encode(json), noon());
        assert_eq!(result, Err(TraceError::MalformedSkipToken));
    }

    #[test]
    fn a_token_comes_back_as_the_page_it_was_made_of() {
        for filter in ["", "subject eq 'a+b' and status eq 'failed'"] {
            let request = request(filter);
            let text = encode(&request).replace("%2B", "+").replace("%2F", "/");
            let padded = text.replace("%3D", "=");
            let unpadded = text.replace("%3D", "");
            assert_eq!(decode(&padded, noon()), Ok(request.clone()));
            assert_eq!(decode(&unpadded, noon()), Ok(request));
        }
    }

    #[test]
    fn a_token_without_a_filter_has_the_four_live_values_only() {
        let text = encode(&request("")).replace("%3D", "=");
        let json: serde_json::Value = serde_json::from_slice(&STANDARD.decode(text).unwrap()).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "StartDate": "2026-11-21T12:00:00.0000000Z",
                "EndDate": "2026-11-23T12:00:00.0000000Z",
                "StartingRecipientAddress": "o'connor+orders@contoso.com",
                "ResultSize": "250",
            })
        );
    }

    #[test]
    fn a_token_that_cannot_be_read_is_refused() {
        check_malformed("");
        check_malformed("{}");
        check_malformed(
            r#"{"StartDate":"\"2026-11-21T12:00:00Z\"","EndDate":"\"2026-11-23T12:00:00Z\"",
                "StartingRecipientAddress":"a@contoso.com","ResultSize":"1"}"#,
        );
        check_malformed(
            r#"{"StartDate":"2026-11-21T12:00:00Z","EndDate":"2026-11-23T12:00:00Z",
                "StartingRecipientAddress":"a@contoso.com","ResultSize":1}"#,
        );
        assert_eq!(decode("no base64!", noon()), Err(TraceError::MalformedSkipToken));
    }
}
