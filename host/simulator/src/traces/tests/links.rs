//! Next links that are not what they should be.

use super::*;

impl Client {
    /// Returns the target of the next link of a page, at any host.
    #[track_caller]
    fn next_target(&self, target: &str) -> String {
        let answer = self.get(target);
        assert_eq!(answer.status, 200, "{answer:?}");
        let page = answer.json();
        let link = page["@odata.nextLink"].as_str().unwrap();
        let (_, rest) = link.strip_prefix("http://").unwrap().split_once('/').unwrap();
        format!("/{rest}")
    }

    #[track_caller]
    fn check_refused_link(&self, message: &str) {
        let answer = self.get(&self.next_target(&first()));
        assert_eq!(answer.status, 400);
        assert_eq!(answer.json()["error"]["message"], message);
    }
}

fn first() -> String {
    format!("{PATH}?$top=10")
}

#[test]
fn a_link_with_quoted_values_leads_to_a_400() {
    Client::start_faulty(&["quoted-token"])
        .check_refused_link("Cannot process argument transformation on parameter 'StartDate'");
}

#[test]
fn a_link_after_a_bad_recipient_leads_to_a_400_each_time() {
    let client = Client::start_faulty(&["bad-recipient"]);
    for _ in 0..2 {
        client.check_refused_link("|System.ArgumentException|Invalid starting recipient address");
    }
}

#[test]
fn only_some_recipients_are_bad_ones() {
    let client = Client::start_faulty(&["bad-recipient=0.5"]);
    let status = |size: u32| client.get(&client.next_target(&format!("{PATH}?$top={size}"))).status;
    let statuses: Vec<u16> = (1..40).map(status).collect();
    assert!(statuses.contains(&200) && statuses.contains(&400));
    assert_eq!((1..40).map(status).collect::<Vec<_>>(), statuses);
}

#[test]
fn a_repeated_link_leads_to_the_same_page() {
    let client = Client::start_faulty(&["repeated-link"]);
    assert_eq!(client.next_target(&first()), first());
}

#[test]
fn a_link_of_a_cycle_leads_two_pages_back() {
    let client = Client::start_faulty(&["link-cycle"]);
    let second = client.next_target(&first());
    let third = client.next_target(&second);
    assert_ne!(third, second);
    assert_eq!(client.next_target(&third), first());
}

#[test]
fn an_empty_page_leads_to_the_rows() {
    let client = Client::start_faulty(&["empty-page"]);
    let page = client.get(&first()).json();
    assert_eq!(page["value"], serde_json::json!([]));
    let (rows, pages) = client.walk("?$top=50");
    assert_eq!(rows, client.truth());
    assert_eq!(pages, 8);
}

#[test]
fn a_foreign_host_is_counted_with_the_tokens_it_is_given() {
    let client = Client::start_faulty(&["foreign-link"]);
    let page = client.get(&first()).json();
    let link = page["@odata.nextLink"].as_str().unwrap();
    assert!(link.starts_with(&format!("http://foreign.invalid{PATH}?$skiptoken=")), "{link}");
    let target = client.next_target(&first());
    let host = ("Host", "foreign.invalid");
    client.simulation.get(&target, &[host]);
    client.simulation.get(&target, &[host, ("Authorization", &client.authorization)]);
    let stats = client.simulation.get("/stats", &[]).json();
    assert_eq!((stats["foreign_requests"].as_u64(), stats["foreign_tokens"].as_u64()), (Some(2), Some(1)));
}
