//! `exotrace simulate`: the simulated tenant alone.

use std::{net::SocketAddr, process::ExitCode, sync::Arc};

use anyhow::Context as _;
use clap::Args;
use exotrace_simulator::{Tenant, TenantConfig, serve};
use tokio::net::TcpListener;

use super::exit::say;

#[derive(Args)]
pub(super) struct Arguments {
    /// Where to listen; port 0 takes any that is free.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8365")]
    listen: SocketAddr,
    /// How many rows of mail the tenant has.
    #[arg(long, default_value_t = 200)]
    rows: usize,
    /// Where the random choices begin; the same seed gives the same mail.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(arguments.listen).await;
        let listener = listener.with_context(|| format!("could not listen on `{}`", arguments.listen))?;
        let config = TenantConfig { rows: arguments.rows, seed: arguments.seed, ..TenantConfig::default() };
        let url = format!("http://{}", listener.local_addr()?);
        say(&format!("simulated tenant at {url}; settings for it:"));
        say(&format!("tenant_id = \"{}\"\nclient_id = \"{}\"", config.tenant_id, config.client_id));
        say(&format!("client_secret = \"{}\"", config.client_secret));
        say(&format!("login_url = \"{url}\"\nurl = \"{url}\"\nlocal_domains = [\"{}\"]", config.domain));
        let interrupted = async { drop(tokio::signal::ctrl_c().await) };
        serve(listener, Arc::new(Tenant::new(config)), interrupted).await?;
        Ok(ExitCode::SUCCESS)
    })
}
