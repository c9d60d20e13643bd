//! Simulated tenants on loopback, each with a file in `sources_dir` once it is written, and a folder for who collects.

use std::{collections::HashSet, fs, ops::Deref, sync::Arc};

use exotrace_simulator::{DeliveryError, SimulatedService, Tenant, TenantConfig, serve_many};
use serde_json::Value;
use tokio::{net::TcpListener, runtime::Runtime};

use super::{folder::Folder, wait::wait_for};

/// Tenants that are served until they are dropped. Their numbers are counted from 1.
pub(crate) struct SimulatedTenants {
    service: Arc<SimulatedService>,
    url: String,
    _runtime: Runtime,
    folder: Folder,
}

impl Deref for SimulatedTenants {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.folder
    }
}

impl SimulatedTenants {
    /// Tenants of 20 rows, to which one comes each second, and settings that have none of them.
    pub(crate) fn new(count: u32) -> Self {
        let mut like = TenantConfig { rows: 20, rows_per_hour: 3600, ..TenantConfig::default() };
        // They are asked all the time.
        like.faults.add("throttle=1000000").unwrap();
        Self::like(
            &like,
            count,
            "state_dir = \"state\"\nsources_dir = \"tenants.d\"\n[[output]]\ntype = \"file\"\npath = \"trace.ndjson\"\n",
        )
    }

    /// Tenants like this one, and these settings.
    pub(crate) fn like(like: &TenantConfig, count: u32, settings: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let service = Arc::new(SimulatedService::new(like, count));
        runtime.spawn(serve_many(listener, Arc::clone(&service), std::future::pending()));
        let folder = Folder::with_settings(settings);
        fs::create_dir(folder.path("tenants.d")).unwrap();
        Self { service, url, _runtime: runtime, folder }
    }

    pub(crate) fn tenant(&self, number: usize) -> &Tenant {
        &self.service.tenants()[number - 1]
    }

    pub(crate) fn all(&self) -> &[Arc<Tenant>] {
        self.service.tenants()
    }

    /// Where all of them are served.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The file of a tenant.
    pub(crate) fn file(number: usize) -> String {
        format!("tenants.d/tenant-{number:03}.toml")
    }

    /// The source of a tenant, which writes a tag, with these lines besides.
    pub(crate) fn source(&self, number: usize, lines: &str) -> String {
        let TenantConfig { tenant_id, client_id, client_secret, .. } = self.tenant(number).config();
        let url = &self.url;
        format!(
            "[[source]]\ntype = \"graph\"\ntenant_id = \"{tenant_id}\"\nclient_id = \"{client_id}\"\n\
             client_secret = \"{client_secret}\"\nlogin_url = \"{url}\"\nurl = \"{url}\"\ninterval = \"1s\"\n\
             initial_interval = \"2h\"\nrequest_budget = 1000000\ntags = [\"of-{number}\"]\n{lines}"
        )
    }

    /// Writes the files of these tenants.
    pub(crate) fn write_files(&self, numbers: &[usize]) {
        for number in numbers {
            self.write(&Self::file(*number), self.source(*number, ""));
        }
    }

    /// The documents with this tag that are there in whole.
    pub(crate) fn tagged(&self, tag: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.path("trace.ndjson")).unwrap_or_default();
        let complete = text.rsplit_once('\n').map_or("", |(complete, _)| complete);
        let documents = complete.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        documents.filter(|document| document["tags"].as_array().unwrap().contains(&tag.into())).collect()
    }

    /// Waits until all mail that these tenants have now was delivered, and nothing twice.
    #[track_caller]
    pub(crate) fn wait_for_mail(&self, numbers: &[usize]) {
        for number in numbers {
            let (tenant, tag) = (self.tenant(*number), format!("of-{number}"));
            let expected = tenant.visible_rows();
            wait_for(&format!("mail of tenant {number}"), || {
                let documents = self.tagged(&tag);
                let delivered: HashSet<_> = documents.iter().map(id_and_recipient).collect();
                expected.iter().all(|row| delivered.contains(&[row.id.as_str(), row.recipient.as_str()]))
            });
            match tenant.check_delivery(&self.tagged(&tag)) {
                // Mail has come since then.
                Ok(()) | Err(DeliveryError::Missing { .. }) => {}
                Err(error) => panic!("tenant {number}: {error}"),
            }
        }
    }

    /// Waits until mail has come to these tenants and was delivered.
    #[track_caller]
    pub(crate) fn wait_for_new_mail(&self, numbers: &[usize]) {
        for number in numbers {
            let rows = || self.tenant(*number).visible_rows().len();
            let before = rows();
            wait_for("new mail", || rows() >= before + 2);
        }
        self.wait_for_mail(numbers);
    }
}

/// What tells a row from all others of its tenant, of a document of it.
pub(crate) fn id_and_recipient(document: &Value) -> [&str; 2] {
    let record = &document["microsoft"]["online_message_trace"];
    ["MessageTraceId", "RecipientAddress"].map(|name| record[name].as_str().unwrap())
}
