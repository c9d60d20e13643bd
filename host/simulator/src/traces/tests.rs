//! The API as a client meets it, over HTTP.

use serde_json::Value;

use crate::{
    TenantConfig,
    testing::{Answer, Simulation, config, config_with},
};

mod faults;
mod links;
mod odd_rows;
mod refusals;

const PATH: &str = "/v1.0/admin/exchange/tracing/messageTraces";

/// A simulation and a token for it.
struct Client {
    simulation: Simulation,
    authorization: String,
}

impl Client {
    fn start() -> Self {
        Self::start_with(config())
    }

    fn start_faulty(faults: &[&str]) -> Self {
        Self::start_with(config_with(faults))
    }

    fn start_with(config: TenantConfig) -> Self {
        let simulation = Simulation::start_with(config);
        let authorization = format!("Bearer {}", simulation.sign_in());
        Self { simulation, authorization }
    }

    fn get(&self, target: &str) -> Answer {
        let headers = [("Authorization", self.authorization.as_str())];
        self.simulation.get(target, &headers)
    }

    /// Follows the links from a first page; returns all rows and the number of pages.
    fn walk(&self, query: &str) -> (Vec<Value>, usize) {
        let origin = format!("http://{}", self.simulation.address);
        let mut target = format!("{PATH}{query}");
        let mut rows = Vec::new();
        for pages in 1.. {
            let answer = self.get(&target);
            assert_eq!(answer.status, 200, "{answer:?}");
            let page = answer.json();
            rows.extend(page["value"].as_array().unwrap().iter().cloned());
            let Some(link) = page["@odata.nextLink"].as_str() else {
                return (rows, pages);
            };
            assert!(link.contains("?$skiptoken="), "{link}");
            target = link.strip_prefix(&origin).unwrap().to_owned();
        }
        unreachable!("the walk ends at the last page");
    }

    /// Asks until there is an answer of that status; returns it and the number of requests.
    fn ask_until(&self, status: u16) -> (Answer, u32) {
        for requests in 1..100 {
            let answer = self.get(PATH);
            if answer.status == status {
                return (answer, requests);
            }
        }
        panic!("no answer of status {status}");
    }

    /// Returns how often a fault happened.
    fn injected(&self, fault: &str) -> u64 {
        self.simulation.get("/stats", &[]).json()["faults"][fault].as_u64().unwrap_or_default()
    }

    fn truth(&self) -> Vec<Value> {
        let text = self.simulation.get("/truth", &[]).body;
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

#[test]
fn all_pages_together_are_the_truth_at_any_page_size() {
    let client = Client::start();
    let truth = client.truth();
    for (size, expected_pages) in [(1, 200), (7, 29), (100, 2), (200, 1), (5000, 1)] {
        let (rows, pages) = client.walk(&format!("?$top={size}"));
        assert_eq!(rows, truth, "page size {size}");
        assert_eq!(pages, expected_pages, "page size {size}");
    }
}

#[test]
fn a_walk_crosses_many_rows_of_one_millisecond() {
    let client = Client::start_with(TenantConfig { rows: 500, span: chrono::Duration::milliseconds(3), ..config() });
    let (rows, _) = client.walk("?$top=7");
    assert_eq!(rows, client.truth());
}

#[test]
fn a_page_has_1000_rows_by_default() {
    let client = Client::start_with(TenantConfig { rows: 1001, ..config() });
    let page = client.get(PATH).json();
    assert_eq!(page["value"].as_array().unwrap().len(), 1000);
}

#[test]
fn the_range_is_inclusive_at_both_ends() {
    let client = Client::start();
    let truth = client.truth();
    let [start, end] = [150, 50].map(|index| truth[index]["receivedDateTime"].as_str().unwrap());
    let filter = format!("receivedDateTime ge {start} and receivedDateTime le {end}");
    let expected: Vec<Value> = truth
        .iter()
        .filter(|row| {
            let received = row["receivedDateTime"].as_str().unwrap();
            start <= received && received <= end
        })
        .cloned()
        .collect();
    assert!(expected.len() >= 101);
    for query in [
        format!("?$filter={}", filter.replace(' ', "%20")),
        format!("?%24filter={}&%24top=5000", filter.replace(' ', "+")),
        format!("?%24filter={}&$top=9", filter.replace(' ', "+").replace(':', "%3A")),
    ] {
        assert_eq!(client.walk(&query).0, expected, "{query}");
    }
}

#[test]
fn a_filter_holds_on_later_pages_too() {
    let client = Client::start();
    let expected: Vec<Value> =
        client.truth().into_iter().filter(|row| row["status"] == "delivered" && row["toIP"] == "").collect();
    let (rows, pages) = client.walk("?$filter=status+eq+'delivered'+and+toIP+eq+''&$top=10");
    assert_eq!(rows, expected);
    assert!(pages > 2);
}

#[test]
fn without_parameters_the_last_48_hours_are_searched() {
    let client = Client::start_with(TenantConfig { span: chrono::Duration::days(4), ..config() });
    let (rows, _) = client.walk("");
    assert!(rows.len() < 110, "{}", rows.len());
    assert_eq!(rows, client.truth()[..rows.len()]);
}

#[test]
fn beta_and_v1_differ_in_the_context_only() {
    let client = Client::start();
    let stable = client.get(PATH).json();
    let beta = client.get(&PATH.replace("v1.0", "beta")).json();
    assert_eq!(
        beta["@odata.context"],
        "https://graph.microsoft.com/beta/$metadata#admin/exchange/tracing/messageTraces"
    );
    assert_ne!(stable["@odata.context"], beta["@odata.context"]);
    assert_eq!(stable["value"], beta["value"]);
}
