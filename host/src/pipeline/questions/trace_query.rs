//! Which mail somebody looks for. Pure.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::traced_row::TracedRow;

/// Which mail somebody looks for: everything that is given has to match, ignoring case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TraceQuery {
    /// The source to ask; may be left out when there is one.
    pub source: Option<String>,
    /// Received from here on.
    pub from: DateTime<Utc>,
    /// Received up to here.
    pub to: DateTime<Utc>,
    /// An address, or `*@` and a domain.
    pub sender: Option<String>,
    /// An address, or `*@` and a domain.
    pub recipient: Option<String>,
    /// The header `Message-ID`, with or without angle brackets.
    pub message_id: Option<String>,
    /// A status, as the service or the admin centre spells it.
    pub status: Option<String>,
    /// Whether the steps of the deliveries are wanted as well.
    #[serde(default)]
    pub details: bool,
}

impl TraceQuery {
    /// Whether somebody looks for this row. Services ignore filters that they do not support.
    pub(crate) fn matches(&self, row: &TracedRow) -> bool {
        let is_same = |wanted: &Option<String>, found: &Option<String>, is_match: fn(&str, &str) -> bool| {
            wanted.as_ref().is_none_or(|wanted| is_match(wanted, found.as_deref().unwrap_or_default()))
        };
        is_same(&self.sender, &row.sender, is_address)
            && is_same(&self.recipient, &row.recipient, is_address)
            && is_same(&self.message_id, &row.message_id, |wanted, found| bare_id(wanted) == bare_id(found))
            && is_same(&self.status, &row.status, |wanted, found| status_word(wanted) == status_word(found))
    }
}

fn is_address(wanted: &str, found: &str) -> bool {
    let [wanted, found] = [wanted, found].map(|text| text.trim().to_lowercase());
    match wanted.strip_prefix('*') {
        Some(domain) if domain.starts_with('@') => found.ends_with(domain),
        _ => wanted == found,
    }
}

/// A message id without its angle brackets, and in lower case.
fn bare_id(text: &str) -> String {
    let text = text.trim();
    let text = text.strip_prefix('<').unwrap_or(text);
    text.strip_suffix('>').unwrap_or(text).to_lowercase()
}

/// A status without blanks and case: `Filtered as spam` is `filteredAsSpam`.
pub(crate) fn status_word(text: &str) -> String {
    text.chars().filter(|it| it.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(change: impl Fn(&mut TraceQuery), expected: bool) {
        let record = r#"{"id":"1","messageId":"<A1@mail.example>","status":"filteredAsSpam","senderAddress":"Bob@Fabrikam.example","recipientAddress":"ann@contoso.example"}"#;
        let mut query = TraceQuery::default();
        change(&mut query);
        assert_eq!(query.matches(&TracedRow::of(record, None)), expected, "{query:?}");
    }

    #[test]
    fn everything_that_is_given_has_to_match() {
        check(|_| {}, true);
        check(|query| query.sender = Some("bob@fabrikam.example".to_owned()), true);
        check(|query| query.sender = Some("*@FABRIKAM.example".to_owned()), true);
        check(|query| query.sender = Some("*@abrikam.example".to_owned()), false);
        check(|query| query.recipient = Some("*@fabrikam.example".to_owned()), false);
        check(|query| query.message_id = Some("a1@mail.example".to_owned()), true);
        check(|query| query.message_id = Some("<a2@mail.example>".to_owned()), false);
        check(|query| query.status = Some("Filtered as spam".to_owned()), true);
        check(|query| query.status = Some("failed".to_owned()), false);
        let both = |query: &mut TraceQuery| {
            (query.sender, query.status) = (Some("bob@fabrikam.example".to_owned()), Some("failed".to_owned()));
        };
        check(both, false);
    }

    #[test]
    fn what_a_row_does_not_say_matches_nothing_that_is_given() {
        let query = TraceQuery { sender: Some("a@b.c".to_owned()), ..TraceQuery::default() };
        assert!(!query.matches(&TracedRow::of("{}", None)));
        assert!(!query.matches(&TracedRow::of("7", None)));
        assert!(TraceQuery::default().matches(&TracedRow::of("7", None)));
    }
}
