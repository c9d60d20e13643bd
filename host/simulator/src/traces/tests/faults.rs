//! Requests that go wrong although nothing is wrong with them.

use super::*;

#[test]
fn requests_beyond_the_limit_are_refused_until_the_window_has_moved_on() {
    let client = Client::start_faulty(&["throttle=2"]);
    assert_eq!(client.get(PATH).status, 200);
    assert_eq!(client.get(PATH).status, 200);
    let answer = client.get(PATH);
    assert_eq!(answer.status, 429);
    assert_eq!(
        answer.json()["error"]["message"],
        "Your recent queries have surpassed the permitted limit, please try again later."
    );
    let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((200..=300).contains(&seconds), "{seconds}");
    client.simulation.tenant.advance(std::time::Duration::from_secs(seconds));
    assert_eq!(client.get(PATH).status, 200);
    assert_eq!(client.injected("throttle"), 1);
}

#[test]
fn a_429_says_in_the_chosen_way_when_to_come_back() {
    let retry_after = |faults: &[&str]| {
        let answer = Client::start_faulty(faults).get(PATH);
        assert_eq!(answer.status, 429);
        answer.header("retry-after").map(str::to_owned)
    };
    assert_eq!(retry_after(&["throttle-random"]).as_deref(), Some("1"));
    assert_eq!(retry_after(&["throttle-random", "retry-after-seconds=7"]).as_deref(), Some("7"));
    assert_eq!(retry_after(&["throttle-random", "retry-after=none"]), None);
    let date = retry_after(&["throttle=0", "retry-after=date", "retry-after-seconds=3600"]).unwrap();
    assert!(date.starts_with("Mon, 23 Nov 2026 13:0") && date.ends_with(" GMT"), "{date}");
}

#[test]
fn a_gateway_that_fails_answers_with_html_and_a_later_request_may_get_through() {
    let client = Client::start_faulty(&["server-error=0.5"]);
    for status in [503, 504] {
        let (answer, _) = client.ask_until(status);
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
        assert!(answer.body.starts_with("<html>"), "{answer:?}");
    }
    client.ask_until(200);
}

#[test]
fn the_same_seed_gives_the_same_faults() {
    let statuses = || {
        let client = Client::start_faulty(&["server-error=0.3", "throttle-random=0.3"]);
        (0..30).map(|_| client.get(PATH).status).collect::<Vec<_>>()
    };
    assert_eq!(statuses(), statuses());
}

#[test]
fn a_cut_answer_has_its_status_but_not_its_length() {
    let client = Client::start_faulty(&["cut"]);
    let answer = client.get(PATH);
    assert_eq!(answer.status, 200);
    let promised: usize = answer.header("content-length").unwrap().parse().unwrap();
    assert_eq!(answer.body.len(), promised / 2);
    assert_eq!(client.injected("cut"), 1);
}

#[test]
fn a_slow_page_comes_all_the_same() {
    let client = Client::start_faulty(&["slow=1"]);
    assert_eq!(client.get(PATH).status, 200);
    assert_eq!(client.injected("slow"), 1);
}

#[test]
fn a_revoked_token_is_refused_and_a_new_one_is_not() {
    let mut client = Client::start_faulty(&["revoked-token=0.2"]);
    let (answer, _) = client.ask_until(401);
    assert_eq!(answer.json()["error"]["code"], "InvalidAuthenticationToken");
    assert_eq!(client.injected("revoked-token"), 1);
    client.authorization = format!("Bearer {}", client.simulation.sign_in());
    client.ask_until(200);
}

#[test]
fn the_service_principal_may_be_missing_for_a_while() {
    let client = Client::start_faulty(&["service-principal-missing=30m"]);
    let answer = client.get(PATH);
    assert_eq!(answer.status, 401);
    let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("Service principal-less Authentication failed"), "{message}");
    assert!(message.contains("8bd644d1-64a1-4d4b-ae52-2e0cbf64e373"), "{message}");
    client.simulation.tenant.advance(std::time::Duration::from_secs(1800));
    assert_eq!(client.get(PATH).status, 200);
}

#[test]
fn an_application_without_permission_is_refused() {
    let answer = Client::start_faulty(&["no-permission"]).get(PATH);
    assert_eq!(answer.status, 403);
    assert_eq!(answer.json()["error"]["code"], "Authorization_RequestDenied");
}

#[test]
fn a_broken_page_is_a_good_answer_without_a_page_in_it() {
    let client = Client::start_faulty(&["broken-page"]);
    let mut bodies = std::collections::BTreeSet::new();
    for _ in 0..20 {
        let answer = client.get(PATH);
        assert_eq!(answer.status, 200);
        let json: Option<Value> = serde_json::from_str(&answer.body).ok();
        assert!(json.is_none_or(|page| page["value"].as_array().is_none()));
        bodies.insert(answer.body.chars().take(12).collect::<String>());
    }
    assert_eq!(bodies.len(), 4);
}

#[test]
fn the_stats_know_the_busiest_five_minutes_and_the_longest_range() {
    let client = Client::start();
    for _ in 0..3 {
        client.get(PATH);
    }
    client.simulation.tenant.advance(std::time::Duration::from_secs(300));
    client.get(PATH);
    let stats = client.simulation.get("/stats", &[]).json();
    assert_eq!(stats["max_page_requests_in_300_s"], 3);
    assert_eq!(stats["max_range_days"], 2.0);
}
