//! The report as a client meets it, over HTTP.

use serde_json::Value;

use super::PATH;
use crate::testing::{Answer, Simulation, config_with};

const JSON: (&str, &str) = ("Accept", "application/json");

struct LegacyClient {
    simulation: Simulation,
    authorization: String,
}

impl LegacyClient {
    fn start(faults: &[&str]) -> Self {
        let simulation = Simulation::start_with(config_with(faults));
        let authorization = format!("Bearer {}", simulation.sign_in());
        Self { simulation, authorization }
    }

    fn get(&self, target: &str, headers: &[(&str, &str)]) -> Answer {
        let headers: Vec<_> = headers.iter().copied().chain([("Authorization", self.authorization.as_str())]).collect();
        self.simulation.get(target, &headers)
    }

    /// Follows the links from a first page; returns all rows and the number of pages.
    fn walk(&self, query: &str) -> (Vec<Value>, usize) {
        let mut target = format!("{PATH}{query}");
        let mut rows = Vec::new();
        for pages in 1.. {
            let answer = self.get(&target, &[JSON]);
            assert_eq!(answer.status, 200, "{answer:?}");
            let page = answer.json();
            rows.extend(page["value"].as_array().unwrap().iter().cloned());
            let Some(link) = page["odata.nextLink"].as_str() else {
                return (rows, pages);
            };
            let (_, query) = link.split_once("../../reportingwebservice/reporting.svc/MessageTrace?").unwrap();
            target = format!("{PATH}?{query}");
        }
        unreachable!("the walk ends at the last page");
    }

    #[track_caller]
    fn check_refused(&self, query: &str, status: u16, text: &str) {
        let answer = self.get(&format!("{PATH}{query}"), &[JSON]);
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.json()["odata.error"]["message"]["value"], text);
    }
}

#[test]
fn all_pages_together_are_the_rows_oldest_first() {
    let client = LegacyClient::start(&[]);
    let (rows, pages) = client.walk("?$top=30");
    assert_eq!((rows.len(), pages), (200, 7));
    for (index, (record, row)) in rows.iter().zip(client.simulation.tenant.rows().iter().rev()).enumerate() {
        assert_eq!(record["Index"], index);
        assert_eq!(record["MessageTraceId"], row.id);
        assert_eq!(record["RecipientAddress"], row.recipient);
        assert_eq!(record["Status"].as_str().unwrap().to_lowercase(), row.status.as_str().to_lowercase());
        assert_eq!(record["Received"], row.received.format("%Y-%m-%dT%H:%M:%S%.3f0000").to_string());
        assert_eq!(record["ToIP"].as_str().unwrap_or_default(), row.to_ip.as_deref().unwrap_or_default());
    }
}

#[test]
fn a_range_is_echoed_in_every_row() {
    let client = LegacyClient::start(&[]);
    let filter = "StartDate eq datetime'2026-11-23T11:20:00Z' and EndDate eq datetime'2026-11-23T11:40:00Z'";
    let (rows, _) = client.walk(&format!("?$filter={}", filter.replace(' ', "%20")));
    assert!((40..100).contains(&rows.len()), "{}", rows.len());
    for row in rows {
        assert_eq!(row["StartDate"], "2026-11-23T11:20:00.0000000Z");
        assert_eq!(row["EndDate"], "2026-11-23T11:40:00.0000000Z");
        let received = row["Received"].as_str().unwrap();
        assert!(("2026-11-23T11:20:00".."2026-11-23T11:40:01").contains(&received), "{received}");
    }
}

#[test]
fn a_filter_may_compare_other_properties_too() {
    let client = LegacyClient::start(&[]);
    let (rows, _) = client.walk("?$filter=Status%20eq%20'FilteredAsSpam'&$top=2");
    assert!(!rows.is_empty() && rows.iter().all(|row| row["Status"] == "FilteredAsSpam"));
    let id = &client.simulation.tenant.rows()[0].id;
    let (rows, _) = client.walk(&format!("?$filter=MessageTraceId%20eq%20guid'{id}'"));
    assert!(!rows.is_empty() && rows.iter().all(|row| row["MessageTraceId"] == *id));
}

#[test]
fn the_path_has_no_case() {
    let client = LegacyClient::start(&[]);
    let answer = client.get("/ecp/ReportingWebService/Reporting.svc/messagetrace?$top=1", &[JSON]);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(client.simulation.get("/stats", &[]).json()["page_requests"], 1);
}

#[test]
fn the_accept_header_counts_more_than_the_format() {
    let client = LegacyClient::start(&[]);
    let light = client.get(&format!("{PATH}?$format=json"), &[JSON]).json();
    assert!(light["value"].is_array(), "{light}");

    let verbose = client.get(&format!("{PATH}?$format=Json&$top=3"), &[]).json();
    let row = &verbose["d"]["results"][0];
    let rows = client.simulation.tenant.rows();
    let oldest = rows.last().unwrap();
    assert_eq!(row["Received"], format!("/Date({})/", oldest.received.timestamp_millis()));
    assert_eq!(row["__metadata"]["type"], "TenantReporting.MessageTrace");
    assert_eq!(verbose["d"]["__next"], format!("{PATH}?$format=Json&$top=3&$skiptoken=3"));

    let atom = client.get(&format!("{PATH}?$top=3"), &[]);
    assert_eq!(atom.header("content-type"), Some("application/atom+xml;type=feed;charset=utf-8"));
    assert_eq!(atom.body.matches("<entry>").count(), 3);
    assert!(atom.body.contains("?$top=3&amp;$skiptoken=3\""), "{}", atom.body);
}

#[test]
fn a_fault_can_choose_another_shape() {
    let verbose = LegacyClient::start(&["legacy-verbose"]).get(PATH, &[JSON]).json();
    assert!(verbose["d"]["results"].is_array());
    let atom = LegacyClient::start(&["legacy-atom"]).get(PATH, &[JSON]);
    assert!(atom.body.starts_with("<?xml"), "{atom:?}");
}

#[test]
fn arguments_that_cannot_be_are_refused() {
    let client = LegacyClient::start(&[]);
    client.check_refused("?$top=2001", 400, "Incorrect format for $top argument '2001'.");
    client.check_refused("?$top=5]", 400, "Incorrect format for $top argument '5]'.");
    client.check_refused("?$skiptoken=abc", 400, "Incorrect format for $skiptoken argument 'abc'.");
    client.check_refused("?$skiptoken=999999", 500, "UnknownError");
}

#[test]
fn without_a_good_token_there_is_an_html_page() {
    let answer = Simulation::start().get(PATH, &[JSON]);
    assert_eq!(answer.status, 401);
    assert!(answer.body.contains("401 - Unauthorized: Access is denied due to invalid credentials."), "{answer:?}");
}

#[test]
fn without_the_role_the_report_is_refused() {
    let answer = LegacyClient::start(&["no-permission"]).get(PATH, &[JSON]);
    assert_eq!(answer.status, 403);
    assert_eq!(answer.json()["Message"], "No permission to access the report for the organization .");
}

#[test]
fn gateways_limits_and_connections_fail_here_too() {
    for (fault, status) in [("server-error", 503), ("throttle-random", 429), ("revoked-token", 401)] {
        let client = LegacyClient::start(&[fault]);
        let statuses: Vec<u16> = (0..20).map(|_| client.get(PATH, &[JSON]).status).collect();
        assert!(statuses.contains(&status), "{fault}: {statuses:?}");
    }
    let cut = LegacyClient::start(&["cut"]).get(PATH, &[JSON]);
    assert!(serde_json::from_str::<Value>(&cut.body).is_err());
    let broken = LegacyClient::start(&["broken-page"]).get(PATH, &[JSON]);
    assert!(serde_json::from_str::<Value>(&broken.body).ok().is_none_or(|page| !page["value"].is_array()));
}
