//! Which filters let a certain row through.

use super::*;
use crate::{Status, testing::noon};

fn row() -> Row {
    Row {
        id: "11111111-2222-4333-8444-555555555555".to_owned(),
        message_id: None,
        status: Status::FilteredAsSpam,
        received: noon(),
        recipient: "Pat.O'Connor@contoso.com".to_owned(),
        sender: "ann+news@Mail.Fabrikam.com".to_owned(),
        subject: Some("Re: \"Grüße\", and 5 > 3 (or not)".to_owned()),
        size: 0,
        from_ip: Some("2001:db8:1::7".to_owned()),
        to_ip: Some(String::new()),
    }
}

#[track_caller]
fn check(filter: &str, expected: bool) {
    let filter = Filter::parse(filter).unwrap();
    assert_eq!(filter.matches(&row()), expected, "{filter:?}");
}

#[track_caller]
fn check_malformed(filter: &str) {
    assert_eq!(Filter::parse(filter), Err(TraceError::MalformedFilter));
}

#[test]
fn every_text_property_can_be_compared_ignoring_case() {
    for filter in [
        "id eq '11111111-2222-4333-8444-555555555555'",
        "status eq 'FilteredAsSpam'",
        "recipientAddress eq 'pat.o''connor@CONTOSO.com'",
        "senderAddress eq 'ANN+news@mail.fabrikam.com'",
        "subject eq 're: \"GRÜßE\", and 5 > 3 (or not)'",
        "fromIP eq '2001:DB8:1::7'",
        "toIP eq ''",
    ] {
        check(filter, true);
    }
    check("status eq 'delivered'", false);
}

#[test]
fn an_absent_property_equals_nothing() {
    check("messageId eq ''", false);
}

#[test]
fn terms_are_combined_with_and() {
    check("status eq 'filteredAsSpam' and toIP eq ''", true);
    check("status eq 'filteredAsSpam' and toIP eq '192.0.2.1'", false);
    check("status eq 'delivered' or toIP eq ''", false);
}

#[test]
fn the_last_value_of_a_property_wins() {
    check("status eq 'delivered' and status eq 'filteredAsSpam'", true);
    check("status eq 'filteredAsSpam' or status eq 'delivered'", false);
}

#[test]
fn a_star_before_the_at_sign_stands_for_the_whole_domain() {
    check("senderAddress eq '*@mail.fabrikam.com'", true);
    check("senderAddress eq '*@fabrikam.com'", false);
    check("senderAddress eq 'ann*@mail.fabrikam.com'", false);
    check("senderAddress eq '*fabrikam.com'", false);
}

#[test]
fn functions_work_on_the_subject_only() {
    check("contains(subject,'and 5')", true);
    check("startsWith(subject, 're:')", true);
    check("endswith(subject,'(or not)')", true);
    check("contains(subject,'nothing')", false);
    check("contains(senderAddress,'nothing')", true);
}

#[test]
fn what_is_not_supported_is_ignored() {
    check("status ne 'filteredAsSpam'", true);
    check("not (status eq 'delivered')", true);
    check("not contains(subject,'and')", true);
    check("status in ('delivered', 'failed')", true);
    check("size eq 5", true);
    check("tolower(status) eq 'delivered'", true);
    check("colour eq 'green'", true);
    check("", true);
}

#[test]
fn parentheses_around_terms_mean_nothing() {
    check("(status eq 'filteredAsSpam') and (toIP eq '')", true);
    check("((contains(subject,'and')) and status eq 'delivered')", false);
}

#[test]
fn the_time_range_takes_ge_and_le_only() {
    let filter =
        Filter::parse("receivedDateTime ge 2026-11-23T00:00:00Z and receivedDateTime le 2026-11-23T11:59:59.1234567Z")
            .unwrap();
    assert_eq!(filter.start(), range::parse("2026-11-23T00:00:00Z"));
    assert_eq!(filter.end(), range::parse("2026-11-23T11:59:59.1234567Z"));
    assert_eq!(filter.text_beyond_range(), None);

    let filter =
        Filter::parse("receivedDateTime gt 2026-11-23T00:00:00Z and receivedDateTime lt 2026-11-23T12:00:00Z").unwrap();
    assert_eq!(filter.start(), None);
    assert_eq!(filter.end(), None);
}

#[test]
fn what_cannot_be_read_is_refused() {
    check_malformed("senderAddress eq 'pat.o'connor@contoso.com'");
    check_malformed("receivedDateTime ge yesterday");
}
