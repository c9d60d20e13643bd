//! A running simulation and just enough of an HTTP client to ask it.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio::{net::TcpListener, runtime::Runtime};

use crate::{Tenant, TenantConfig, serve};

/// The form that signs in to a tenant with the default configuration.
pub(crate) const SIGN_IN_FORM: &str = "grant_type=client_credentials\
    &client_id=c0ffee42-6d15-4e8b-a3f7-51e09b2d7c66&client_secret=simulated-secret\
    &scope=https%3A%2F%2Fgraph.microsoft.com%2F.default";

/// A tenant on a loopback port, gone when dropped.
pub(crate) struct Simulation {
    pub(crate) tenant: Arc<Tenant>,
    pub(crate) address: SocketAddr,
    _runtime: Runtime,
}

/// One answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// Returns the time at which every simulated tenant of the tests is made.
pub(crate) fn noon() -> DateTime<Utc> {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

/// Returns the default configuration at noon.
pub(crate) fn config() -> TenantConfig {
    TenantConfig { now: noon(), ..TenantConfig::default() }
}

/// Returns the default configuration at noon with some faults.
pub(crate) fn config_with(faults: &[&str]) -> TenantConfig {
    let mut config = config();
    for fault in faults {
        config.faults.add(fault).unwrap();
    }
    config
}

impl Simulation {
    pub(crate) fn start() -> Self {
        Self::start_with(config())
    }

    pub(crate) fn start_with(config: TenantConfig) -> Self {
        let tenant = Arc::new(Tenant::new(config));
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(serve(listener, Arc::clone(&tenant), std::future::pending()));
        Self { tenant, address, _runtime: runtime }
    }

    pub(crate) fn get(&self, target: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask("GET", target, headers, "")
    }

    pub(crate) fn post_form(&self, target: &str, form: &str) -> Answer {
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        self.ask("POST", target, &headers, form)
    }

    /// Returns an access token.
    pub(crate) fn sign_in(&self) -> String {
        let target = format!("/{}/oauth2/v2.0/token", self.tenant.config().tenant_id);
        let answer = self.post_form(&target, SIGN_IN_FORM);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    fn ask(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        ask(self.address, method, target, headers, body)
    }
}

/// Sends a request to the server that listens there.
pub(crate) fn ask(address: SocketAddr, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut request = format!("{method} {target} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    if !headers.iter().any(|(name, _)| *name == "Host") {
        request.push_str(&format!("Host: {address}\r\n"));
    }
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    request.push_str(body);

    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

impl Answer {
    /// Returns the value of a header, whose name is given in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}
