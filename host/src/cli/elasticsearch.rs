//! `exotrace elasticsearch`: what a cluster has to know before documents come.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::{Map, Value};

use super::{
    exit::say,
    settings_file::{self, named_or_default},
};
use crate::{
    app::{settings::Config, unusable::Unusable},
    config::namespace_problem,
    outputs::{ElasticsearchConfig, ElasticsearchOutput, Flavor, Resource, resources},
};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Print the index template with the field types and the life-cycle policy, or put them into a cluster.
    Template(Template),
}

#[derive(Args)]
#[command(
    after_help = "Examples:\n  exotrace elasticsearch template\n  exotrace elasticsearch template --apply --config exotrace.toml\n  exotrace elasticsearch template --opensearch --namespace production"
)]
pub(super) struct Template {
    /// For the data stream of this namespace alone, not for all.
    #[arg(long, value_parser = namespace)]
    namespace: Option<String>,
    /// For OpenSearch, which has fewer field types and other policies.
    #[arg(long)]
    opensearch: bool,
    /// Put them into the cluster of every Elasticsearch output of the settings.
    #[arg(long)]
    apply: bool,
    /// The settings file, for `--apply`. Default: as for `run`.
    #[arg(short, long, value_name = "FILE", requires = "apply")]
    config: Option<PathBuf>,
}

pub(super) fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let Command::Template(arguments) = command;
    let flavor = if arguments.opensearch { Flavor::OpenSearch } else { Flavor::Elasticsearch };
    let resources = resources(flavor, arguments.namespace.as_deref());
    if arguments.apply {
        apply(&settings_file::load(&named_or_default(arguments.config.as_deref()))?, &resources)?;
    } else {
        print(resources)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints one object; its names are the paths to put its values to.
fn print(resources: Vec<Resource>) -> anyhow::Result<()> {
    let object: Map<String, Value> = resources.into_iter().map(|resource| (resource.path, resource.body)).collect();
    let mut stdout = io::stdout().lock();
    serde_json::to_writer_pretty(&mut stdout, &object).map_err(io::Error::from)?;
    writeln!(stdout)?;
    Ok(())
}

fn apply(config: &Config, resources: &[Resource]) -> anyhow::Result<()> {
    let mut outputs = Vec::new();
    for output in &config.outputs {
        if let Some(config) = output.of_kind::<ElasticsearchConfig>() {
            outputs.push(ElasticsearchOutput::new(config).context(Unusable)?);
        }
    }
    if outputs.is_empty() {
        return Err(anyhow::anyhow!("there is no output of type `elasticsearch`").context(Unusable));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        for output in &mut outputs {
            for resource in resources {
                let put = output.put(resource).await.with_context(|| format!("could not put `{}`", resource.path))?;
                say(&format!("{} {}", if put { "put " } else { "kept" }, resource.path));
            }
        }
        Ok(())
    })
}

/// Checks a namespace.
fn namespace(text: &str) -> Result<String, String> {
    match namespace_problem(text) {
        Some(problem) => Err(format!("a namespace {problem}")),
        None => Ok(text.to_owned()),
    }
}
