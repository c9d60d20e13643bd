//! `exotrace mapping list`: the mappings that can be used.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use serde::Serialize;

use crate::{
    app::{mapping_limits, settings::Config},
    mapper::{BUILT_IN, Component, ComponentError, component_files},
    support::shown,
};

#[derive(Args)]
#[command(after_help = "Examples:\n  exotrace mapping list\n  exotrace mapping list --config exotrace.toml")]
pub(in crate::cli) struct Arguments {
    /// A settings file: lists the files in the folder `mappings` of its `state_dir` as well.
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON: a list of objects.
    #[arg(long)]
    json: bool,
}

/// One mapping.
#[derive(Serialize)]
struct ListedMapping {
    /// `built in`, or the file.
    origin: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mapping_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ecs_version: Option<String>,
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
                Self {
                    origin,
                    name: Some(description.name),
                    mapping_version: Some(description.mapping_version),
                    ecs_version: Some(description.ecs_version),
                    wit_version: Some(description.wit_version),
                    digest: Some(component.digest().to_owned()),
                    error: None,
                }
            }
            Err(error) => {
                let error = format!("{:#}", anyhow::Error::new(error));
                let (name, mapping_version, ecs_version, wit_version, digest) = (None, None, None, None, None);
                Self { origin, name, mapping_version, ecs_version, wit_version, digest, error: Some(error) }
            }
        }
    }
}

#[expect(clippy::print_stdout, reason = "the answer that was asked for")]
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = arguments.config.as_deref().map(Config::load).transpose()?;
    let loader = mapping_limits::loader(config.as_ref());
    let mut mappings = Vec::new();
    for built_in in BUILT_IN {
        mappings.push(ListedMapping::new("built in".to_owned(), loader.built_in(built_in)));
    }
    if let Some(config) = &config {
        for file in component_files(&config.state_dir.join(mapping_limits::MAPPINGS))? {
            mappings.push(ListedMapping::new(file.display().to_string(), loader.open(&file)));
        }
    }
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&mappings)?);
        return Ok(ExitCode::SUCCESS);
    }
    println!("{:<9} {:<8} {:<6} {:<13} where", "mapping", "ECS", "WIT", "SHA-256");
    for listed in mappings {
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        let digest: String = text(&listed.digest).chars().take(12).collect();
        let (mapping, ecs, wit) = (text(&listed.mapping_version), text(&listed.ecs_version), text(&listed.wit_version));
        let line = format!("{mapping:<9} {ecs:<8} {wit:<6} {digest:<13} {}", listed.origin);
        println!("{}", shown::line(&line));
        if let Some(error) = listed.error {
            println!("          cannot be used: {}", shown::lines(&error).replace('\n', "\n          "));
        }
    }
    Ok(ExitCode::SUCCESS)
}
