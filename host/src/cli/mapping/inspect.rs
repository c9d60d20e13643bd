//! `exotrace mapping inspect`: what a mapping is.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    app::{mapping_limits::loader, settings::Config},
    cli::exit,
    mapper::{ComponentError, Description, Inspection, Loader, MappingPlace, read_component},
    support::{
        error_text::explain,
        shown,
        signature::{self, SignatureError, TrustedKeys},
    },
};

#[derive(Args)]
#[command(after_help = "Examples:\n  exotrace mapping inspect mapping.wasm\n  exotrace mapping inspect 3.0 --json")]
pub(in crate::cli) struct InspectArguments {
    /// The mapping: a component file, or a version.
    mapping: PathBuf,
    /// A settings file: checks the signature with its `mapping.trusted_keys` and finds versions in its `state_dir`.
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What is known about a signature.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum SignatureState {
    /// It came with the program, and needs none.
    BuiltIn,
    /// There is none.
    Missing,
    /// There is one, and no key to check it with.
    Unchecked { key: String },
    /// It is right, and by a key that counts.
    Trusted { key: String, comment: String },
    /// It does not count.
    Refused { reason: String },
}

impl SignatureState {
    fn new(file: &Path, bytes: &[u8], keys: &TrustedKeys) -> Self {
        let found = if keys.is_empty() {
            signature::signer(&signature::path_of(file)).map(|key| Self::Unchecked { key })
        } else {
            let signed = keys.check_with(&signature::path_of(file), bytes);
            signed.map(|signed| Self::Trusted { key: signed.key_id, comment: signed.comment })
        };
        found.unwrap_or_else(|error| match error {
            SignatureError::Missing(_) => Self::Missing,
            error => Self::Refused { reason: format!("{:#}", anyhow::Error::new(error)) },
        })
    }

    fn explain(&self) -> String {
        match self {
            Self::BuiltIn => "built in, needs none".to_owned(),
            Self::Missing => "none".to_owned(),
            Self::Unchecked { key } => format!("by key {key}, not checked: no trusted keys were given"),
            Self::Trusted { key, comment } if comment.is_empty() => format!("valid, by trusted key {key}"),
            Self::Trusted { key, comment } => format!("valid, by trusted key {key}: {comment}"),
            Self::Refused { reason } => reason.clone(),
        }
    }
}

/// Where the mapping is. A file that is there is meant before a version of the same name.
fn place(mapping: &Path, loader: &Loader) -> Result<MappingPlace, ComponentError> {
    let is_file = |name: &str| name.contains(['/', '\\']) || name.ends_with(".wasm") || mapping.is_file();
    match mapping.to_str().filter(|name| !is_file(name)) {
        Some(version) => loader.find(version),
        None => Ok(MappingPlace::File(mapping.to_owned())),
    }
}

pub(super) fn run(arguments: &InspectArguments) -> anyhow::Result<ExitCode> {
    let config = arguments.config.as_deref().map(Config::load).transpose()?;
    let loader = loader(config.as_ref());
    let keys = config.map(|config| config.mapping.trusted_keys).unwrap_or_default();
    let (bytes, signature) = match place(&arguments.mapping, &loader)? {
        MappingPlace::BuiltIn(built_in) => (built_in.bytes.to_vec(), SignatureState::BuiltIn),
        MappingPlace::File(file) => {
            let bytes = read_component(&file)?;
            let signature = SignatureState::new(&file, &bytes, &keys);
            (bytes, signature)
        }
    };
    let could_not = || format!("could not inspect `{}`", shown::path(&arguments.mapping));
    let inspection = Inspection::new(&bytes).with_context(could_not)?;
    let usable = loader.load(&bytes).map(|component| component.description().clone());
    if arguments.json {
        let mut answer = serde_json::to_value(&inspection)?;
        answer["signature"] = serde_json::to_value(&signature)?;
        match &usable {
            Ok(Description { name, schema, record_kinds, options_schema, .. }) => {
                answer["name"] = json!(name);
                answer["schema"] = json!(schema);
                if let Some(version) = schema.ecs_version() {
                    answer["ecs_version"] = json!(version);
                }
                answer["record_kinds"] = json!(record_kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>());
                answer["options_schema"] = options_schema.as_deref().map_or(Ok(json!(null)), serde_json::from_str)?;
            }
            Err(error) => answer["error"] = json!(explain(error)),
        }
        writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&answer)?)?;
    } else {
        for (key, value) in lines(&inspection, usable.as_ref().ok(), &signature) {
            writeln!(
                io::stdout(),
                "{:<12} {}",
                shown::line(key),
                shown::lines(&value).replace('\n', "\n             ")
            )?;
        }
    }
    match usable {
        Ok(_) => Ok(ExitCode::SUCCESS),
        Err(error) => Ok(exit::report(&anyhow::Error::new(error).context("this host cannot run it"))),
    }
}

/// What is told to people, line by line.
fn lines<'i>(
    inspection: &'i Inspection,
    description: Option<&Description>,
    signature: &SignatureState,
) -> Vec<(&'i str, String)> {
    let mut lines = Vec::new();
    if let Some(description) = description {
        lines.push(("name", description.name.clone()));
        lines.push(("schema", description.schema.to_string()));
        lines.push(("records", description.kinds()));
        lines.push(("options", options(description.options_schema.as_deref())));
    }
    if let (Some(mapping), Some(wit)) = (&inspection.mapping_version, &inspection.wit_version) {
        lines.push(("mapping", mapping.clone()));
        lines.push(("contract", format!("exotrace:mapping@{wit}")));
    }
    for import in &inspection.imports {
        lines.push(("imports", import.clone()));
    }
    for export in &inspection.exports {
        lines.push(("exports", export.clone()));
    }
    lines.push(("size", format!("{} bytes", inspection.size)));
    lines.push(("SHA-256", inspection.digest.clone()));
    lines.push(("signature", signature.explain()));
    for (kind, tools) in &inspection.producers {
        lines.push((kind, tools.join(", ")));
    }
    for (name, text) in &inspection.metadata {
        lines.push((name, text.clone()));
    }
    lines
}

/// The schema of the mapping's own settings, for people.
fn options(schema: Option<&str>) -> String {
    let Some(schema) = schema else { return "none".to_owned() };
    let pretty = serde_json::from_str(schema).and_then(|schema: Value| serde_json::to_string_pretty(&schema));
    pretty.unwrap_or_else(|_| schema.to_owned())
}
