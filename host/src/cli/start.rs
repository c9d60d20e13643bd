//! From settings to stages that can run.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context as _;
use serde_json::json;

use super::{choose, exit::Unusable, options::loader};
use crate::{
    agent::Agent,
    config::{
        CandidateConfig, CandidateMode, Config, DATASET, MappingChoice, MappingLimits, NamedOutput, OutputConfig,
        RollbackConfig, ServiceKind, SourceConfig,
    },
    dead_letter::DeadLetter,
    geo::Geo,
    health::Health,
    ledger::{Ledger, LedgerError},
    mapper::{self, Component, Limits, Live, Loader, Rules, TrialMode, built_in},
    output::{Elasticsearch, FileOutput, Http, Output, Stdout},
    pipeline::{BACKOFF, Claims, Collector, FileCollector, GRACE, ServiceCollector, Stages},
    replacement::{Purpose, Wanted, Watched},
};

/// The mapping of a Graph source unless the settings name one.
const GRAPH_MAPPING: &str = "2.2";

/// The mapping of any other source, and of files, unless the settings name one.
pub(super) const LEGACY_MAPPING: &str = "1.20";

/// The folder for compiled mappings, in `state_dir`.
const CACHE: &str = "cache";

/// Gets the mapping of every source ready.
pub(super) fn live(config: &Config, geo: Geo, loader: &Loader, agent: &Agent) -> anyhow::Result<Arc<Live>> {
    let limits = limits(&config.mapping.limits);
    let suffix_list = choose::suffix_list(config.mapping.suffix_list.as_deref())?;
    let mut components: Vec<(&str, Component)> = Vec::new();
    let mut starts = Vec::new();
    for source in &config.sources {
        let default = default_mapping(source);
        let component = match components.iter().find(|(version, _)| *version == default) {
            Some((_, component)) => component.clone(),
            None => component(&config.mapping.choice, default, loader)?,
        };
        components.push((default, component.clone()));
        starts.push((component, settings(config, source, suffix_list.clone(), agent)));
    }
    Ok(Live::new(starts, limits, rules(&config.mapping.rollback), &Arc::new(geo))?)
}

/// Gets every source ready, each with its mapping; nothing is sent yet.
pub(super) fn collectors(config: &Config, live: &Arc<Live>) -> anyhow::Result<Vec<Collector>> {
    let claims = Claims::default();
    let mut collectors = Vec::new();
    for (index, source) in config.sources.iter().enumerate() {
        let mapper = live.mapper(index);
        collectors.push(match source {
            SourceConfig::Service(service) => Collector::Service(Box::new(ServiceCollector::new(service, mapper)?)),
            SourceConfig::File(files) => Collector::Files(Box::new(FileCollector::new(files, mapper, claims.clone()))),
        });
    }
    Ok(collectors)
}

/// The mapping of a source unless the settings name one.
pub(super) fn default_mapping(source: &SourceConfig) -> &'static str {
    match source {
        SourceConfig::Service(service) if service.kind == ServiceKind::Graph => GRAPH_MAPPING,
        SourceConfig::Service(_) | SourceConfig::File(_) => LEGACY_MAPPING,
    }
}

/// All that takes part in a run but the ledger, which only one run at a time may have.
pub(super) struct Ready {
    collectors: Vec<Collector>,
    outputs: Vec<(String, Output)>,
    dead_letter: DeadLetter,
    agent: Agent,
    state_dir: PathBuf,
    pub(super) live: Arc<Live>,
    pub(super) config: Config,
}

/// Gets everything ready but the ledger; nothing is sent yet, and nothing written but compiled mappings.
pub(super) fn ready(config: &Config, geo: Geo) -> anyhow::Result<Ready> {
    let agent = Agent::of(&config.state_dir);
    let loader = loader(Some(config)).with_cache(&config.state_dir.join(CACHE));
    let live = live(config, geo, &loader, &agent).context(Unusable)?;
    Ok(Ready {
        collectors: collectors(config, &live).context(Unusable)?,
        outputs: outputs(config).context(Unusable)?,
        dead_letter: DeadLetter::new(config.dead_letter.clone()),
        agent,
        state_dir: config.state_dir.clone(),
        live,
        config: config.clone(),
    })
}

impl Ready {
    /// Opens the ledger that goes with it.
    pub(super) fn open(&self) -> Result<Ledger, LedgerError> {
        Ledger::open(&self.state_dir)
    }

    /// What can run, with its ledger.
    pub(super) fn into_stages(self, ledger: Ledger, health: &Arc<Health>) -> anyhow::Result<Stages> {
        let Self { collectors, outputs, dead_letter, agent, state_dir, live: _, config: _ } = self;
        let health = Arc::clone(health);
        agent.keep(&state_dir).with_context(|| format!("could not write to state folder `{}`", state_dir.display()))?;
        Ok(Stages { collectors, outputs, dead_letter, ledger, backoff: BACKOFF, grace: GRACE, health })
    }
}

/// Gets everything ready to run.
pub(super) fn stages(config: &Config, geo: Geo) -> anyhow::Result<Stages> {
    let ready = ready(config, geo)?;
    let ledger = ready.open()?;
    ready.into_stages(ledger, &Arc::default())
}

/// Makes the outputs, each with its name; nothing is written or sent yet.
pub(super) fn outputs(config: &Config) -> anyhow::Result<Vec<(String, Output)>> {
    let mut outputs = Vec::new();
    for NamedOutput { name, config } in &config.outputs {
        outputs.push((name.clone(), output(config)?));
    }
    Ok(outputs)
}

/// Makes an output; nothing is written or sent yet.
pub(super) fn output(config: &OutputConfig) -> anyhow::Result<Output> {
    Ok(match config {
        OutputConfig::Stdout => Output::Stdout(Stdout::new()),
        OutputConfig::File(config) => Output::File(Box::new(FileOutput::new(config))),
        OutputConfig::Elasticsearch(config) => Output::Elasticsearch(Box::new(Elasticsearch::new(config)?)),
        OutputConfig::Http(config) => Output::Http(Box::new(Http::new(config)?)),
    })
}

/// Sees whether what is to be tried beside the mapping could be.
pub(super) fn check_candidate(config: &Config, loader: &Loader, live: &Live) -> anyhow::Result<()> {
    let Some(candidate) = &config.mapping.candidate else { return Ok(()) };
    let bytes = match &candidate.choice {
        MappingChoice::Path(path) => {
            let could_not = || format!("`mapping.candidate.path`: could not use `{}`", path.display());
            let bytes = Component::read(path).with_context(could_not)?;
            loader.check_signature(path, &bytes).with_context(could_not)?;
            bytes
        }
        MappingChoice::Version(version) => built_in(version)
            .with_context(|| format!("`mapping.candidate.version`: there is no mapping `{version}`"))?
            .bytes
            .to_vec(),
        MappingChoice::Default => return Ok(()),
    };
    live.prepare(&bytes).context("`mapping.candidate`")?;
    Ok(())
}

/// The files from which the mapping is replaced while it runs.
pub(super) fn watched(config: &Config, live: &Live) -> Vec<Watched> {
    let mut watched = Vec::new();
    if let MappingChoice::Path(path) = &config.mapping.choice {
        watched.push(Watched::new(path.clone(), Purpose::Replace, Some(live.status().digest)));
    }
    if let Some(CandidateConfig { choice: MappingChoice::Path(path), .. }) = &config.mapping.candidate
        && let Some(purpose) = purpose(config)
    {
        watched.push(Watched::new(path.clone(), purpose, None));
    }
    watched
}

/// The built-in version that is tried beside the mapping from the start.
pub(super) fn tried(config: &Config) -> Option<(Wanted, Purpose)> {
    match &config.mapping.candidate.as_ref()?.choice {
        MappingChoice::Version(version) => Some((Wanted::Version(version.clone()), purpose(config)?)),
        _ => None,
    }
}

fn purpose(config: &Config) -> Option<Purpose> {
    let candidate = config.mapping.candidate.as_ref()?;
    let mode = match candidate.mode {
        CandidateMode::Shadow => TrialMode::Shadow,
        CandidateMode::Canary => TrialMode::Canary,
    };
    Some(Purpose::Try(mode, candidate.percent))
}

fn limits(config: &MappingLimits) -> Limits {
    let MappingLimits { memory_bytes, batch_time, result_bytes, fuel } = *config;
    Limits { memory_bytes, batch_time, result_bytes, fuel }
}

fn rules(config: &RollbackConfig) -> Rules {
    Rules {
        max_stops: config.max_stops.into(),
        max_failed_percent: config.max_failed_percent.into(),
        max_slowdown: config.max_slowdown.into(),
        max_different_percent: config.max_different_percent.into(),
        min_records: config.min_records.into(),
        grace_period: config.grace_period,
        ..Rules::default()
    }
}

/// Opens the databases that the settings name.
pub(super) fn geo(config: &Config) -> anyhow::Result<Geo> {
    Geo::open(config.geoip.city.as_deref(), config.geoip.asn.as_deref()).context(Unusable)
}

/// The mapping that the settings name, or else the built-in one of version `default`.
pub(super) fn component(choice: &MappingChoice, default: &str, loader: &Loader) -> anyhow::Result<Component> {
    match choice {
        MappingChoice::Default => choose::version(default, loader),
        MappingChoice::Version(version) => choose::version(version, loader).context("`mapping.version`"),
        MappingChoice::Path(path) => choose::file(path, loader).context("`mapping.path`"),
    }
}

fn settings(config: &Config, source: &SourceConfig, suffix_list: Option<String>, agent: &Agent) -> mapper::Settings {
    let input = match source {
        SourceConfig::Service(service) => service.kind.as_str(),
        // As the documents of Elastic's integration say.
        SourceConfig::File(_) => "log",
    };
    mapper::Settings {
        local_domains: source.local_domains().map(<[String]>::to_vec),
        preserve_original_event: config.mapping.preserve_original_event,
        tags: config.mapping.tags.clone(),
        drop_status: config.mapping.drop_status.clone(),
        fields: Some(json!({
            "agent": agent.fields(),
            "data_stream": { "type": "logs", "dataset": DATASET, "namespace": config.namespace },
            "event": { "dataset": DATASET },
            "input": { "type": input },
        })),
        suffix_list,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn what_the_settings_leave_out_is_what_the_mapper_thinks_right() {
        let text = include_str!("../../../fixtures/config/good/minimal.toml");
        let config = Config::parse(text, Path::new("minimal.toml"), &|_| None).unwrap();
        assert_eq!(limits(&config.mapping.limits), Limits::default());
        assert_eq!(rules(&config.mapping.rollback), Rules::default());
    }
}
