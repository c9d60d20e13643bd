//! Maps records with this crate's mapper: NDJSON on standard input, documents on standard output.
//!
//! `make build`, then `target/release/examples/embed MAPPING.wasm SETTINGS.json [CITY.mmdb ASN.mmdb]`

use std::{
    env, fs,
    io::{self, BufRead, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::bail;
use exotrace::{
    geo::Geo,
    mapper::{Component, Mapper, Origin, Settings, Tenant},
};
use serde_json::Value;

/// How many records are mapped at once.
const BATCH: usize = 1000;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let (component, settings, databases) = match arguments.as_slice() {
        [component, settings, databases @ ..] => (component, settings, databases),
        _ => bail!("usage: embed MAPPING.wasm SETTINGS.json [CITY.mmdb ASN.mmdb]"),
    };
    let geo = Geo::open(databases.first().map(PathBuf::as_path), databases.get(1).map(PathBuf::as_path))?;
    let mapper = Mapper::new(Component::open(component)?, read_settings(settings)?, Arc::new(geo))?;
    let mut input = io::stdin().lock();
    loop {
        let records = next_records(&mut input)?;
        if records.is_empty() {
            return Ok(());
        }
        let batch = mapper.map_batch(&records, &Origin::default())?;
        // Beside the documents there is one outcome for every record: its id, its time, or what was wrong with it.
        io::stdout().write_all(batch.documents.as_bytes())?;
    }
}

fn next_records(input: &mut impl BufRead) -> io::Result<String> {
    let mut records = String::new();
    for _ in 0..BATCH {
        input.read_line(&mut records)?;
    }
    Ok(records)
}

fn read_settings(path: &Path) -> anyhow::Result<Settings> {
    let chosen: Value = serde_json::from_slice(&fs::read(path)?)?;
    let local_domains = serde_json::from_value(chosen["local_domains"].clone())?;
    let tags: Option<Vec<String>> = serde_json::from_value(chosen["tags"].clone())?;
    let tenant = Tenant::known_by(chosen["tenant"]["id"].as_str(), chosen["tenant"]["name"].as_str());
    let options = chosen.get("options").cloned();
    Ok(Settings { tenant, local_domains, tags: tags.unwrap_or_default(), options, ..Settings::default() })
}
