//! What the settings name besides sources and outputs, opened as a run would: geo databases, the mapping.

use std::sync::Arc;

use super::checked::Checked;
use crate::{
    app::{
        agent::Agent,
        mapping_limits::loader,
        privacy::Privacy,
        resolve,
        settings::{ArchiveConfig, Config, MappingChoice},
        start::{self, RefusedSetting, ResolvedMapping},
    },
    geo::Geo,
    mapper::MapperError,
    support::{
        error_text::explain,
        shortage::is_shortage,
        state_folder::{self, StateFolderError},
    },
};

/// The mapping that would be used, and what is to be known when it is not the one of the settings.
pub(super) struct CheckedMapping {
    pub(super) name: String,
    pub(super) note: Option<String>,
}

/// Opens everything that can be opened, even if something else fails.
///
/// # Errors
///
/// When this machine has too little to start the mapping, for which the settings are not to blame.
pub(super) fn examine(config: &Config, checked: &mut Checked) -> anyhow::Result<Option<CheckedMapping>> {
    if !config.state_dir.as_os_str().is_empty()
        && let Err(error) = state_folder::check(&config.state_dir)
        && !checked.has_error_at(config, "state_dir")
    {
        let problem = format!("`state_dir`: {}", explain(&error));
        match error {
            // The user who checks the settings need not be the one that exotrace will run as.
            StateFolderError::Foreign { folder, path, .. } if folder == path => {
                checked.warning(config, "state_dir", &problem);
            }
            _ => checked.error(config, "state_dir", &problem),
        }
    }
    if let Some(archive) = &config.archive {
        self::archive(config, archive, checked);
    }
    cluster(config, checked);
    let geo = geo(config, checked);
    mapping(config, &Arc::new(geo), checked)
}

/// The files that a client of the cluster's brokers needs.
#[cfg(feature = "kafka")]
fn cluster(config: &Config, checked: &mut Checked) {
    let problem = config.cluster.as_ref().and_then(|cluster| crate::kafka::check(&cluster.client));
    if let Some((key, text)) = problem {
        fault(config, &format!("cluster.{key}"), &text, checked);
    }
}

#[cfg(not(feature = "kafka"))]
fn cluster(_: &Config, _: &mut Checked) {}

/// The folder of raw records has to be as private as the state folder.
fn archive(config: &Config, archive: &ArchiveConfig, checked: &mut Checked) {
    let Err(error) = state_folder::check_private(&archive.dir) else { return };
    if checked.has_error_at(config, "archive.dir") {
        return;
    }
    let problem = format!("`archive.dir`: {}", explain(&error));
    match error {
        // As for the state folder.
        StateFolderError::Foreign { .. } => checked.warning(config, "archive.dir", &problem),
        _ => checked.error(config, "archive.dir", &problem),
    }
}

/// Opens each database by itself, so that each is told about.
fn geo(config: &Config, checked: &mut Checked) -> Geo {
    let (mut city, mut asn) = (config.geoip.city.as_deref(), config.geoip.asn.as_deref());
    for (key, pair) in [("geoip.city", (city, None)), ("geoip.asn", (None, asn))] {
        if let Err(error) = Geo::open(pair.0, pair.1) {
            checked.error(config, key, &format!("`{key}`: {}", explain(&error)));
            if key == "geoip.city" { city = None } else { asn = None }
        }
    }
    Geo::open(city, asn).unwrap_or_default()
}

fn mapping(config: &Config, geo: &Arc<Geo>, checked: &mut Checked) -> anyhow::Result<Option<CheckedMapping>> {
    let key = match &config.mapping.choice {
        MappingChoice::Path(_) => "mapping.path",
        MappingChoice::Version(_) => "mapping.version",
        MappingChoice::Default => "mapping",
    };
    if let Err(error) = resolve::suffix_list(config.mapping.suffix_list.as_deref()) {
        fault(config, "mapping.suffix_list", &explain(error.as_ref()), checked);
    }
    let loader = loader(Some(config));
    let found = ResolvedMapping::find(&config.mapping.choice, &loader)
        .and_then(|named| Ok((named.components(config, &loader)?, named)));
    let (components, named) = match found {
        Ok(found) => found,
        Err(error) if is_shortage(error.as_ref()) => return Err(error),
        Err(error) => {
            fault(config, key, &explain(error.as_ref()), checked);
            return Ok(None);
        }
    };
    // What is wrong with sources is told already.
    if config.sources.is_empty() {
        return Ok(None);
    }
    let agent = Agent::like(&config.state_dir);
    let privacy = match Privacy::read(config) {
        Ok(privacy) => privacy,
        Err(error) => {
            checked.errors.extend_from_slice(error.faults());
            return Ok(None);
        }
    };
    let deployment = match start::deployment(config, components, geo, &agent, &loader, privacy.as_ref()) {
        Ok(deployment) => deployment,
        Err(error) if is_shortage(error.as_ref()) => return Err(error),
        Err(error) => {
            match (error.downcast_ref::<RefusedSetting>(), error.downcast_ref::<MapperError>()) {
                // With the setting and its line, which the fault has as well, left out.
                (Some(RefusedSetting { key, .. }), Some(error)) => {
                    checked.error(config, key, &format!("`{key}`: {}", explain(error)));
                }
                _ => {
                    let text = explain(error.as_ref());
                    let key = if text.contains("suffix list") { "mapping.suffix_list" } else { key };
                    fault(config, key, &text, checked);
                }
            }
            return Ok(None);
        }
    };
    if let Err(error) = start::check_candidate(config, &loader, &deployment) {
        if is_shortage(error.as_ref()) {
            return Err(error);
        }
        let key = match config.mapping.candidate.as_ref().map(|candidate| &candidate.choice) {
            Some(MappingChoice::Path(_)) => "mapping.candidate.path",
            _ => "mapping.candidate.version",
        };
        fault(config, key, &explain(error.as_ref()), checked);
    }
    Ok(Some(CheckedMapping { name: deployment.status().mapping, note: start::other_mapping(config, &named) }))
}

/// Tells an error, with the setting that it is about.
fn fault(config: &Config, key: &str, text: &str, checked: &mut Checked) {
    let names_it = text.contains(&format!("`{key}`"));
    let text = if names_it { text.to_owned() } else { format!("`{key}`: {text}") };
    checked.error(config, key, &text);
}
