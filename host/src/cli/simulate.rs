//! `exotrace simulate`: the simulated tenant alone, or many of them.

use std::{
    io::{self, BufWriter, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use exotrace_simulator::{
    Faults, RecordForm, SimulatedService, Tenant, TenantConfig, serve, serve_many, write_records,
};
use tokio::net::TcpListener;

use super::{
    exit::say,
    new_file::{self, ExistingFile, SECRET},
    shell, simulated_source,
};
use crate::support::counted::counted;

#[derive(Args)]
#[command(
    after_help = "Examples:\n  exotrace simulate --rows 2000 --rows-per-hour 600\n  exotrace simulate --write-settings exotrace.toml\n  exotrace simulate --fault server-error=0.5\n  exotrace simulate --tenants 300 --rows-per-hour 3600 --write-settings exotrace.toml\n  exotrace simulate --rows 500000 --people 20000 --print-records graph > records.ndjson"
)]
pub(super) struct SimulateArguments {
    /// Where to listen; port 0 takes any that is free.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8365")]
    listen: SocketAddr,
    /// How many rows of mail the tenant has at the start.
    #[arg(long, default_value_t = 200)]
    rows: usize,
    /// How many rows come in each hour from then on.
    #[arg(long, value_name = "ROWS", default_value_t = 0)]
    rows_per_hour: u32,
    /// How long they come in, such as `4h`. All rows are made at the start, so that many for long need much memory.
    #[arg(long, value_name = "DURATION", value_parser = span, default_value = "2d")]
    duration: chrono::Duration,
    /// How far back the mail goes that is there at the start, such as `10d`.
    #[arg(long, value_name = "DURATION", value_parser = span, default_value = "1h")]
    span: chrono::Duration,
    /// Where the random choices begin; the same seed gives the same mail and the same faults.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many people the tenant has; two domains elsewhere write to five of them. A handful of each without it.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    people: Option<u32>,
    /// How many tenants the service has, each with an id, an application, people, mail and a limit of 100 requests in
    /// five minutes of its own. One with a fixed id and no limit without it.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    tenants: Option<u32>,
    /// Print all mail as records, one a line and the newest first, and serve nothing.
    #[arg(long, value_name = "FORM", conflicts_with_all = ["listen", "write_settings", "faults"])]
    print_records: Option<PrintedForm>,
    /// A way in which the services misbehave; may be given more than once.
    #[arg(long = "fault", value_name = "NAME[=VALUE]", value_parser = fault)]
    faults: Vec<String>,
    /// Write a settings file with which `exotrace run` collects from these tenants, into `trace.ndjson` beside it.
    #[arg(long, value_name = "FILE")]
    write_settings: Option<PathBuf>,
    /// With `--write-settings`: replace a file that exists.
    #[arg(long, requires = "write_settings")]
    force: bool,
    /// List the faults and what they do.
    #[arg(long)]
    list_faults: bool,
}

/// How records are printed, by the source type that reads them.
#[derive(Clone, Copy, ValueEnum)]
enum PrintedForm {
    /// As Microsoft Graph shows them
    Graph,
    /// As the Reporting Web Service shows them
    #[value(name = "reporting_webservice")]
    ReportingWebService,
}

pub(super) fn run(arguments: &SimulateArguments) -> anyhow::Result<ExitCode> {
    if arguments.list_faults {
        list_faults(&mut io::stdout().lock())?;
        return Ok(ExitCode::SUCCESS);
    }
    let config = tenant(arguments)?;
    if let Some(form) = arguments.print_records {
        let form = match form {
            PrintedForm::Graph => RecordForm::Graph,
            PrintedForm::ReportingWebService => RecordForm::ReportingWebService,
        };
        let mut output = BufWriter::new(io::stdout().lock());
        for tenant in tenants(&config, arguments.tenants) {
            write_records(&tenant, form, &mut output)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(arguments.listen).await;
        let listener = listener.with_context(|| format!("could not listen on `{}`", arguments.listen))?;
        tell(arguments, &config, &format!("http://{}", reachable(listener.local_addr()?)))?;
        let interrupted = async { drop(tokio::signal::ctrl_c().await) };
        match arguments.tenants {
            Some(count) => serve_many(listener, Arc::new(SimulatedService::new(&config, count)), interrupted).await?,
            None => serve(listener, Arc::new(Tenant::new(config)), interrupted).await?,
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// What the tenants are like: one, or as many as were asked for.
fn tenants(config: &TenantConfig, count: Option<u32>) -> Vec<TenantConfig> {
    match count {
        Some(count) => (1..=count).map(|number| config.of_many(number)).collect(),
        None => vec![config.clone()],
    }
}

/// Says where the tenants are and how to collect from them; writes settings where that is wanted.
fn tell(arguments: &SimulateArguments, config: &TenantConfig, url: &str) -> anyhow::Result<()> {
    let tenants = tenants(config, arguments.tenants);
    let what = match arguments.tenants {
        Some(count) => counted(count.into(), "simulated tenant", "simulated tenants"),
        None => "simulated tenant".to_owned(),
    };
    if let Some(path) = &arguments.write_settings {
        let text = simulated_source::settings(&tenants, url);
        new_file::write(path, text.as_bytes(), SECRET, ExistingFile::by_force(arguments.force))?;
        let file = shell::word(path);
        say(&format!("{what} at {url}; settings for it are in {file}: `exotrace run --config {file}`"));
    } else if arguments.tenants.is_some() {
        say(&format!("{what} at {url}; {url}/tenants lists them, and `--write-settings FILE` writes settings"));
    } else {
        let keys = simulated_source::keys(config, url);
        say(&format!("{what} at {url}; settings for it:\n{}", keys.trim_end()));
    }
    Ok(())
}

/// An address to connect to: one that stands for all of the machine's is none, and settings want this machine.
fn reachable(listening: SocketAddr) -> SocketAddr {
    match listening.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => (Ipv4Addr::LOCALHOST, listening.port()).into(),
        IpAddr::V6(ip) if ip.is_unspecified() => (Ipv6Addr::LOCALHOST, listening.port()).into(),
        _ => listening,
    }
}

fn tenant(arguments: &SimulateArguments) -> anyhow::Result<TenantConfig> {
    let mut faults = Faults::default();
    for fault in &arguments.faults {
        faults.add(fault)?;
    }
    Ok(TenantConfig {
        rows: arguments.rows,
        rows_per_hour: arguments.rows_per_hour,
        horizon: arguments.duration,
        span: arguments.span,
        people: arguments.people,
        seed: arguments.seed,
        faults,
        ..TenantConfig::default()
    })
}

fn list_faults(output: &mut impl Write) -> io::Result<()> {
    let width = Faults::NAMES.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    for (name, about) in Faults::NAMES {
        writeln!(output, "{name:width$}  {about}")?;
    }
    Ok(())
}

/// Reads a time span of mail.
fn span(text: &str) -> Result<chrono::Duration, String> {
    let span = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    chrono::Duration::from_std(span).map_err(|error| error.to_string())
}

/// Checks a fault, so that a wrong one is an error of usage.
fn fault(text: &str) -> Result<String, exotrace_simulator::FaultError> {
    Faults::default().add(text).map(|()| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_a_line() {
        let mut output = Vec::new();
        list_faults(&mut output).unwrap();
        let text = String::from_utf8(output).unwrap();
        assert_eq!(text.lines().count(), Faults::NAMES.len());
        assert!(text.contains("\ncut                        RATE: share of pages that end in the middle"), "{text}");
    }

    #[test]
    fn settings_name_an_address_that_can_be_connected_to() {
        let check = |listening: &str, expected: &str| {
            assert_eq!(reachable(listening.parse().unwrap()).to_string(), expected);
        };
        check("0.0.0.0:8365", "127.0.0.1:8365");
        check("[::]:8365", "[::1]:8365");
        check("192.0.2.1:8365", "192.0.2.1:8365");
    }

    #[test]
    fn a_fault_is_checked_before_anything_starts() {
        assert_eq!(fault("cut=0.5").unwrap(), "cut=0.5");
        assert_eq!(fault("cut=2").unwrap_err().to_string(), "fault `cut` takes a number from 0 to 1, not `2`");
    }
}
