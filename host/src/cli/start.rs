//! From settings to stages that can run.

use std::sync::Arc;

use anyhow::Context as _;
use serde_json::json;

use super::{choose, exit::Unusable};
use crate::{
    config::{Config, DATASET, MappingChoice, OutputConfig, ServiceConfig, SourceConfig},
    geo::Geo,
    ledger::Ledger,
    mapper::{self, Component, Mapper},
    output::{Elasticsearch, Http, Output, Stdout},
    pipeline::{BACKOFF, ServiceCollector, Stages},
};

/// The mapping of a Graph source unless the settings name one.
const GRAPH_MAPPING: &str = "2.2";

/// Gets everything ready but the ledger; nothing is sent yet.
pub(super) fn collectors(config: &Config, geo: Geo) -> anyhow::Result<Vec<ServiceCollector>> {
    let component = component(&config.mapping.choice)?;
    let suffix_list = choose::suffix_list(config.mapping.suffix_list.as_deref())?;
    let geo = Arc::new(geo);
    let collectors = config.sources.iter().map(|source| {
        let SourceConfig::Service(service) = source else { anyhow::bail!("sources of type `file` are not built yet") };
        let mapper = Mapper::new(component.clone(), settings(config, service, suffix_list.clone()), Arc::clone(&geo))?;
        Ok(ServiceCollector::new(service, mapper)?)
    });
    collectors.collect()
}

/// Gets everything ready to run.
pub(super) fn stages(config: &Config, geo: Geo) -> anyhow::Result<Stages> {
    let collectors = collectors(config, geo).context(Unusable)?;
    let outputs = outputs(config).context(Unusable)?;
    Ok(Stages { collectors, outputs, ledger: Ledger::open(&config.state_dir)?, backoff: BACKOFF })
}

/// Makes the outputs; nothing is sent yet.
pub(super) fn outputs(config: &Config) -> anyhow::Result<Vec<Output>> {
    let mut outputs = Vec::new();
    for config in &config.outputs {
        outputs.push(match config {
            OutputConfig::Stdout => Output::Stdout(Stdout::new()),
            OutputConfig::Elasticsearch(config) => Output::Elasticsearch(Box::new(Elasticsearch::new(config)?)),
            OutputConfig::Http(config) => Output::Http(Box::new(Http::new(config)?)),
        });
    }
    Ok(outputs)
}

/// Opens the databases that the settings name.
pub(super) fn geo(config: &Config) -> anyhow::Result<Geo> {
    Geo::open(config.geoip.city.as_deref(), config.geoip.asn.as_deref()).context(Unusable)
}

/// The mapping that the settings name.
pub(super) fn component(choice: &MappingChoice) -> anyhow::Result<Component> {
    match choice {
        MappingChoice::Default => choose::version(GRAPH_MAPPING),
        MappingChoice::Version(version) => choose::version(version).context("`mapping.version`"),
        MappingChoice::Path(path) => choose::file(path).context("`mapping.path`"),
    }
}

fn settings(config: &Config, service: &ServiceConfig, suffix_list: Option<String>) -> mapper::Settings {
    mapper::Settings {
        local_domains: service.local_domains.clone(),
        preserve_original_event: config.mapping.preserve_original_event,
        tags: config.mapping.tags.clone(),
        drop_status: config.mapping.drop_status.clone(),
        fields: Some(json!({
            "data_stream": { "type": "logs", "dataset": DATASET, "namespace": config.namespace },
            "event": { "dataset": DATASET },
            "input": { "type": service.kind.as_str() },
        })),
        suffix_list,
    }
}
