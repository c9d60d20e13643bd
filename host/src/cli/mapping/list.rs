//! `exotrace mapping list`: the mappings that can be used.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use crate::{
    app::{mapping_limits, settings::Config},
    mapper::{BUILT_IN, Component, ComponentError, DocumentSchema, component_files},
    support::shown,
};

#[derive(Args)]
#[command(after_help = "Examples:\n  exotrace mapping list\n  exotrace mapping list --config exotrace.toml")]
pub(in crate::cli) struct ListArguments {
    /// A settings file: lists the files in the folder `mappings` of its `state_dir` as well.
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON: a list of objects.
    #[arg(long)]
    json: bool,
}

/// Where those inside the program are.
const BUILT_IN_ORIGIN: &str = "built in";

/// One mapping.
#[derive(Serialize, Default)]
struct ListedMapping {
    /// `built in`, or the file.
    origin: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mapping_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<DocumentSchema>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ecs_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    record_kinds: Option<Vec<&'static str>>,
    /// JSON Schema of its own settings; null when it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    options_schema: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wit_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    /// Why it cannot be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl ListedMapping {
    fn new(origin: String, loaded: Result<Component, ComponentError>) -> Self {
        match loaded {
            Ok(component) => {
                let description = component.description().clone();
                let options_schema = description.options_schema.as_deref().map(serde_json::from_str);
                Self {
                    origin,
                    name: Some(description.name),
                    mapping_version: Some(description.mapping_version),
                    ecs_version: description.schema.ecs_version().map(str::to_owned),
                    schema: Some(description.schema),
                    record_kinds: Some(description.record_kinds.iter().map(|kind| kind.as_str()).collect()),
                    options_schema: Some(options_schema.and_then(Result::ok).unwrap_or_default()),
                    wit_version: Some(description.wit_version),
                    digest: Some(component.digest().to_owned()),
                    error: None,
                }
            }
            Err(error) => {
                let error = Some(format!("{:#}", anyhow::Error::new(error)));
                Self { origin, error, ..Self::default() }
            }
        }
    }

    /// What people see of it, column by column.
    fn columns(&self) -> [String; 6] {
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        let schema = self.schema.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
        let kinds = self.record_kinds.as_ref().map_or_else(|| "-".to_owned(), |kinds| kinds.join(","));
        let options = match &self.options_schema {
            None => "-",
            Some(Value::Null) => "no",
            Some(_) => "yes",
        };
        let digest = text(&self.digest).chars().take(12).collect();
        // Those inside the program are called as `--mapping` takes them.
        let mapping = match &self.schema {
            Some(schema) if self.origin == BUILT_IN_ORIGIN && schema.ecs_version().is_none() => {
                format!("{}-{}", schema.name, text(&self.mapping_version))
            }
            _ => text(&self.mapping_version),
        };
        [mapping, schema, kinds, options.to_owned(), text(&self.wit_version), digest]
    }
}
pub(super) fn run(arguments: &ListArguments) -> anyhow::Result<ExitCode> {
    let config = arguments.config.as_deref().map(Config::load).transpose()?;
    let loader = mapping_limits::loader(config.as_ref());
    let mut mappings = Vec::new();
    for built_in in BUILT_IN {
        mappings.push(ListedMapping::new(BUILT_IN_ORIGIN.to_owned(), loader.built_in(built_in)));
    }
    if let Some(config) = &config {
        for file in component_files(&config.state_dir.join(mapping_limits::MAPPINGS))? {
            mappings.push(ListedMapping::new(file.display().to_string(), loader.open(&file)));
        }
    }
    if arguments.json {
        writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&mappings)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let heading = ["mapping", "schema", "records", "options", "contract", "SHA-256"].map(str::to_owned);
    writeln!(io::stdout(), "{}", line(&heading, "where"))?;
    for listed in mappings {
        writeln!(io::stdout(), "{}", shown::line(&line(&listed.columns(), &listed.origin)))?;
        if let Some(error) = listed.error {
            writeln!(io::stdout(), "          cannot be used: {}", shown::lines(&error).replace('\n', "\n          "))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn line([mapping, schema, records, options, contract, digest]: &[String; 6], place: &str) -> String {
    format!("{mapping:<10} {schema:<11} {records:<20} {options:<7} {contract:<8} {digest:<13} {place}")
}
