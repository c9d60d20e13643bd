//! `exotrace demo`: the main job with nothing to set up.

use std::{path::Path, process::ExitCode, sync::Arc};

use clap::Args;
use exotrace_simulator::{Tenant, TenantConfig, serve};
use tokio::net::TcpListener;

use super::{exit::say, log};
use crate::{
    app::{settings::Config, start},
    geo::Geo,
    pipeline::{self, Mode},
};

#[derive(Args)]
pub(super) struct Arguments {
    /// How many rows of mail the simulated tenant has.
    #[arg(long, default_value_t = 200)]
    rows: usize,
}

/// The geo databases of the fixtures: they know the addresses that the simulated mail comes from.
const CITY: &[u8] = include_bytes!("../../../fixtures/geo/City.mmdb");
const ASN: &[u8] = include_bytes!("../../../fixtures/geo/ASN.mmdb");

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    log::start();
    let state_dir = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let summary = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let tenant = TenantConfig { rows: arguments.rows, ..TenantConfig::default() };
        let config = Config::parse(&settings(&tenant, &url), &state_dir.path().join("demo.toml"), &|_| None)?;
        let server = tokio::spawn(serve(listener, Arc::new(Tenant::new(tenant)), std::future::pending()));
        say(&format!("simulated tenant at {url}: sign-in, then pages of 50 rows, each mapped in the component"));
        let stages = start::stages(&config, Geo::from_bytes(CITY, ASN)?)?;
        let summary = pipeline::run(stages, Mode::Once, std::future::pending()).await?;
        server.abort();
        anyhow::Ok(summary)
    })?;
    say(&summary.to_string());
    Ok(ExitCode::SUCCESS)
}

fn settings(tenant: &TenantConfig, url: &str) -> String {
    let TenantConfig { tenant_id, client_id, client_secret, domain, .. } = tenant;
    let state_dir = Path::new("state").display();
    format!(
        r#"
        state_dir = "{state_dir}"
        [[source]]
        type = "graph"
        tenant_id = "{tenant_id}"
        client_id = "{client_id}"
        client_secret = "{client_secret}"
        local_domains = ["{domain}", "contoso.onmicrosoft.com"]
        login_url = "{url}"
        url = "{url}"
        initial_interval = "2h"
        batch_size = 50
        [[output]]
        type = "stdout"
        "#
    )
}
