//! `exotrace elasticsearch`: what a cluster has to know before documents come.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value};

use super::{
    exit::say,
    settings_file::{self, named_or_default},
};
use crate::{
    app::{settings::Config, unusable::Unusable},
    config::namespace_problem,
    outputs::{
        ElasticsearchConfig, ElasticsearchOutput, Flavor, PutOutcome, Resource, Retention, TemplateOptions, resources,
    },
};

#[derive(Subcommand)]
pub(super) enum ElasticsearchCommand {
    /// Print the index template with the field types, the life-cycle policy and the final pipeline, or put them into a
    /// cluster.
    Template(Template),
}

#[derive(Args)]
#[command(
    after_help = "Examples:\n  exotrace elasticsearch template\n  exotrace elasticsearch template --apply --config exotrace.toml\n  exotrace elasticsearch template --opensearch --namespace production\n  exotrace elasticsearch template --delete-after 21d"
)]
pub(super) struct Template {
    /// For the data stream of this namespace alone, not for all.
    #[arg(long, value_parser = namespace)]
    namespace: Option<String>,
    /// For OpenSearch, which has fewer field types and other policies.
    #[arg(long)]
    opensearch: bool,
    /// Delete documents this long after their index took its last one, for example `21d`. Default: as an existing
    /// policy says, or never.
    #[arg(long, value_name = "TIME")]
    delete_after: Option<Retention>,
    /// How they are printed.
    #[arg(long, value_enum, default_value_t = TemplateFormat::Json, conflicts_with = "apply")]
    format: TemplateFormat,
    /// Put them into the cluster of every Elasticsearch output of the settings.
    #[arg(long)]
    apply: bool,
    /// The settings file, for `--apply`. Default: as for `run`.
    #[arg(short, long, value_name = "FILE", requires = "apply")]
    config: Option<PathBuf>,
}

/// How templates and policies are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TemplateFormat {
    /// One object: its names are the paths to put its values to.
    Json,
    /// Requests for the Dev Tools of Kibana or OpenSearch Dashboards.
    Console,
    /// Commands of a shell, which take the address from `ELASTICSEARCH_URL` and the key from `ELASTICSEARCH_API_KEY`.
    Curl,
}

pub(super) fn run(command: &ElasticsearchCommand) -> anyhow::Result<ExitCode> {
    let ElasticsearchCommand::Template(arguments) = command;
    let flavor = if arguments.opensearch { Flavor::OpenSearch } else { Flavor::Elasticsearch };
    let options = TemplateOptions {
        flavor,
        namespace: arguments.namespace.as_deref(),
        delete_after: arguments.delete_after,
        has_own_policy: false,
    };
    if arguments.apply {
        apply(&settings_file::load(&named_or_default(arguments.config.as_deref()))?, &options)?;
    } else {
        print(resources(&options), arguments.format, &mut io::stdout().lock())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print(resources: Vec<Resource>, format: TemplateFormat, output: &mut impl Write) -> io::Result<()> {
    if format == TemplateFormat::Json {
        let object: Map<String, Value> = resources.into_iter().map(|resource| (resource.path, resource.body)).collect();
        serde_json::to_writer_pretty(&mut *output, &object)?;
        return writeln!(output);
    }
    for (place, resource) in resources.into_iter().enumerate() {
        if place > 0 {
            writeln!(output)?;
        }
        if resource.stays() {
            writeln!(output, "# leave this out when there is one: it may have been changed on purpose")?;
        }
        let Resource { path, body, .. } = resource;
        let body = serde_json::to_string_pretty(&body)?;
        match format {
            TemplateFormat::Curl => writeln!(
                output,
                "curl --fail-with-body -X PUT \"$ELASTICSEARCH_URL/{path}\" -H \"Authorization: ApiKey \
                 $ELASTICSEARCH_API_KEY\" -H 'Content-Type: application/json' --data-binary @- <<'JSON'\n{body}\nJSON"
            )?,
            TemplateFormat::Json | TemplateFormat::Console => writeln!(output, "PUT {path}\n{body}")?,
        }
    }
    Ok(())
}

fn apply(config: &Config, options: &TemplateOptions<'_>) -> anyhow::Result<()> {
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
            put_all(output, options).await?;
        }
        Ok(())
    })
}

async fn put_all(output: &mut ElasticsearchOutput, options: &TemplateOptions<'_>) -> anyhow::Result<()> {
    let mut options = *options;
    if let Some(path) = options.own_policy_path() {
        let found = output.find(&path).await.with_context(|| format!("could not look for `{path}`"))?;
        options.has_own_policy = found.is_some();
    }
    for resource in resources(&options) {
        let outcome = output.put(&resource).await.with_context(|| format!("could not put `{}`", resource.path))?;
        let done = match outcome {
            PutOutcome::Put => "put ",
            PutOutcome::Changed => "changed",
            PutOutcome::Kept => "kept",
        };
        say(&format!("{done} {}", resource.path));
    }
    Ok(())
}

/// Checks a namespace.
fn namespace(text: &str) -> Result<String, String> {
    match namespace_problem(text) {
        Some(problem) => Err(format!("a namespace {problem}")),
        None => Ok(text.to_owned()),
    }
}
