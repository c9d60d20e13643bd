//! With which mapping a process begins: what the settings name, unless something else was decided before.

use tracing::{error, info, warn};

use super::named::{Named, defaults};
use crate::{
    app::{mapping_limits, unusable::Unusable},
    config::{Config, MappingChoice},
    mapper::{Beginning, Chosen, CompileLimits, Component, Decisions, KeptCopies, Loader, Original, Resumed, Said},
    support::{distinct::distinct, error_text::explain},
};

/// What a process begins with.
pub(super) struct Begun {
    /// The component of every source, in order.
    pub(super) components: Vec<Component>,
    pub(super) beginning: Beginning,
    /// The file that is in use, if the settings name one.
    pub(super) original: Option<Original>,
    /// What was found decided.
    pub(super) found: Decisions,
    /// The components that were being compiled when the program ended.
    pub(super) unfinished: Vec<String>,
}

/// Why a component that was being compiled when the program ended is not used.
const ENDED: &str = "the program ended while it was compiled";

/// Gets the mapping to begin with, now that this was found decided; writes nothing.
pub(super) fn resume(config: &Config, loader: &Loader, found: Decisions) -> anyhow::Result<Begun> {
    let under = under(config);
    let unfinished = loader.unfinished();
    let decided = found.clone().refusing(&unfinished, ENDED, &under);
    let named = match Named::find(&config.mapping.choice, loader) {
        Ok(named) => named,
        Err(error) => return without_file(config, loader, (found, decided, unfinished), error),
    };
    let (name, settings_digest) = (named.name(), named.digest(config));
    let Resumed { mut decisions, refused, is_outdated, is_taken_back } = decided.resume(named.said.clone(), &under);
    if is_outdated {
        warn!("settings say something else of the mapping than before: what was chosen or pinned then counts no more");
    }
    if is_taken_back {
        error!("program ended without notice too often with a new mapping: the one before is used");
    }
    let chosen = match decisions.chosen() {
        Some(chosen) => load(chosen, config, loader)?,
        None => None,
    };
    let mut beginning = Beginning { settings_digest, ..Beginning::default() };
    let (components, original) = match (chosen, &refused) {
        (Some(component), _) => {
            let (mapping, digest) = (&component.description().mapping_version, component.digest());
            info!(mapping, digest, "mapping that was in use before is used, not the one that the settings name");
            beginning.reason = Some("in use before".to_owned());
            (vec![component; config.sources.len()], None)
        }
        (None, None) if decisions.chosen().is_none() => (named.components(config, loader)?, named.original()),
        (None, Some(_)) => {
            decisions.give_up_choice(named.said.clone());
            beginning.reason = Some("built in, since the one that the settings name was refused".to_owned());
            (defaults(config, loader)?, None)
        }
        (None, None) => {
            decisions.give_up_choice(named.said.clone());
            (named.components(config, loader)?, named.original())
        }
    };
    if let Some(reason) = refused {
        let mapping = components.iter().map(|component| component.description().mapping_version.as_str());
        let mapping = distinct(mapping);
        error!(
            refused = name,
            reason,
            used = mapping,
            "mapping of the settings was refused or taken back before; another one is used"
        );
    }
    beginning.before = before(&decisions, config, &named, loader);
    beginning.decisions = decisions;
    Ok(Begun { components, beginning, original, found, unfinished })
}

/// What is to be kept ready, since what maps is new.
fn before(decisions: &Decisions, config: &Config, named: &Named, loader: &Loader) -> Option<Vec<Component>> {
    let before = match &decisions.grace()?.before {
        Some(before) => vec![load(before, config, loader).ok().flatten()?; config.sources.len()],
        None => match named.components(config, loader) {
            Ok(components) => components,
            Err(error) => {
                let error = format!("{error:#}");
                warn!(error, "mapping before cannot be kept ready");
                return None;
            }
        },
    };
    Some(before)
}

/// Under what something is refused: by another host, or with other limits, it may be right.
fn under(config: &Config) -> String {
    let limits = mapping_limits::limits(Some(config));
    let compile = mapping_limits::compile_limits(Some(config));
    // Left out where nobody has set them, so that what was refused before there were any still is.
    let compile = if compile == CompileLimits::default() { String::new() } else { format!(" and {compile:?}") };
    format!("exotrace {} with {limits:?}{compile}", env!("CARGO_PKG_VERSION"))
}

/// The file that the settings name is not there. What was in use before is, if they named the same file then.
fn without_file(
    config: &Config,
    loader: &Loader,
    (found, decided, unfinished): (Decisions, Decisions, Vec<String>),
    error: anyhow::Error,
) -> anyhow::Result<Begun> {
    let MappingChoice::Path(path) = &config.mapping.choice else { return Err(error) };
    let said = Said { path: Some(std::path::absolute(path)?), ..Said::default() };
    let decisions = decided.under(&under(config));
    let used = decisions.used_in_place_of(&said);
    let component = match used {
        Some(used) => load(&used, config, loader)?,
        None => None,
    };
    let Some(component) = component else { return Err(error) };
    let (mapping, digest) = (&component.description().mapping_version, component.digest());
    let problem = format!("{error:#}");
    error!(error = problem, mapping, digest, "mapping of the settings cannot be read; the one in use before is used");
    let beginning = Beginning {
        settings_digest: decisions.file_digest().unwrap_or_default().to_owned(),
        decisions,
        before: None,
        reason: Some("in use before, since the file that the settings name cannot be read".to_owned()),
    };
    Ok(Begun { components: vec![component; config.sources.len()], beginning, original: None, found, unfinished })
}

/// What people have to know when it is not the mapping of the settings that is used.
pub(crate) fn other_mapping(config: &Config, named: &Named) -> Option<String> {
    let Resumed { decisions, refused, .. } =
        found(config).unwrap_or_default().resume(named.said.clone(), &under(config));
    let used = match decisions.chosen() {
        Some(Chosen::Version(version)) => format!("mapping {version}"),
        Some(Chosen::Copy(digest)) => format!("a component in use before ({})", digest.get(..12).unwrap_or(digest)),
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
            error!(error = explain(&error), "what was decided about the mapping is not known; the settings count");
            Ok(Decisions::default())
        }
        Err(error) if error.may_pass() => Err(error.into()),
        Err(error) => Err(anyhow::Error::from(error).context(Unusable)),
    }
}

/// What was in use before, if it still can be had. An error when it is there and cannot be read now: then nothing may
/// be decided anew.
fn load(chosen: &Chosen, config: &Config, loader: &Loader) -> anyhow::Result<Option<Component>> {
    let loaded = match chosen {
        Chosen::Version(version) => loader.open_version(version),
        Chosen::Copy(digest) => KeptCopies::of(&config.state_dir).load(digest, loader),
    };
    match loaded {
        Ok(component) => Ok(Some(component)),
        Err(error) if error.may_pass() => Err(error.into()),
        Err(error) => {
            error!(error = explain(&error), "mapping that was in use before cannot be used any more");
            Ok(None)
        }
    }
}
