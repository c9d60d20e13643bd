//! What is needed on this machine, independent of the sources.

use std::{io, path::Path};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use indicatif::HumanBytes;
use tempfile::NamedTempFile;

use crate::{
    app::{
        mapping_limits::loader,
        settings::{Config, GeoipConfig, MappingChoice},
        start,
    },
    cli::report::Report,
    geo::{DatabaseAbout, Geo},
    ledger::Ledger,
    pipeline::ArchiveSize,
    support::{
        counted::counted,
        finding::{Finding, Findings as _},
        folder::{Folder, free_bytes},
        shown, state_folder,
    },
};

/// Databases older than this, in days, know many networks no more where they are.
const OLD_DAYS: i64 = 60;

/// Gives the geo databases, if those that the settings name can be used.
pub(super) fn examine(config: &Config, report: &mut Report) -> io::Result<Option<Geo>> {
    match state_dir(&config.state_dir) {
        Ok(detail) => report.ok("state folder", &detail)?,
        Err(error) => report.add(Finding::error("state folder", error.as_ref()))?,
    }
    if let Some(archive) = &config.archive {
        match private_folder(&archive.dir) {
            Ok(detail) => report.ok("archive", &detail)?,
            Err(error) => report.add(Finding::error("archive", error.as_ref()))?,
        }
    }
    let mapping = match &config.mapping.choice {
        MappingChoice::Default => "the built-in one of each source".to_owned(),
        MappingChoice::Version(version) => format!("version {version}"),
        MappingChoice::Path(path) => path.display().to_string(),
    };
    let loader = loader(Some(config));
    let components = start::ResolvedMapping::find(&config.mapping.choice, &loader)
        .and_then(|named| named.components(config, &loader));
    match components {
        Ok(_) => report.ok("mapping component", &mapping)?,
        Err(error) => report.add(Finding::error("mapping component", error.as_ref()))?,
    }
    let GeoipConfig { city, asn } = &config.geoip;
    match Geo::open(city.as_deref(), asn.as_deref()) {
        Ok(geo) => {
            report.add(databases(&geo.about(), Utc::now()))?;
            Ok(Some(geo))
        }
        Err(error) => {
            report.add(Finding::error("geo databases", &error))?;
            Ok(None)
        }
    }
}

/// What the geo databases are, and whether they are old.
fn databases(about: &[DatabaseAbout], now: DateTime<Utc>) -> Finding {
    const STEP: &str = "geo databases";
    if about.is_empty() {
        return Finding::none(STEP, "the settings name none");
    }
    let mut told = Vec::new();
    let mut oldest = 0;
    for DatabaseAbout { path, database_type, built } in about {
        let days = (now - built).num_days();
        oldest = oldest.max(days);
        let days = counted(u64::try_from(days).unwrap_or_default(), "day", "days");
        told.push(format!("{}: {database_type} of {}, {days} old", path.display(), built.format("%Y-%m-%d")));
    }
    let told = shown::line(&told.join("; ")).into_owned();
    if oldest <= OLD_DAYS {
        return Finding::ok(STEP, &told);
    }
    Finding::warning(STEP, &format!("{told}\nhint: networks move; `geoipupdate` gets the databases of this week"))
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

/// Sees that raw records can be kept in the folder. Leaves everything as it was.
fn private_folder(folder: &Path) -> anyhow::Result<String> {
    let shown = folder.display();
    match Folder::find(folder) {
        Folder::Missing { .. } => return Ok(format!("`{shown}` can be made")),
        Folder::Unusable(problem) => anyhow::bail!("could not use `{shown}`: {problem}"),
        Folder::Writable => {}
    }
    state_folder::check_private(folder)?;
    NamedTempFile::new_in(folder)
        .with_context(|| format!("could not write into `{shown}`; it has to belong to the user that runs exotrace"))?;
    let (size, free) = (ArchiveSize::of(folder)?, free_bytes(folder)?);
    let files = counted(size.files, "file", "files");
    Ok(format!("`{shown}`, with {files} of {}; {} are free", HumanBytes(size.bytes), HumanBytes(free)))
}

#[cfg(test)]
mod tests {
    use chrono::Duration;

    use super::*;
    use crate::support::finding::Verdict;

    #[test]
    fn old_databases_are_a_warning() {
        let now = Utc::now();
        let about = |days| DatabaseAbout {
            path: "City.mmdb".into(),
            database_type: "GeoLite2-City".to_owned(),
            built: now - Duration::days(days),
        };
        assert_eq!(databases(&[], now).verdict, Verdict::None);
        let young = databases(&[about(1), about(60)], now);
        assert_eq!(young.verdict, Verdict::Ok);
        assert!(young.detail.starts_with("City.mmdb: GeoLite2-City of ") && young.detail.contains(", 1 day old; "));
        let old = databases(&[about(1), about(61)], now);
        assert_eq!(old.verdict, Verdict::Warning);
        assert!(old.hint.unwrap().contains("geoipupdate"));
    }
}
