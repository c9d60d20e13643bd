//! From settings to what maps, and to what may take its place.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use serde_json::json;

use super::refused_setting::with_refused_setting;
use crate::{
    app::{
        agent::Agent,
        mapping_limits,
        privacy::Privacy,
        resolve,
        settings::{CandidateConfig, CandidateMode, Config, MappingChoice, RollbackConfig, SourceConfig},
    },
    config::DATASET,
    deployment::{Deployment, MappingRef, RollbackPolicy, Standby, SwapPurpose, TrialMode, WatchedComponent},
    geo::Geo,
    mapper::{self, Component, ComponentFile, Loader, MappingPlace},
};

/// Gets the components of all sources ready, each with the settings of its source.
pub(crate) fn deployment(
    config: &Config,
    components: Vec<Component>,
    geo: &Arc<Geo>,
    agent: &Agent,
    loader: &Loader,
    privacy: Option<&Privacy>,
) -> anyhow::Result<Arc<Deployment>> {
    check_outputs(config, &components)?;
    let suffix_list = resolve::suffix_list(config.mapping.suffix_list.as_deref())?;
    let mut starts = Vec::new();
    for (source, component) in config.sources.iter().zip(components) {
        let mut settings = settings(config, source, suffix_list.clone(), agent);
        privacy.iter().for_each(|privacy| privacy.apply(&mut settings));
        starts.push((component, settings));
    }
    let (limits, policy) = (mapping_limits::limits(Some(config)), policy(&config.mapping.rollback));
    mapping_limits::apply_total_memory(Some(config));
    let standby = if config.cluster.is_some() { Standby::WhileCollected } else { Standby::Always };
    let deployment = Deployment::with_loader(starts, limits, policy, geo, loader.clone(), standby);
    deployment.map_err(|error| with_refused_setting(config, error))
}

/// Sees that every output takes documents of the schemas that the components make.
fn check_outputs(config: &Config, components: &[Component]) -> anyhow::Result<()> {
    for schema in components.iter().map(|component| &component.description().schema) {
        for output in &config.outputs {
            if let Some(reason) = output.settings.refuses(&schema.name) {
                bail!("documents follow {schema}, and output `{}` {reason}", output.name);
            }
        }
    }
    Ok(())
}

/// Sees whether what is to be tried beside the mapping could be.
pub(crate) fn check_candidate(config: &Config, loader: &Loader, deployment: &Deployment) -> anyhow::Result<()> {
    let Some(candidate) = &config.mapping.candidate else { return Ok(()) };
    let place = match &candidate.choice {
        MappingChoice::Path(path) => MappingPlace::File(path.clone()),
        MappingChoice::Version(version) => loader.find(version).context("`mapping.candidate.version`")?,
        MappingChoice::Default => return Ok(()),
    };
    let bytes = match place {
        MappingPlace::BuiltIn(built_in) => built_in.bytes.to_vec(),
        MappingPlace::File(path) => {
            let could_not = || format!("`mapping.candidate`: could not use `{}`", path.display());
            let file = ComponentFile::read(&path).with_context(could_not)?;
            loader.check_file(&path, &file).with_context(could_not)?;
            file.bytes
        }
    };
    deployment.prepare(&bytes).context("`mapping.candidate`")?;
    Ok(())
}

/// The files from which the mapping is replaced while it runs; that of the settings had this digest.
pub(crate) fn watched(config: &Config, digest: Option<&str>) -> Vec<WatchedComponent> {
    let mut watched = Vec::new();
    if let MappingChoice::Path(path) = &config.mapping.choice {
        watched.push(WatchedComponent::new(path.clone(), SwapPurpose::Replace, digest.map(str::to_owned)));
    }
    if let Some(CandidateConfig { choice: MappingChoice::Path(path), .. }) = &config.mapping.candidate
        && let Some(purpose) = purpose(config)
    {
        watched.push(WatchedComponent::new(path.clone(), purpose, None));
    }
    watched
}

/// The version that is tried beside the mapping from the start.
pub(crate) fn tried(config: &Config) -> Option<(MappingRef, SwapPurpose)> {
    match &config.mapping.candidate.as_ref()?.choice {
        MappingChoice::Version(version) => Some((MappingRef::Version(version.clone()), purpose(config)?)),
        _ => None,
    }
}

fn purpose(config: &Config) -> Option<SwapPurpose> {
    let candidate = config.mapping.candidate.as_ref()?;
    let mode = match candidate.mode {
        CandidateMode::Shadow => TrialMode::Shadow,
        CandidateMode::Canary => TrialMode::Canary,
    };
    Some(SwapPurpose::Try(mode, candidate.percent))
}

fn policy(config: &RollbackConfig) -> RollbackPolicy {
    RollbackPolicy {
        max_faults: config.max_stops.into(),
        max_failed_percent: config.max_failed_percent.into(),
        max_slowdown: config.max_slowdown.into(),
        max_different_percent: config.max_different_percent.into(),
        min_records: config.min_records.into(),
        grace_period: config.grace_period,
        ..RollbackPolicy::default()
    }
}

fn settings(config: &Config, source: &SourceConfig, suffix_list: Option<String>, agent: &Agent) -> mapper::Settings {
    let labels = source.labels();
    let namespace = labels.namespace.as_ref().unwrap_or(&config.namespace);
    mapper::Settings {
        tenant: source.tenant(),
        local_domains: source.local_domains().map(<[String]>::to_vec),
        preserve_original_event: config.mapping.preserve_original_event,
        tags: labels.with_tags(&config.mapping.tags),
        drop_status: config.mapping.drop_status.clone(),
        fields: Some(labels.with_fields(json!({
            "agent": agent.fields(),
            "data_stream": { "type": "logs", "dataset": DATASET, "namespace": namespace },
            "event": { "dataset": DATASET },
            "input": { "type": source.settings.input() },
        }))),
        suffix_list,
        options: config.mapping.options.clone(),
        pseudonym_key: None,
        previous_pseudonym_key: None,
        record_kinds: source.settings.other_record_kinds(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn what_the_settings_leave_out_is_what_the_mapper_thinks_right() {
        let text = include_str!("../../../../fixtures/config/good/minimal.toml");
        let config = Config::parse(text, Path::new("minimal.toml"), &|_| None).unwrap();
        assert_eq!(mapping_limits::limits(Some(&config)), mapper::Limits::default());
        assert_eq!(policy(&config.mapping.rollback), RollbackPolicy::default());
    }
}
