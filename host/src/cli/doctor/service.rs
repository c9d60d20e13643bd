//! The way to a service of Microsoft, step by step.

use std::{io, net::ToSocketAddrs as _, time::Duration};

use chrono::Utc;
use tokio::{net::TcpStream, task::spawn_blocking, time::timeout};
use url::Url;

use super::{domains, report::Report};
use crate::{
    config::{Credential, ServiceConfig},
    sources::microsoft::{self, PageRequest, PollError, ServiceSource, service_name},
    support::{error_text::chain, finding::Finding, scrub::shown},
};

/// How long looking up a name and connecting may take, each.
const PATIENCE: Duration = Duration::from_secs(10);

/// A clock that differs by more makes assertions and queries fail.
const MOST_SKEW: chrono::Duration = chrono::Duration::minutes(5);

/// Enough rows to see what domains mail has.
const MOST_ROWS: u32 = 1000;

/// The permission that reading message trace needs (host/docs/facts/ms-api.md, section 1.2).
const PERMISSION: &str = "ExchangeMessageTrace.Read.All";

pub(super) async fn examine(
    config: &ServiceConfig,
    local_domains: Option<&[String]>,
    report: &mut Report,
) -> io::Result<()> {
    report.begin(service_name(config))?;
    let mut source = match ServiceSource::new(config) {
        Ok(source) => source,
        Err(error) => {
            report.add(Finding::error("files", &error))?;
            return skip(report, &["sign-in", "first page"], "a file of the settings cannot be used");
        }
    };
    report.ok("files", "those that the settings name for signing in and for HTTP can be used")?;
    let is_machine = matches!(config.credential, Credential::ManagedIdentity { .. });
    if !is_machine && !reach(config, "sign-in host", &config.login_url, report).await? {
        return skip(report, &["sign-in", "first page"], "the sign-in host cannot be reached");
    }
    let is_reached = reach(config, "service host", &config.url, report).await?;
    if let Err(error) = source.sign_in().await {
        report.add(Finding::error("sign-in", &error))?;
        return skip(report, &["permission", "service principal", "first page"], "signing in failed");
    }
    let until = source.token_until().unwrap_or_default();
    report.ok("sign-in", &format!("the token is good until {}", until.format("%Y-%m-%dT%H:%M:%SZ")))?;
    let ahead = source.now() - Utc::now();
    if ahead.abs() > MOST_SKEW {
        let problem = format!("the clock of the service is ahead by {} s", ahead.num_seconds());
        let hint = "hint: set the clock of this machine, for example with NTP";
        report.add(Finding::failed("clock", &format!("{problem}\n{hint}")))?;
    } else {
        report.ok("clock", "agrees with that of the service")?;
    }
    if is_reached {
        first_page(config, local_domains, &mut source, report).await
    } else {
        skip(report, &["permission", "service principal", "first page"], "the service host cannot be reached")
    }
}

/// Reads a page: it shows whether the permission and the service principal are there, and what domains mail has.
async fn first_page(
    config: &ServiceConfig,
    local_domains: Option<&[String]>,
    source: &mut ServiceSource,
    report: &mut Report,
) -> io::Result<()> {
    let roles = source.token_roles();
    let end = source.now();
    let request =
        PageRequest::First { start: end - chrono::Duration::hours(1), end, rows: config.batch_size.min(MOST_ROWS) };
    match source.page(request).await {
        Ok(page) => {
            report.ok("permission", &said(roles.as_deref()))?;
            report.ok("service principal", "is in the tenant")?;
            let detail = if page.rows.is_empty() { "no mail in the last hour" } else { "has rows of the last hour" };
            report.ok("first page", detail)?;
            report.add(domains::finding(local_domains, &page.rows))
        }
        Err(error @ PollError::ServicePrincipalMissing { .. }) => {
            report.add(Finding::not_asked("permission", &said(roles.as_deref())))?;
            report.add(Finding::error("service principal", &error))?;
            skip(report, &["first page"], "the service principal is missing")
        }
        Err(error) if error.is_forbidden() => {
            report.add(Finding::failed("permission", &with_roles(&error, roles.as_deref())))?;
            skip(report, &["service principal", "first page"], "the permission is missing")
        }
        Err(error) => {
            report.add(Finding::not_asked("permission", &said(roles.as_deref())))?;
            report.add(Finding::not_asked("service principal", "the first page failed for another reason"))?;
            report.add(Finding::error("first page", &error))
        }
    }
}

/// What the token says about permissions: a hint only, for nobody promises what is in it.
fn said(roles: Option<&[String]>) -> String {
    let said = match roles {
        Some(roles) if roles.iter().any(|role| role == PERMISSION) => format!("the token has `{PERMISSION}`"),
        Some([]) => "the token has no roles".to_owned(),
        Some(roles) => format!("the token has `{}`", roles.join("`, `")),
        None => "the token does not say which it has".to_owned(),
    };
    shown(&said)
}

fn with_roles(error: &PollError, roles: Option<&[String]>) -> String {
    let text = chain(error);
    let (reason, hint) = text.split_once("\nhint: ").unwrap_or((&text, "grant it"));
    format!("{reason}; {}\nhint: {hint}", said(roles))
}

/// Whether a host can be reached: its name, its port, and then an answer of any kind over TLS.
async fn reach(config: &ServiceConfig, what: &str, url: &Url, report: &mut Report) -> io::Result<bool> {
    let host = url.host_str().unwrap_or_default();
    if microsoft::has_proxy(config, url) {
        report.add(Finding::none(what, &format!("`{host}` is reached through a proxy, which looks it up")))?;
    } else if let Err(reason) = connect(url).await {
        report.add(Finding::failed(what, &reason))?;
        return Ok(false);
    } else {
        report.ok(what, &format!("`{host}` has an address and takes connections"))?;
    }
    let step = format!("{what}, {}", url.scheme().to_uppercase());
    match microsoft::reach(config, url).await {
        Ok(status) => report.ok(&step, &format!("answers, with {}", status.as_u16())).map(|()| true),
        Err(error) => {
            let text = chain(&error);
            // The hint of the error names this very command.
            let (reason, _) = text.split_once("\nhint: ").unwrap_or((&text, ""));
            let hint = if reason.contains("certificate") {
                "\nhint: `source.ca_file` names certificates to trust besides those of the system"
            } else if microsoft::has_proxy(config, url) {
                "\nhint: is the proxy right? It comes from `source.proxy_url`, or else from the environment"
            } else {
                ""
            };
            report.add(Finding::failed(&step, &format!("{reason}{hint}")))?;
            Ok(false)
        }
    }
}

/// Finds the address of a host and connects to it.
async fn connect(url: &Url) -> Result<(), String> {
    let (host, port) = (url.host_str().unwrap_or_default().to_owned(), url.port_or_known_default().unwrap_or(443));
    let host = host.trim_matches(['[', ']']).to_owned();
    let look_up = {
        let host = host.clone();
        spawn_blocking(move || (host.as_str(), port).to_socket_addrs().map(Vec::from_iter))
    };
    let addresses = match timeout(PATIENCE, look_up).await {
        Ok(Ok(Ok(addresses))) if !addresses.is_empty() => addresses,
        Ok(Ok(Err(error))) => {
            return Err(format!(
                "could not look up `{host}`: {error}\nhint: is the name right, and does DNS work here?"
            ));
        }
        _ => return Err(format!("could not look up `{host}` in {} s\nhint: does DNS work here?", PATIENCE.as_secs())),
    };
    match timeout(PATIENCE, TcpStream::connect(addresses.as_slice())).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(format!(
            "could not connect to `{host}` at port {port}: {error}\nhint: is there a firewall, or a proxy that `source.proxy_url` should name?"
        )),
        Err(_) => Err(format!(
            "could not connect to `{host}` at port {port} in {} s\nhint: is there a firewall, or a proxy that `source.proxy_url` should name?",
            PATIENCE.as_secs()
        )),
    }
}

fn skip(report: &mut Report, steps: &[&str], why: &str) -> io::Result<()> {
    for step in steps {
        report.add(Finding::not_asked(step, why))?;
    }
    Ok(())
}
