//! `exotrace privacy pseudonym`: how a known person is found in documents. There is no way back from a pseudonym.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context as _, bail};
use chrono::Utc;
use clap::Args;
use serde::Serialize;
use serde_json::json;

use super::{
    profiled_mapping::ProfiledMapping,
    request_log::{self, PrivacyRequest, Who},
};
use crate::{
    app::{
        privacy::Privacy,
        settings::{Config, SourceConfig},
    },
    cli::{
        exit::Usage,
        options::tenant_id,
        settings_file::{self, named_or_default},
    },
    geo::Geo,
    mapper::Tenant,
    support::{shown, state_folder},
};

/// The longest reason, in bytes.
const MAX_REASON_BYTES: usize = 1000;

#[derive(Args)]
#[command(
    after_help = "Examples:\n  exotrace privacy pseudonym --address ann@contoso.com --reason 4711 --config exotrace.toml"
)]
pub(in crate::cli) struct PseudonymArguments {
    /// The address of the person.
    #[arg(long, value_name = "ADDRESS")]
    address: String,
    /// Why, for the log: a ticket or a case, without the address.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The tenant, as the settings name it. Default: those of all sources.
    #[arg(long, value_name = "ID", value_parser = tenant_id)]
    tenant_id: Option<String>,
    /// The settings file. Default: as for `run`.
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What stands for an address in the documents of a tenant.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct FoundPseudonym {
    /// The tenant; empty where none is known.
    tenant_id: String,
    /// By the key.
    pseudonym: String,
    /// What the key is called.
    key_id: String,
    /// By the key before, while there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_pseudonym: Option<String>,
}

pub(super) fn run(arguments: &PseudonymArguments) -> anyhow::Result<ExitCode> {
    let (address, reason) = (arguments.address.trim(), arguments.reason.trim());
    check(address, reason)?;
    let config = settings_file::load(&named_or_default(arguments.config.as_deref()))?;
    let found = find(&config, address, arguments.tenant_id.as_deref())?;
    if found.is_empty() {
        bail!("the profile makes no pseudonym of this address: see `addresses` and `parties` of `mapping.privacy`");
    }
    state_folder::prepare(&config.state_dir)?;
    let request = PrivacyRequest { time: Utc::now(), who: Who::asks(), answers: &found, reason };
    // First: what is not noted is not answered.
    request_log::note(&config.state_dir, &request).with_context(|| {
        let file = config.state_dir.join(request_log::FILE);
        format!("could not note the request in `{}`, so it is not answered", shown::path(&file))
    })?;
    let mut output = io::stdout().lock();
    if arguments.json {
        writeln!(output, "{}", serde_json::to_string_pretty(&found)?)?;
    } else {
        found.iter().try_for_each(|found| writeln!(output, "{}", text(found)))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn check(address: &str, reason: &str) -> Result<(), Usage> {
    let problem = if address.is_empty() {
        "`--address` is empty"
    } else if reason.is_empty() {
        "`--reason` is empty"
    } else if reason.len() > MAX_REASON_BYTES {
        "`--reason` is longer than 1,000 bytes"
    } else if reason.to_lowercase().contains(&address.to_lowercase()) {
        "`--reason` names the address, which the log is not to have"
    } else {
        return Ok(());
    };
    Err(Usage(problem.to_owned()))
}

/// The pseudonyms of an address, for each tenant. The mapping makes them, as it does for documents.
fn find(config: &Config, address: &str, tenant_id: Option<&str>) -> anyhow::Result<Vec<FoundPseudonym>> {
    let mut known: Vec<(Option<Tenant>, Option<Vec<String>>)> = Vec::new();
    for source in &config.sources {
        let tenant = source.tenant().map(|tenant| Tenant { name: None, ..tenant });
        let is_wanted = tenant_id.is_none_or(|id| tenant.as_ref().is_some_and(|it| it.id.eq_ignore_ascii_case(id)));
        if is_wanted && known.iter().all(|(other, _)| *other != tenant) {
            known.push((tenant, source.local_domains().map(<[String]>::to_vec)));
        }
    }
    if known.is_empty() {
        // Of a tenant that the settings had before.
        let domains = config.sources.first().and_then(SourceConfig::local_domains).map(<[String]>::to_vec);
        known.push((Tenant::known_by(tenant_id, None), domains));
    }
    let geo = Arc::new(Geo::default());
    let record = json!({
        "id": "00000000-0000-0000-0000-000000000000", "receivedDateTime": "2026-01-01T00:00:00Z",
        "senderAddress": address, "status": "delivered",
    });
    let mut found = Vec::new();
    for (tenant, local_domains) in known {
        let tenant_id = tenant.as_ref().map(|tenant| tenant.id.clone()).unwrap_or_default();
        let mapping = ProfiledMapping::of(config, tenant, local_domains)?;
        let Some(privacy) = Privacy::read(config)? else { continue };
        let pseudonym = |privacy: &Privacy| -> anyhow::Result<Option<String>> {
            let (_, document) = mapping.map(&record, Some(privacy), &geo)?;
            Ok(document["source"]["user"]["hash"].as_str().map(str::to_owned))
        };
        let previous = privacy.previous_key.clone().and_then(|key| Privacy::with_keys(config, key, None));
        if let Some(by_key) = pseudonym(&privacy)? {
            let previous_pseudonym = previous.as_ref().map(pseudonym).transpose()?.flatten();
            let key_id = privacy.key_id().to_owned();
            found.push(FoundPseudonym { tenant_id, pseudonym: by_key, key_id, previous_pseudonym });
        }
    }
    Ok(found)
}

fn text(found: &FoundPseudonym) -> String {
    let FoundPseudonym { tenant_id, pseudonym, key_id, previous_pseudonym } = found;
    let mut text = String::new();
    let mut line = |name: &str, value: &str| text.push_str(&format!("{name:<13}{}\n", shown::line(value)));
    if !tenant_id.is_empty() {
        line("tenant", tenant_id);
    }
    line("pseudonym", pseudonym);
    line("key", key_id);
    previous_pseudonym.iter().for_each(|previous| line("previous key", previous));
    text.trim_end().to_owned()
}
