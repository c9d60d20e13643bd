//! `exotrace privacy explain`: what becomes of every field, for who assesses it.

use std::{
    io::{self, Write as _},
    process::ExitCode,
    sync::Arc,
};

use clap::Args;
use serde_json::{Value, json};

use super::{
    field_changes::{ExplainedField, FieldChange, FieldChanges},
    profiled_mapping::ProfiledMapping,
};
use crate::{
    app::{
        privacy::Privacy,
        pseudonym_key_file::KEY_BYTES,
        settings::{Config, SourceConfig},
        start,
    },
    cli::{settings_file::SettingsFile, table::TextTable},
    mapper::{PseudonymKey, Tenant},
};

/// The tenant of the examples, where the settings name none.
const TENANT: &str = "aaaaaaaa-1111-2222-3333-444444444444";

/// The domain of the examples, where the settings name no local one.
const DOMAIN: &str = "contoso.com";

#[derive(Args)]
#[command(
    after_help = "Examples:\n  exotrace privacy explain --config exotrace.toml\n  exotrace privacy explain --json exotrace.toml"
)]
pub(in crate::cli) struct ExplainArguments {
    #[command(flatten)]
    settings: SettingsFile,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &ExplainArguments) -> anyhow::Result<ExitCode> {
    let config = arguments.settings.load()?;
    let (mapping, fields) = explain(&config)?;
    let mut output = io::stdout().lock();
    if arguments.json {
        let answer =
            json!({ "mapping": mapping, "profile": config.mapping.privacy.map(|it| it.options), "fields": fields });
        writeln!(output, "{}", serde_json::to_string_pretty(&answer)?)?;
    } else {
        table(&fields).print(&mut output)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The version of the mapping, and what becomes of every field. No key is read: those of the examples are nobody's.
fn explain(config: &Config) -> anyhow::Result<(String, Vec<ExplainedField>)> {
    let source = config.sources.first();
    let domains = source.and_then(SourceConfig::local_domains).filter(|domains| !domains.is_empty());
    let domain =
        domains.and_then(|domains| domains.iter().find(|it| !it.starts_with("*."))).map_or(DOMAIN, String::as_str);
    let tenant = source.and_then(SourceConfig::tenant).or_else(|| Tenant::known_by(Some(TENANT), None));
    let domains = domains.map_or_else(|| vec![domain.to_owned()], <[String]>::to_vec);
    let mut mapping = ProfiledMapping::of(config, tenant, Some(domains))?;
    mapping.settings.preserve_original_event = true;
    let key = |byte: u8| {
        let mut bytes = vec![byte; KEY_BYTES];
        bytes[0] = 0;
        PseudonymKey::new(bytes)
    };
    let overlap = config.mapping.privacy.as_ref().is_some_and(|it| it.previous.is_some());
    let profile = |byte| Privacy::with_keys(config, key(byte), overlap.then(|| key(byte + 100)));
    let (one, other) = (profile(1), profile(2));
    let geo = Arc::new(start::geo(config)?);
    let mut changes = FieldChanges::default();
    for record in records(domain) {
        let document = |privacy| {
            let (id, mut document) = mapping.map(&record, privacy, &geo)?;
            document["_id"] = id.into();
            anyhow::Ok(document)
        };
        changes.add(&document(None)?, &document(one.as_ref())?, &document(other.as_ref())?);
    }
    Ok((mapping.component.description().mapping_version.clone(), changes.into_fields()))
}

/// A message to the tenant, one from it, one within, one in the names of PowerShell, and one that cannot be mapped.
fn records(domain: &str) -> Vec<Value> {
    let record = |sender: &str, recipient: &str| {
        json!({
            "id": "0f1e2d3c-1111-2222-3333-444444444444",
            "receivedDateTime": "2026-03-04T05:06:07Z",
            "senderAddress": sender,
            "recipientAddress": recipient,
            "subject": "Example subject",
            "messageId": "<example.1@mail.example.com>",
            "fromIP": "81.2.69.142",
            "toIP": "2001:db8:1:2::7",
            "status": "delivered",
            "size": 12345,
        })
    };
    let (ann, bob, eve) = (format!("Ann.Example@{domain}"), format!("bob@{domain}"), "eve@example.org");
    let mut failed = record(&ann, eve);
    failed["receivedDateTime"] = "yesterday".into();
    failed["fromIP"] = ann.as_str().into();
    let legacy = json!({
        "Organization": domain, "MessageTraceId": "0f1e2d3c-1111-2222-3333-444444444444", "Index": 0,
        "MessageId": "<example.1@mail.example.com>", "Received": "2026-03-04T05:06:07.1234567Z",
        "SenderAddress": eve, "RecipientAddress": bob, "Subject": "Example subject", "Status": "Delivered",
        "FromIP": "81.2.69.142", "ToIP": null, "Size": 12345, "StartDate": "2026-03-04T00:00:00Z",
        "EndDate": "2026-03-05T00:00:00Z", "Unknown": "anything",
    });
    vec![record(eve, &ann), record(&ann, eve), record(&ann, &bob), legacy, failed]
}

/// So much of a value is in the table, in characters; `--json` has all of it.
const LONGEST_VALUE: usize = 48;

fn table(fields: &[ExplainedField]) -> TextTable {
    let mut table = TextTable::new(vec!["field", "becomes", "without the profile", "with it"], &[2, 3, 0], &[]);
    // Where nobody sets the width, one long value would set that of all rows.
    let shown = |value: &Option<Value>| {
        let text = match value {
            None => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
        };
        match text.char_indices().nth(LONGEST_VALUE) {
            Some(_) => text.chars().take(LONGEST_VALUE).chain(['…']).collect(),
            None => text,
        }
    };
    for ExplainedField { field, changes, before, after } in fields {
        let words: Vec<_> = changes.iter().copied().map(FieldChange::as_str).collect();
        table.add(vec![field.clone(), words.join(", "), shown(before), shown(after)]);
    }
    table
}
