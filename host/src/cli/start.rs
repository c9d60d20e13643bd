//! From settings to stages that can run.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context as _;
use serde_json::json;

use super::{choose, exit::Unusable, options::loader};
use crate::{
    agent::Agent,
    config::{Config, DATASET, MappingChoice, NamedOutput, OutputConfig, ServiceConfig, SourceConfig},
    dead_letter::DeadLetter,
    geo::Geo,
    ledger::{Ledger, LedgerError},
    mapper::{self, Component, Loader, Mapper},
    output::{Elasticsearch, FileOutput, Http, Output, Stdout},
    pipeline::{BACKOFF, ServiceCollector, Stages},
};

/// The mapping of a Graph source unless the settings name one.
const GRAPH_MAPPING: &str = "2.2";

/// The folder for compiled mappings, in `state_dir`.
const CACHE: &str = "cache";

/// Gets everything ready but the ledger; nothing is sent yet.
pub(super) fn collectors(
    config: &Config,
    geo: Geo,
    loader: &Loader,
    agent: &Agent,
) -> anyhow::Result<Vec<ServiceCollector>> {
    let component = component(&config.mapping.choice, loader)?;
    let suffix_list = choose::suffix_list(config.mapping.suffix_list.as_deref())?;
    let geo = Arc::new(geo);
    let collectors = config.sources.iter().map(|source| {
        let SourceConfig::Service(service) = source else { anyhow::bail!("sources of type `file` are not built yet") };
        let mapper =
            Mapper::new(component.clone(), settings(config, service, suffix_list.clone(), agent), Arc::clone(&geo))?;
        Ok(ServiceCollector::new(service, mapper)?)
    });
    collectors.collect()
}

/// All that takes part in a run but the ledger, which only one run at a time may have.
pub(super) struct Ready {
    collectors: Vec<ServiceCollector>,
    outputs: Vec<(String, Output)>,
    dead_letter: DeadLetter,
    agent: Agent,
    state_dir: PathBuf,
}

/// Gets everything ready but the ledger; nothing is sent yet, and nothing written but compiled mappings.
pub(super) fn ready(config: &Config, geo: Geo) -> anyhow::Result<Ready> {
    let agent = Agent::of(&config.state_dir);
    let loader = loader(Some(config)).with_cache(&config.state_dir.join(CACHE));
    Ok(Ready {
        collectors: collectors(config, geo, &loader, &agent).context(Unusable)?,
        outputs: outputs(config).context(Unusable)?,
        dead_letter: DeadLetter::new(config.dead_letter.clone()),
        agent,
        state_dir: config.state_dir.clone(),
    })
}

impl Ready {
    /// Opens the ledger that goes with it.
    pub(super) fn open(&self) -> Result<Ledger, LedgerError> {
        Ledger::open(&self.state_dir)
    }

    /// What can run, with its ledger.
    pub(super) fn into_stages(self, ledger: Ledger) -> anyhow::Result<Stages> {
        let Self { collectors, outputs, dead_letter, agent, state_dir } = self;
        agent.keep(&state_dir).with_context(|| format!("could not write to state folder `{}`", state_dir.display()))?;
        Ok(Stages { collectors, outputs, dead_letter, ledger, backoff: BACKOFF })
    }
}

/// Gets everything ready to run.
pub(super) fn stages(config: &Config, geo: Geo) -> anyhow::Result<Stages> {
    let ready = ready(config, geo)?;
    let ledger = ready.open()?;
    ready.into_stages(ledger)
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

/// Opens the databases that the settings name.
pub(super) fn geo(config: &Config) -> anyhow::Result<Geo> {
    Geo::open(config.geoip.city.as_deref(), config.geoip.asn.as_deref()).context(Unusable)
}

/// The mapping that the settings name.
pub(super) fn component(choice: &MappingChoice, loader: &Loader) -> anyhow::Result<Component> {
    match choice {
        MappingChoice::Default => choose::version(GRAPH_MAPPING, loader),
        MappingChoice::Version(version) => choose::version(version, loader).context("`mapping.version`"),
        MappingChoice::Path(path) => choose::file(path, loader).context("`mapping.path`"),
    }
}

fn settings(config: &Config, service: &ServiceConfig, suffix_list: Option<String>, agent: &Agent) -> mapper::Settings {
    mapper::Settings {
        local_domains: service.local_domains.clone(),
        preserve_original_event: config.mapping.preserve_original_event,
        tags: config.mapping.tags.clone(),
        drop_status: config.mapping.drop_status.clone(),
        fields: Some(json!({
            "agent": agent.fields(),
            "data_stream": { "type": "logs", "dataset": DATASET, "namespace": config.namespace },
            "event": { "dataset": DATASET },
            "input": { "type": service.kind.as_str() },
        })),
        suffix_list,
    }
}
