//! What a run is made of: sources, each with its mapping, and outputs.

use std::{path::PathBuf, sync::Arc};

use crate::{
    app::settings::{Config, OutputConfig, SourceConfig},
    deployment::Deployment,
    pipeline::{AskedSource, Claims, Output, PipelineSource, SourceEnvironment, SourceIdentity, archive_files},
};

/// The sources that questions may be for.
pub(crate) fn asked_sources(config: &Config) -> Vec<AskedSource> {
    let asked = |source: &SourceConfig| AskedSource {
        name: source.name().to_owned(),
        settings: Arc::clone(&source.settings),
        identity: None,
    };
    config.sources.iter().map(asked).collect()
}

/// Gets every source ready, each with its mapping; nothing is sent yet.
pub(crate) fn sources(config: &Config, deployment: &Arc<Deployment>) -> anyhow::Result<Vec<PipelineSource>> {
    let (state_dir, own_files) = (config.state_dir.clone(), own_files(config));
    let environment = SourceEnvironment { state_dir, own_files, claims: Claims::default() };
    let sources = config.sources.iter().enumerate();
    sources.map(|(index, source)| pipeline_source(deployment, index, source, &environment)).collect()
}

/// Gets the source with this number ready, with its mapping.
pub(super) fn pipeline_source(
    deployment: &Arc<Deployment>,
    index: usize,
    source: &SourceConfig,
    environment: &SourceEnvironment,
) -> anyhow::Result<PipelineSource> {
    let tenant = source.tenant().map(|tenant| tenant.id).filter(|id| !id.is_empty());
    let mapper = deployment.mapper(index).in_namespace(source.labels().namespace.as_deref());
    let mapper = mapper.of_tenant(tenant.as_deref());
    let (name, label) = (source.settings.ledger_name(), source.name().to_owned());
    let identity = Arc::new(SourceIdentity { name, label, mapper });
    let settings = Arc::clone(&source.settings);
    let source = settings.build(Arc::clone(&identity), environment)?;
    Ok(PipelineSource { identity, source, settings })
}

/// The files that this program writes, as they are when that is asked.
pub(super) fn own_files(config: &Config) -> Arc<dyn Fn() -> Vec<PathBuf> + Send + Sync> {
    let outputs = config.outputs.clone();
    let letters = config.dead_letter.clone();
    let archive = config.archive.as_ref().map(|archive| archive.dir.clone());
    Arc::new(move || {
        let others = ["replaying", "unreadable"].map(|extension| letters.with_added_extension(extension));
        let mut files: Vec<_> = others.into_iter().chain([letters.clone()]).collect();
        files.extend(archive.iter().flat_map(|folder| archive_files(folder)));
        files.extend(outputs.iter().flat_map(|output| output.settings.written_files()));
        files
    })
}

/// Makes the outputs, each with its name; nothing is written or sent yet.
pub(crate) fn outputs(config: &Config) -> anyhow::Result<Vec<(String, Box<dyn Output>)>> {
    let mut outputs = Vec::new();
    for config in &config.outputs {
        outputs.push((config.name.clone(), output(config)?));
    }
    Ok(outputs)
}

/// Makes an output; nothing is written or sent yet.
pub(crate) fn output(config: &OutputConfig) -> anyhow::Result<Box<dyn Output>> {
    Ok(config.settings.build()?)
}
