//! Maps records with this crate's mapper: NDJSON on standard input, documents on standard output.
//!
//! `cargo run --example embed -- MAPPING.wasm SETTINGS.json [CITY.mmdb ASN.mmdb]`

use std::{
    env, fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::bail;
use exotrace::{
    geo::Geo,
    mapper::{Component, Mapper, Origin, Settings},
};
use serde_json::Value;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let (component, settings, databases) = match arguments.as_slice() {
        [component, settings, databases @ ..] => (component, settings, databases),
        _ => bail!("usage: embed MAPPING.wasm SETTINGS.json [CITY.mmdb ASN.mmdb]"),
    };
    let geo = Geo::open(databases.first().map(PathBuf::as_path), databases.get(1).map(PathBuf::as_path))?;
    let mapper = Mapper::new(Component::open(component)?, read_settings(settings)?, Arc::new(geo))?;
    let records = io::read_to_string(io::stdin())?;
    let batch = mapper.map_batch(&records, &Origin::default())?;
    // Beside the documents there is one outcome for every record: its id, its time, or what was wrong with it.
    io::stdout().write_all(batch.documents.as_bytes())?;
    Ok(())
}

fn read_settings(path: &Path) -> anyhow::Result<Settings> {
    let chosen: Value = serde_json::from_slice(&fs::read(path)?)?;
    let local_domains = serde_json::from_value(chosen["local_domains"].clone())?;
    let tags: Option<Vec<String>> = serde_json::from_value(chosen["tags"].clone())?;
    Ok(Settings { local_domains, tags: tags.unwrap_or_default(), ..Settings::default() })
}
