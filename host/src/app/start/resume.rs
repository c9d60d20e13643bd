//! With which mapping a process begins: what the settings name, unless something else was decided before.

use tracing::{error, info, warn};

use super::resolved_mapping::{ResolvedMapping, defaults};
use crate::{
    app::{
        mapping_limits,
        settings::{Config, MappingChoice},
        unusable::Unusable,
    },
    deployment::{ComponentStore, ConfiguredMapping, Decisions, InitialMapping, Override, Resumption},
    mapper::{CompileLimits, Component, ComponentFile, Loader},
    support::{distinct::distinct, error_text::explain},
};

/// What a process begins with.
pub(super) struct Startup {
    /// The component of every source, in order.
    pub(super) components: Vec<Component>,
    pub(super) initial: InitialMapping,
    /// The file that is in use, if the settings name one.
    pub(super) component: Option<ComponentFile>,
    /// What was found decided.
    pub(super) found: Decisions,
    /// The components that were being compiled when the program ended.
    pub(super) unfinished: Vec<String>,
}

/// Why a component that was being compiled when the program ended is not used.
const ENDED: &str = "the program ended while it was compiled";

/// Gets the mapping to begin with, now that this was found decided; writes nothing.
pub(super) fn resume(config: &Config, loader: &Loader, found: Decisions) -> anyhow::Result<Startup> {
    let host = host_fingerprint(config);
    let unfinished = loader.unfinished();
    let decided = found.clone().refusing(&unfinished, ENDED, &host);
    let resolved = match ResolvedMapping::find(&config.mapping.choice, loader) {
        Ok(resolved) => resolved,
        Err(error) => return without_file(config, loader, (found, decided, unfinished), error),
    };
    let (name, settings_digest) = (resolved.name(), resolved.digest(config));
    let Resumption { mut decisions, refused, is_outdated, is_taken_back } =
        decided.resume(resolved.configured.clone(), &host);
    if is_outdated {
        warn!("mapping settings changed; the earlier choice or pin no longer applies");
    }
    if is_taken_back {
        error!("program crashed too often with a new mapping; the previous one is used");
    }
    let chosen = match decisions.mapping_override() {
        Some(chosen) => load(chosen, config, loader)?,
        None => None,
    };
    let mut initial = InitialMapping { settings_digest, ..InitialMapping::default() };
    let (components, component) = match (chosen, &refused) {
        (Some(component), _) => {
            let (mapping, digest) = (&component.description().mapping_version, component.digest());
            info!(mapping, digest, "previous mapping is used, not the one in the settings");
            initial.reason = Some("in use before".to_owned());
            (vec![component; config.sources.len()], None)
        }
        (None, None) if decisions.mapping_override().is_none() => {
            (resolved.components(config, loader)?, resolved.file())
        }
        (None, Some(_)) => {
            decisions.give_up_override(resolved.configured.clone());
            initial.reason = Some("built in, since the one that the settings name was refused".to_owned());
            (defaults(config, loader)?, None)
        }
        (None, None) => {
            decisions.give_up_override(resolved.configured.clone());
            (resolved.components(config, loader)?, resolved.file())
        }
    };
    if let Some(reason) = refused {
        let mapping = components.iter().map(|component| component.description().mapping_version.as_str());
        let mapping = distinct(mapping);
        error!(
            refused = name,
            reason,
            used = mapping,
            "mapping of the settings was refused or rolled back before; another one is used"
        );
    }
    initial.before = before(&decisions, config, &resolved, loader);
    initial.decisions = decisions;
    Ok(Startup { components, initial, component, found, unfinished })
}

/// What is to be kept ready, since what maps is new.
fn before(
    decisions: &Decisions,
    config: &Config,
    resolved: &ResolvedMapping,
    loader: &Loader,
) -> Option<Vec<Component>> {
    let before = match &decisions.grace()?.before {
        Some(before) => vec![load(before, config, loader).ok().flatten()?; config.sources.len()],
        None => match resolved.components(config, loader) {
            Ok(components) => components,
            Err(error) => {
                let error = format!("{error:#}");
                warn!(error, "could not keep the previous mapping ready");
                return None;
            }
        },
    };
    Some(before)
}

/// Under what something is refused: by another host, or with other limits, it may be right.
fn host_fingerprint(config: &Config) -> String {
    let limits = mapping_limits::limits(Some(config));
    let compile = mapping_limits::compile_limits(Some(config));
    // Left out where nobody has set them, so that what was refused before there were any still is.
    let compile = if compile == CompileLimits::default() { String::new() } else { format!(" and {compile:?}") };
    format!("exotrace {} with {limits:?}{compile}", env!("CARGO_PKG_VERSION"))
}

/// The file that the settings name is not there. What was in use before is, if they resolved the same file then.
fn without_file(
    config: &Config,
    loader: &Loader,
    (found, decided, unfinished): (Decisions, Decisions, Vec<String>),
    error: anyhow::Error,
) -> anyhow::Result<Startup> {
    let MappingChoice::Path(path) = &config.mapping.choice else { return Err(error) };
    let configured = ConfiguredMapping { path: Some(std::path::absolute(path)?), ..ConfiguredMapping::default() };
    let decisions = decided.on_host(&host_fingerprint(config));
    let used = decisions.used_in_place_of(&configured);
    let component = match used {
        Some(used) => load(&used, config, loader)?,
        None => None,
    };
    let Some(component) = component else { return Err(error) };
    let (mapping, digest) = (&component.description().mapping_version, component.digest());
    let problem = format!("{error:#}");
    error!(error = problem, mapping, digest, "could not read the mapping of the settings; the previous one is used");
    let initial = InitialMapping {
        settings_digest: decisions.file_digest().unwrap_or_default().to_owned(),
        decisions,
        before: None,
        reason: Some("in use before, since the file that the settings name cannot be read".to_owned()),
    };
    Ok(Startup { components: vec![component; config.sources.len()], initial, component: None, found, unfinished })
}

/// What people have to know when it is not the mapping of the settings that is used.
pub(crate) fn other_mapping(config: &Config, resolved: &ResolvedMapping) -> Option<String> {
    let Resumption { decisions, refused, .. } =
        found(config).unwrap_or_default().resume(resolved.configured.clone(), &host_fingerprint(config));
    let used = match decisions.mapping_override() {
        Some(Override::Version(version)) => format!("mapping {version}"),
        Some(Override::Copy(digest)) => format!("a component in use before ({})", digest.get(..12).unwrap_or(digest)),
        None if refused.is_some() => "the built-in mapping of each source".to_owned(),
        None => return None,
    };
    Some(match refused {
        Some(reason) => format!("is not used, but {used}: it was refused or taken back: {reason}"),
        None => format!("is not used, but {used}: `exotrace mapping` put it in place, until the settings change"),
    })
}

/// What was decided before. A damaged file keeps no mail waiting; one that cannot be read now ends the start, since it
/// may say that a mapping is pinned, or refused.
pub(super) fn found(config: &Config) -> anyhow::Result<Decisions> {
    match Decisions::of(&config.state_dir) {
        Ok(decisions) => Ok(decisions),
        Err(error) if error.is_damage() => {
            error!(error = explain(&error), "decisions about the mapping are unknown; the settings apply");
            Ok(Decisions::default())
        }
        Err(error) if error.may_pass() => Err(error.into()),
        Err(error) => Err(anyhow::Error::from(error).context(Unusable)),
    }
}

/// The previous mapping, if it can still be loaded. An error when it is there and cannot be read now: then nothing may
/// be decided again.
fn load(chosen: &Override, config: &Config, loader: &Loader) -> anyhow::Result<Option<Component>> {
    let loaded = match chosen {
        Override::Version(version) => loader.open_version(version),
        Override::Copy(digest) => ComponentStore::of(&config.state_dir).load(digest, loader),
    };
    match loaded {
        Ok(component) => Ok(Some(component)),
        Err(error) if error.may_pass() => Err(error.into()),
        Err(error) => {
            error!(error = explain(&error), "could not use the previous mapping again");
            Ok(None)
        }
    }
}
