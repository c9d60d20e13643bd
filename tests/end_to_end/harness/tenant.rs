//! A simulated tenant on loopback, and the program that collects from it.

use std::{collections::BTreeSet, ops::Deref, path::PathBuf, sync::Arc};

use exotrace_mapping::Origin;
use exotrace_simulator::{Tenant, TenantConfig, serve};
use serde_json::Value;
use tokio::{net::TcpListener, runtime::Runtime};

use super::{
    exotrace::Ended,
    folder::Folder,
    mapping::{Settings, geo, map},
    paths::fixture,
};

/// A tenant that is served until it is dropped, and a folder for who collects from it.
pub(crate) struct SimulatedTenant {
    pub(crate) simulator: Arc<Tenant>,
    pub(crate) config: TenantConfig,
    pub(crate) url: String,
    pub(crate) runtime: Runtime,
    folder: Folder,
}

impl Deref for SimulatedTenant {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.folder
    }
}

impl SimulatedTenant {
    pub(crate) fn new(config: TenantConfig) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let simulator = Arc::new(Tenant::new(config.clone()));
        runtime.spawn(serve(listener, Arc::clone(&simulator), std::future::pending()));
        Self { simulator, config, url, runtime, folder: Folder::new() }
    }

    /// A tenant with `rows` rows.
    pub(crate) fn with_rows(rows: usize) -> Self {
        Self::new(TenantConfig { rows, ..TenantConfig::default() })
    }

    /// A tenant of a few rows that misbehaves in these ways.
    pub(crate) fn misbehaving(faults: &[&str]) -> Self {
        let mut config = TenantConfig { rows: 20, ..TenantConfig::default() };
        faults.iter().for_each(|fault| config.faults.add(fault).unwrap());
        Self::new(config)
    }

    /// The lines with which the app registration signs in by its secret.
    pub(crate) fn by_secret(&self) -> String {
        let TenantConfig { client_id, client_secret, .. } = &self.config;
        format!("client_id = \"{client_id}\"\nclient_secret = \"{client_secret}\"\n")
    }

    /// The beginning of settings: this tenant as the one source, which may be given more lines.
    pub(crate) fn source(&self) -> String {
        self.source_with(&format!("{}request_budget = 1000000\n", self.by_secret()))
    }

    /// The same with these lines for the source, besides those about where it is.
    fn source_with(&self, lines: &str) -> String {
        let tenant_id = &self.config.tenant_id;
        let mut source = format!("state_dir = \"state\"\n[[source]]\ntype = \"graph\"\ntenant_id = \"{tenant_id}\"\n");
        for (key, value) in [("login_url", &*self.url), ("url", &*self.url), ("initial_interval", "2h")] {
            if !lines.lines().any(|line| line.starts_with(&format!("{key} ="))) {
                source += &format!("{key} = \"{value}\"\n");
            }
        }
        source + lines
    }

    /// Writes settings with these lines for the source; documents go to standard output.
    pub(crate) fn settings(&self, source: &str) -> PathBuf {
        self.write_settings(&format!("{}\n[[output]]\ntype = \"stdout\"\n", self.source_with(source)))
    }

    /// Writes settings with these outputs; pages are small, and asked for all the time.
    pub(crate) fn deliver_to(&self, outputs: &str) {
        self.write_settings(&format!("{}interval = \"1s\"\nbatch_size = 20\n{outputs}", self.source()));
    }

    /// Collects once with these lines for the source, and sees that every row came.
    #[track_caller]
    pub(crate) fn collect(&self, source: &str, environment: &[(&str, &str)]) -> Ended {
        self.settings(source);
        let ended = self.exotrace(&["run", "--once"]).envs(environment).ends(0);
        let documents = ended.documents();
        self.check(&documents);
        assert_eq!(documents.len(), self.simulator.rows().len());
        ended
    }

    /// The `_id`s of the rows as they are now.
    pub(crate) fn visible_ids(&self) -> BTreeSet<String> {
        let rows = self.simulator.visible_rows();
        let records: Vec<_> = rows.iter().map(|row| serde_json::to_string(row).unwrap()).collect();
        let no_geo = geo(&fixture("geo/City.mmdb"), &fixture("geo/ASN.mmdb"));
        let mapped = map("2.2", &Settings::default(), &no_geo, &records.join("\n"), &Origin::default());
        mapped.iter().map(|line| line["_id"].as_str().unwrap().to_owned()).collect()
    }

    /// Every row is among the documents as it is now, and nothing twice.
    #[track_caller]
    pub(crate) fn check(&self, documents: &[Value]) {
        self.simulator.check_delivery(documents).unwrap();
    }

    /// The same for the files whose names begin so.
    #[track_caller]
    pub(crate) fn check_files(&self, prefix: &str) {
        self.check(&self.documents(prefix));
    }

    /// Runs a command that fails; what it says.
    #[track_caller]
    pub(crate) fn fail(&self, command: &[&str], source: &str, code: i32, environment: &[(&str, &str)]) -> String {
        self.settings(source);
        self.exotrace(command).envs(environment).ends(code).said()
    }
}
