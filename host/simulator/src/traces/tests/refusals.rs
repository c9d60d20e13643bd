//! Requests that get no page.

use super::*;

#[track_caller]
fn check_refused(query: &str, message: &str) {
    let answer = Client::start().get(&format!("{PATH}{query}"));
    let body = answer.json();
    assert_eq!(answer.status, 400, "{body}");
    assert_eq!(body["error"]["code"], "BadRequest");
    assert_eq!(body["error"]["message"], message);
    assert!(body["error"]["innerError"]["date"].is_string(), "{body}");
    assert!(body["error"]["innerError"]["request-id"].is_string());
}

#[track_caller]
fn check_unauthorized(simulation: &Simulation, headers: &[(&str, &str)], message: &str) {
    let answer = simulation.get(PATH, headers);
    let body = answer.json();
    assert_eq!(answer.status, 401, "{body}");
    assert_eq!(body["error"]["code"], "InvalidAuthenticationToken");
    assert_eq!(body["error"]["message"], message);
}

#[test]
fn a_bearer_token_is_needed_that_was_issued_here_and_has_not_expired() {
    let simulation = Simulation::start();
    check_unauthorized(&simulation, &[], "Access token is empty.");
    check_unauthorized(&simulation, &[("Authorization", "Bearer made-up")], "Access token validation failure.");

    let client = Client::start_with(TenantConfig { token_lifetime: std::time::Duration::ZERO, ..config() });
    check_unauthorized(
        &client.simulation,
        &[("Authorization", &client.authorization)],
        "Lifetime validation failed, the token is expired.",
    );
}

#[test]
fn an_error_repeats_the_request_id_of_the_client() {
    let answer = Simulation::start().get(PATH, &[("client-request-id", "mine")]);
    let body = answer.json();
    assert_eq!(body["error"]["innerError"]["client-request-id"], "mine");
}

#[test]
fn a_page_size_out_of_range_is_refused() {
    check_refused("?$top=5001", "ResultSize is invalid");
}

#[test]
fn one_bound_is_refused() {
    check_refused(
        "?$filter=receivedDateTime%20ge%202026-11-23T00:00:00Z",
        "EndDate is required when a StartDate is entered.",
    );
}

#[test]
fn a_range_of_more_than_ten_days_is_refused() {
    check_refused(
        "?$filter=receivedDateTime+ge+2026-11-12T00:00:00Z+and+receivedDateTime+le+2026-11-23T00:00:00Z",
        "|System.ArgumentException|The interval between StartDate and EndDate can't be longer \
         than 10 days.",
    );
}

#[test]
fn a_start_of_more_than_ninety_days_ago_is_refused() {
    check_refused(
        "?$filter=receivedDateTime+ge+2026-08-01T00:00:00Z+and+receivedDateTime+le+2026-08-02T00:00:00Z",
        "Invalid StartDate value. The StartDate can't be older than 90 days from today.",
    );
}

#[test]
fn a_broken_skip_token_is_refused() {
    check_refused("?$skiptoken=broken", "Cannot process argument transformation on parameter 'StartDate'");
}

#[test]
fn a_filter_that_cannot_be_read_is_refused() {
    check_refused("?$filter=id+eq+'a", "Invalid filter clause");
}

#[test]
fn the_future_begins_when_the_clock_of_the_tenant_says_so() {
    let query = "?$filter=receivedDateTime+ge+2026-11-23T11:00:00Z+and+receivedDateTime+le+2026-11-23T12:00:00Z";
    let target = format!("{PATH}{query}");
    assert_eq!(Client::start().get(&target).status, 200);
    let answer = Client::start_faulty(&["clock-skew=-10h"]).get(&target);
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["error"]["message"], "Invalid EndDate value. The EndDate can't be in the future.");
}
