//! `exotrace demo`: the main job with nothing to set up, told on a terminal, and as documents anywhere else.

use std::{
    io::{self, IsTerminal as _},
    path::Path,
    process::ExitCode,
    sync::Arc,
};

use clap::Args;
use exotrace_simulator::{Tenant, TenantConfig, serve};
use tokio::{net::TcpListener, runtime::Runtime, task::JoinHandle};

use super::{exit::say, log, simulated_source};
use crate::{
    app::{
        settings::Config,
        start::{self, Ready},
    },
    geo::Geo,
    pipeline::{self, Mode, Summary},
};

mod bars;
mod document;
mod story;

#[derive(Args)]
#[command(after_help = "Examples:\n  exotrace demo\n  exotrace demo --json | head -1\n  exotrace demo --rows 1000")]
pub(super) struct Arguments {
    /// How many rows of mail the simulated tenant has.
    #[arg(long, default_value_t = 200)]
    rows: usize,
    /// Print the documents alone, as when standard output is no terminal.
    #[arg(long)]
    json: bool,
}

/// The geo databases of the fixtures: they know the addresses that the simulated mail comes from.
const CITY: &[u8] = include_bytes!("../../../fixtures/geo/City.mmdb");
const ASN: &[u8] = include_bytes!("../../../fixtures/geo/ASN.mmdb");

/// Rows a page: few, so that there are several pages.
const PAGE_ROWS: usize = 50;

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if io::stdout().is_terminal() && !arguments.json {
        log::start_for_warnings();
        story::tell(arguments.rows)?;
    } else {
        log::start();
        documents(arguments.rows)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the documents.
fn documents(rows: usize) -> anyhow::Result<()> {
    let stage = Stage::new(rows)?;
    let url = &stage.url;
    say(&format!("simulated tenant at {url}: sign-in, then pages of {PAGE_ROWS} rows, each mapped in the component"));
    let summary = stage.collect(stage.ready("type = \"stdout\"")?)?;
    say(&summary.to_string());
    Ok(())
}

/// A simulated tenant, and a folder for who collects from it; both go with it.
struct Stage {
    runtime: Runtime,
    state_dir: tempfile::TempDir,
    tenant: TenantConfig,
    url: String,
    server: JoinHandle<io::Result<()>>,
}

impl Stage {
    fn new(rows: usize) -> anyhow::Result<Self> {
        let state_dir = tempfile::tempdir()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let tenant = TenantConfig { rows, ..TenantConfig::default() };
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let url = format!("http://{}", listener.local_addr()?);
        let server = runtime.spawn(serve(listener, Arc::new(Tenant::new(tenant.clone())), std::future::pending()));
        Ok(Self { runtime, state_dir, tenant, url, server })
    }

    /// Gets collecting from it ready, with these keys for the output.
    fn ready(&self, output: &str) -> anyhow::Result<Ready> {
        let source = simulated_source::keys(&self.tenant, &self.url);
        let text = format!(
            "state_dir = \"state\"\n[[source]]\n{source}initial_interval = \"2h\"\nbatch_size = {PAGE_ROWS}\n\
             [[output]]\n{output}\n"
        );
        let config = Config::parse(&text, &self.path("demo.toml"), &|_| None)?;
        start::ready(&config, Geo::from_bytes(CITY, ASN)?)
    }

    /// Collects everything that there is.
    fn collect(&self, ready: Ready) -> anyhow::Result<Summary> {
        let ledger = ready.open()?;
        let stages = ready.into_stages(ledger, &Arc::default())?;
        Ok(self.runtime.block_on(pipeline::run(stages, Mode::Once, std::future::pending()))?)
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        Path::join(self.state_dir.path(), name)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.server.abort();
    }
}
