use std::collections::BTreeSet;

use serde_json::Value;
use tokio::runtime::Runtime;

use super::*;
use crate::testing::{Answer, ask, config, config_with};

const TRACES: &str = "/v1.0/admin/exchange/tracing/messageTraces";

/// Tenants on a loopback port, gone when dropped.
struct ServiceSimulation {
    service: Arc<SimulatedService>,
    address: std::net::SocketAddr,
    _runtime: Runtime,
}

impl ServiceSimulation {
    fn start(like: &TenantConfig, count: u32) -> Self {
        let service = Arc::new(SimulatedService::new(like, count));
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(serve_many(listener, Arc::clone(&service), std::future::pending()));
        Self { service, address, _runtime: runtime }
    }

    fn get(&self, target: &str, headers: &[(&str, &str)]) -> Answer {
        ask(self.address, "GET", target, headers, "")
    }

    /// Signs in with the application of the first tenant to the second.
    fn sign_in(&self, application: usize, tenant: usize) -> Answer {
        let TenantConfig { client_id, client_secret, .. } = self.service.tenants()[application].config();
        let form = format!(
            "grant_type=client_credentials&client_id={client_id}&client_secret={client_secret}\
             &scope=https%3A%2F%2Fgraph.microsoft.com%2F.default"
        );
        let target = format!("/{}/oauth2/v2.0/token", self.service.tenants()[tenant].config().tenant_id);
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        ask(self.address, "POST", &target, &headers, &form)
    }

    fn page(&self, token: &str) -> Answer {
        self.get(TRACES, &[("Authorization", &format!("Bearer {token}"))])
    }

    fn token(&self, tenant: usize) -> String {
        self.sign_in(tenant, tenant).json()["access_token"].as_str().unwrap().to_owned()
    }
}

fn ids(answer: &Answer) -> BTreeSet<String> {
    let body = answer.json();
    body["value"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn each_tenant_has_mail_and_an_application_of_its_own() {
    let simulation = ServiceSimulation::start(&TenantConfig { rows: 30, ..config() }, 3);
    let pages: Vec<_> = (0..3).map(|place| simulation.page(&simulation.token(place))).collect();
    for (page, tenant) in pages.iter().zip(simulation.service.tenants()) {
        let expected: BTreeSet<_> = tenant.rows().into_iter().map(|row| row.id).collect();
        assert_eq!(ids(page), expected);
        let domain = &tenant.config().domain;
        assert!(tenant.rows().iter().any(|row| row.recipient.ends_with(domain)), "{domain}");
    }
    assert!(ids(&pages[0]).is_disjoint(&ids(&pages[1])));
    let foreign = simulation.sign_in(0, 1);
    assert_eq!((foreign.status, foreign.json()["error"].as_str()), (400, Some("unauthorized_client")));
    assert_eq!(simulation.page("made-up").status, 401);
}

#[test]
fn the_limit_of_a_tenant_is_its_own_and_that_of_the_real_service() {
    let simulation = ServiceSimulation::start(&TenantConfig { rows: 5, ..config() }, 2);
    let [first, second] = [0, 1].map(|place| simulation.token(place));
    let statuses: Vec<_> = (0..102).map(|_| simulation.page(&first).status).collect();
    assert_eq!(statuses, [vec![200; 100], vec![429; 2]].concat());
    let wait: u64 = simulation.page(&first).header("retry-after").unwrap().parse().unwrap();
    assert!((200..=300).contains(&wait), "{wait}");
    assert_eq!(simulation.page(&second).status, 200);
    assert_eq!([0, 1].map(|place| simulation.service.tenants()[place].max_page_requests_in_300_s()), [103, 1]);
    let target = format!("/advance?seconds=300&tenant={}", simulation.service.tenants()[0].config().domain);
    assert_eq!(ask(simulation.address, "POST", &target, &[], "").status, 204);
    assert_eq!(simulation.page(&first).status, 200);
    assert_eq!(simulation.service.tenants()[0].max_page_requests_in_300_s(), 103);
}

#[test]
fn another_limit_may_be_wanted() {
    let simulation = ServiceSimulation::start(&config_with(&["throttle=1"]), 2);
    let token = simulation.token(1);
    assert_eq!([(); 2].map(|()| simulation.page(&token).status), [200, 429]);
}

#[test]
fn a_test_is_told_of_every_tenant() {
    let simulation = ServiceSimulation::start(&TenantConfig { rows: 7, ..config() }, 2);
    simulation.page(&simulation.token(1));
    let listed = simulation.get("/tenants", &[]).json();
    assert_eq!(listed.as_array().map(Vec::len), Some(2));
    for (listed, requests) in listed.as_array().unwrap().iter().zip([0, 1]) {
        assert_eq!(listed["stats"]["max_page_requests_in_300_s"], requests, "{listed}");
        let tenant_id = listed["tenant_id"].as_str().unwrap();
        let stats = simulation.get(&format!("/stats?tenant={tenant_id}"), &[]).json();
        assert_eq!(stats, listed["stats"]);
        let truth = simulation.get(&format!("/truth?tenant={tenant_id}"), &[]).body;
        let rows: Vec<Value> = truth.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let domain = listed["domain"].as_str().unwrap();
        assert!(rows.len() == 7 && truth.contains(domain), "{domain}: {truth}");
    }
}

#[test]
fn the_clocks_of_all_tenants_move_on_together() {
    let simulation = ServiceSimulation::start(&config(), 2);
    let before = simulation.service.tenants()[1].now();
    assert_eq!(ask(simulation.address, "POST", "/advance?seconds=3600", &[], "").status, 204);
    assert!(simulation.service.tenants()[1].now() - before >= chrono::Duration::hours(1));
    assert_eq!(ask(simulation.address, "POST", "/advance?seconds=1&tenant=nobody", &[], "").status, 404);
}

#[test]
fn many_tenants_are_told_apart_by_everything() {
    let tenants: Vec<_> = (1..=300).map(|number| config().of_many(number)).collect();
    let distinct = |part: fn(&TenantConfig) -> String| tenants.iter().map(part).collect::<BTreeSet<_>>().len();
    for part in [
        |it: &TenantConfig| it.tenant_id.clone(),
        |it: &TenantConfig| it.client_id.clone(),
        |it: &TenantConfig| it.client_secret.clone(),
        |it: &TenantConfig| it.domain.clone(),
        |it: &TenantConfig| it.seed.to_string(),
    ] {
        assert_eq!(distinct(part), 300);
    }
}

#[test]
fn many_huge_tenants_take_nothing_until_they_are_looked_at() {
    let like = TenantConfig { rows: 100_000_000, ..config() };
    let service = SimulatedService::new(&like, 300);
    for tenant in service.tenants() {
        // The newest block may have only rows that are still to come.
        let newest: Vec<_> = tenant.mail().until(tenant.now()).take(2).map(|block| block.len()).collect();
        assert!(newest.iter().any(|rows| *rows > 0), "{newest:?}");
        assert!(newest.iter().all(|rows| *rows <= tenant.config().block_rows), "{newest:?}");
    }
}
