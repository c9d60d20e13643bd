//! The simulated tenant that the demo collects from, and what collects.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::anyhow;
use exotrace_simulator::{Tenant, TenantConfig, serve};
use tokio::{net::TcpListener, runtime::Runtime, task::JoinHandle};

use crate::{
    app::{
        settings::Config,
        start::{self, Ready},
    },
    cli::simulated_source,
    geo::Geo,
    pipeline::{self, Mode, Summary},
};

/// The geo databases of the fixtures: they know the addresses that the simulated mail comes from.
const CITY: &[u8] = include_bytes!("../../../../fixtures/geo/City.mmdb");
const ASN: &[u8] = include_bytes!("../../../../fixtures/geo/ASN.mmdb");

/// Rows a page: few, so that there are several pages.
pub(super) const PAGE_ROWS: usize = 50;

/// A simulated tenant, and a folder for who collects from it; both go with it.
pub(super) struct DemoStage {
    runtime: Runtime,
    state_dir: tempfile::TempDir,
    pub(super) tenant: TenantConfig,
    pub(super) url: String,
    server: JoinHandle<io::Result<()>>,
}

impl DemoStage {
    pub(super) fn new(rows: usize) -> anyhow::Result<Self> {
        let state_dir = tempfile::tempdir().map_err(|error| {
            anyhow!("could not make a folder for the demo: {error}\nhint: `TMPDIR` names the folder that it is made in")
        })?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let tenant = TenantConfig { rows, ..TenantConfig::default() };
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let url = format!("http://{}", listener.local_addr()?);
        let server = runtime.spawn(serve(listener, Arc::new(Tenant::new(tenant.clone())), std::future::pending()));
        Ok(Self { runtime, state_dir, tenant, url, server })
    }

    /// Gets collecting from it ready, with these keys for the output.
    pub(super) fn ready(&self, output: &str) -> anyhow::Result<Ready> {
        let source = simulated_source::keys(&self.tenant, &self.url);
        let text = format!(
            "state_dir = \"state\"\n[[source]]\n{source}initial_interval = \"2h\"\nbatch_size = {PAGE_ROWS}\n\
             [[output]]\n{output}\n"
        );
        let config = Config::parse(&text, &self.path("demo.toml"), &|_| None)?;
        start::ready(&config, Geo::from_bytes(CITY, ASN)?)
    }

    /// Collects everything that there is.
    pub(super) fn collect(&self, ready: Ready) -> anyhow::Result<Summary> {
        let ledger = ready.open()?;
        let stages = ready.into_stages(ledger, &Arc::default())?;
        Ok(self.runtime.block_on(pipeline::run(stages, Mode::Once, std::future::pending()))?)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        Path::join(self.state_dir.path(), name)
    }
}

impl Drop for DemoStage {
    fn drop(&mut self) {
        self.server.abort();
    }
}
