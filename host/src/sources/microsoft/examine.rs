//! The way to a service of Microsoft, step by step.

use std::{io, net::ToSocketAddrs as _, time::Duration};

use chrono::Utc;
use tokio::{net::TcpStream, task::spawn_blocking, time::timeout};
use url::Url;

use super::{
    client::has_proxy,
    credential::Credential,
    error::PollError,
    graph::DetailsRequest,
    local_domains,
    page::Row,
    page_request::PageRequest,
    service::{self, ServiceSource},
    settings::ServiceConfig,
};
use crate::pipeline::TracedRow;
use crate::support::{
    counted::counted,
    error_text::chain,
    finding::{Finding, Findings},
    scrub::shown,
};

/// How long looking up a name and connecting may take, each.
const PATIENCE: Duration = Duration::from_secs(10);

/// A clock that differs by more makes assertions and queries fail.
const MOST_SKEW: chrono::Duration = chrono::Duration::minutes(5);

/// Enough rows to see what domains mail has.
const MOST_ROWS: u32 = 1000;

/// The permission that reading message trace needs (host/docs/facts/ms-api.md, section 1.2).
const PERMISSION: &str = "ExchangeMessageTrace.Read.All";

/// Looks at each step; gives the records of the first page.
pub(super) async fn examine(
    config: &ServiceConfig,
    local_domains: Option<&[String]>,
    findings: &mut dyn Findings,
) -> io::Result<Vec<String>> {
    let (mut source, is_reached) = match sign_in(config, findings).await? {
        Ok(signed_in) => signed_in,
        Err((steps, why)) => return skip(findings, steps, why),
    };
    let ahead = source.now() - Utc::now();
    findings.add(if ahead.abs() > MOST_SKEW {
        let problem = format!("the clock of the service is ahead by {} s", ahead.num_seconds());
        Finding::failed("clock", &format!("{problem}\nhint: set the clock of this machine, for example with NTP"))
    } else {
        Finding::ok("clock", "agrees with that of the service")
    })?;
    if is_reached {
        first_page(config, local_domains, &mut source, findings).await
    } else {
        skip(findings, &["permission", "service principal", "first page"], "the service host cannot be reached")
    }
}

/// Steps that cannot be taken, and why.
type Skipped = (&'static [&'static str], &'static str);

/// Goes as far as having a token; says whether the host of the service can be reached.
async fn sign_in(
    config: &ServiceConfig,
    findings: &mut dyn Findings,
) -> io::Result<Result<(ServiceSource, bool), Skipped>> {
    const BEFORE: &[&str] = &["sign-in", "first page"];
    let mut source = match ServiceSource::new(config) {
        Ok(source) => source,
        Err(error) => {
            findings.add(Finding::error("files", &error))?;
            return Ok(Err((BEFORE, "a file of the settings cannot be used")));
        }
    };
    findings.add(Finding::ok("files", "those that the settings name for signing in and for HTTP can be used"))?;
    let is_machine = matches!(config.credential, Credential::ManagedIdentity { .. });
    if !is_machine && !reach(config, "sign-in host", &config.login_url, findings).await? {
        return Ok(Err((BEFORE, "the sign-in host cannot be reached")));
    }
    let is_reached = reach(config, "service host", &config.url, findings).await?;
    if let Err(error) = source.sign_in().await {
        findings.add(Finding::error("sign-in", &error))?;
        return Ok(Err((&["permission", "service principal", "first page"], "signing in failed")));
    }
    let until = source.token_until().unwrap_or_default();
    findings.add(Finding::ok("sign-in", &format!("the token is good until {}", until.format("%Y-%m-%dT%H:%M:%SZ"))))?;
    Ok(Ok((source, is_reached)))
}

/// Reads the steps of one of these deliveries.
async fn details(source: &mut ServiceSource, rows: &[Row]) -> Finding {
    let rows = rows.iter().map(|row| TracedRow::of(&row.text, None));
    let Some((id, recipient)) = rows.filter_map(|row| row.trace_id.zip(row.recipient)).next() else {
        return Finding::not_asked("details", "no mail in the last hour");
    };
    match source.details(DetailsRequest::First { id: &id, recipient: &recipient }).await {
        Ok(page) => {
            let steps = counted(page.rows.len() as u64, "step", "steps");
            Finding::ok("details", &format!("{steps} of the newest delivery"))
        }
        Err(error) if error.is_of_one_request() => {
            Finding::ok("details", "none of the newest delivery, which may be too new")
        }
        Err(error) => Finding::error("details", &error),
    }
}

/// Reads a page: it shows whether the permission and the service principal are there, and what domains mail has.
async fn first_page(
    config: &ServiceConfig,
    local_domains: Option<&[String]>,
    source: &mut ServiceSource,
    findings: &mut dyn Findings,
) -> io::Result<Vec<String>> {
    let roles = source.token_roles();
    let end = source.now();
    let request = PageRequest::First {
        start: end - chrono::Duration::hours(1),
        end,
        rows: config.batch_size.min(MOST_ROWS),
        query: None,
    };
    match source.page(request).await {
        Ok(page) => {
            findings.add(Finding::ok("permission", &said(roles.as_deref())))?;
            findings.add(Finding::ok("service principal", "is in the tenant"))?;
            let detail = if page.rows.is_empty() { "no mail in the last hour" } else { "has rows of the last hour" };
            findings.add(Finding::ok("first page", detail))?;
            findings.add(local_domains::compare_with(local_domains, &page.rows))?;
            if config.details.is_some() {
                findings.add(details(source, &page.rows).await)?;
            }
            Ok(page.rows.into_iter().map(|row| row.text).collect())
        }
        Err(error @ PollError::ServicePrincipalMissing { .. }) => {
            findings.add(Finding::not_asked("permission", &said(roles.as_deref())))?;
            findings.add(Finding::error("service principal", &error))?;
            skip(findings, &["first page"], "the service principal is missing")
        }
        Err(error) if error.is_forbidden() => {
            findings.add(Finding::failed("permission", &with_roles(&error, roles.as_deref())))?;
            skip(findings, &["service principal", "first page"], "the permission is missing")
        }
        Err(error) => {
            findings.add(Finding::not_asked("permission", &said(roles.as_deref())))?;
            findings.add(Finding::not_asked("service principal", "the first page failed for another reason"))?;
            findings.add(Finding::error("first page", &error))?;
            Ok(Vec::new())
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
async fn reach(config: &ServiceConfig, what: &str, url: &Url, findings: &mut dyn Findings) -> io::Result<bool> {
    let host = url.host_str().unwrap_or_default();
    if has_proxy(config, url) {
        findings.add(Finding::none(what, &format!("`{host}` is reached through a proxy, which looks it up")))?;
    } else if let Err(reason) = connect(url).await {
        findings.add(Finding::failed(what, &reason))?;
        return Ok(false);
    } else {
        findings.add(Finding::ok(what, &format!("`{host}` has an address and takes connections")))?;
    }
    let step = format!("{what}, {}", url.scheme().to_uppercase());
    match service::reach(config, url).await {
        Ok(status) => {
            findings.add(Finding::ok(&step, &format!("answers, with {}", status.as_u16())))?;
            Ok(true)
        }
        Err(error) => {
            let text = chain(&error);
            // The hint of the error names this very command.
            let (reason, _) = text.split_once("\nhint: ").unwrap_or((&text, ""));
            let hint = if reason.contains("certificate") {
                "\nhint: `source.ca_file` names certificates to trust besides those of the system"
            } else if has_proxy(config, url) {
                "\nhint: is the proxy right? It comes from `source.proxy_url`, or else from the environment"
            } else {
                ""
            };
            findings.add(Finding::failed(&step, &format!("{reason}{hint}")))?;
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

fn skip(findings: &mut dyn Findings, steps: &[&str], why: &str) -> io::Result<Vec<String>> {
    steps.iter().try_for_each(|step| findings.add(Finding::not_asked(step, why)))?;
    Ok(Vec::new())
}
