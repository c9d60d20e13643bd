//! What is needed on this machine, whatever the sources are.

use std::{io, path::Path};

use anyhow::Context as _;
use tempfile::NamedTempFile;

use super::report::Report;
use crate::{
    cli::{options::loader, start},
    config::{Config, GeoipConfig, MappingChoice},
    finding::Finding,
    folder::Folder,
    ledger::Ledger,
    state_folder,
};

pub(super) fn examine(config: &Config, report: &mut Report) -> io::Result<()> {
    match state_dir(&config.state_dir) {
        Ok(detail) => report.ok("state folder", &detail)?,
        Err(error) => report.add(Finding::error("state folder", error.as_ref()))?,
    }
    let mapping = match &config.mapping.choice {
        MappingChoice::Default => "the built-in one of each source".to_owned(),
        MappingChoice::Version(version) => format!("version {version}"),
        MappingChoice::Path(path) => path.display().to_string(),
    };
    let loader = loader(Some(config));
    let components =
        start::Named::find(&config.mapping.choice, &loader).and_then(|named| named.components(config, &loader));
    match components {
        Ok(_) => report.ok("mapping component", &mapping)?,
        Err(error) => report.add(Finding::error("mapping component", error.as_ref()))?,
    }
    let GeoipConfig { city, asn } = &config.geoip;
    let names: Vec<_> = [city, asn].into_iter().flatten().map(|path| path.display().to_string()).collect();
    match start::geo(config) {
        Ok(_) if names.is_empty() => report.add(Finding::none("geo databases", "the settings name none")),
        Ok(_) => report.ok("geo databases", &names.join(", ")),
        Err(error) => report.add(Finding::error("geo databases", error.as_ref())),
    }
}

/// Sees that files can be made in the folder, and that a ledger is whole. Leaves everything as it was.
fn state_dir(folder: &Path) -> anyhow::Result<String> {
    let shown = folder.display();
    match Folder::find(folder) {
        Folder::Missing { .. } => return Ok(format!("`{shown}` can be made")),
        Folder::Unusable(problem) => anyhow::bail!("could not use `{shown}`: {problem}"),
        Folder::Writable => {}
    }
    state_folder::check(folder)?;
    NamedTempFile::new_in(folder)
        .with_context(|| format!("could not write into `{shown}`; it has to belong to the user that runs exotrace"))?;
    match Ledger::open_to_read(folder)? {
        Some(_) => Ok(format!("`{shown}`, with a ledger that is whole")),
        None => Ok(format!("`{shown}`, without a ledger yet")),
    }
}
