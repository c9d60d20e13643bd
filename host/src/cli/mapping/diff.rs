//! `exotrace mapping diff`: what two mappings make of the same records.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context as _;
use clap::Args;
use serde_json::json;

use crate::{
    app::{mapping_limits, resolve},
    cli::{
        exit,
        input::{self, InputReading, NamedSink},
        options::MappingOptions,
        progress::Progress,
    },
    deployment::{Differences, Examples},
    mapper::{Component, Description, Mapper, MapperError, Origin},
    sources::file::formats::{Batch, Notice, Sink},
    support::shown,
};

mod table;

/// The documents differ.
const DIFFERENT: u8 = 1;

/// They could not be compared, as with `diff` of old.
const TROUBLE: u8 = 2;

#[derive(Args)]
#[command(
    after_help = "Examples:\n  exotrace mapping diff 1.20 2.2 records.ndjson\n  exotrace mapping diff 2.2 ./mapping.wasm records.ndjson"
)]
pub(in crate::cli) struct DiffArguments {
    /// The mapping before: a version, or a component file.
    before: String,
    /// The mapping after.
    after: String,
    /// Files of records, as for `exotrace map`. None, or `-`: standard input.
    files: Vec<PathBuf>,
    #[command(flatten)]
    options: MappingOptions,
    /// Show values in the examples, which are personal data, and not only what they look like.
    #[arg(long)]
    show_values: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &DiffArguments) -> anyhow::Result<ExitCode> {
    match compare(arguments) {
        Ok(differences) if differences.is_empty() => Ok(ExitCode::SUCCESS),
        Ok(_) => Ok(ExitCode::from(DIFFERENT)),
        Err(error) => {
            exit::report(&error);
            Ok(ExitCode::from(TROUBLE))
        }
    }
}
fn compare(arguments: &DiffArguments) -> anyhow::Result<Differences> {
    let config = arguments.options.config()?;
    let config = config.as_ref();
    let loader = mapping_limits::loader(config);
    mapping_limits::apply_total_memory(config);
    let geo = Arc::new(arguments.options.geo(config)?);
    let settings = arguments.options.settings(config)?;
    let limits = mapping_limits::limits(config);
    let component = |name: &str| resolve::version_or_file(name, &loader);
    let components = [component(&arguments.before)?, component(&arguments.after)?];
    let has_options = |component: &Component| component.description().options_schema.is_some();
    let mapper = |name: &str, component: &Component| -> anyhow::Result<Mapper> {
        let mut settings = settings.clone();
        // Options are for those that have some, unless neither has.
        if components.iter().any(has_options) && !has_options(component) {
            settings.options = None;
            (settings.pseudonym_key, settings.previous_pseudonym_key) = (None, None);
        }
        let mapper = Mapper::with_limits(component.clone(), settings, limits.clone(), Arc::clone(&geo));
        let mapper = mapper.map_err(|error| arguments.options.explain(config, error));
        mapper.with_context(|| format!("mapping `{name}`"))
    };
    let examples = if arguments.show_values { Examples::Values } else { Examples::Shapes };
    let files = input::files(&arguments.files);
    let progress = Progress::new(&files);
    let mut comparison = Comparison {
        before: mapper(&arguments.before, &components[0])?,
        after: mapper(&arguments.after, &components[1])?,
        differences: Differences::new(examples),
        progress: progress.clone(),
        name: String::new(),
        unreadable: 0,
        stopped: None,
    };
    let unread =
        input::read_all(&files, InputReading::Batches(arguments.options.date_order), &progress, &mut comparison);
    progress.finish();
    let Comparison { before, after, differences, unreadable, stopped, .. } = comparison;
    if let Some(error) = stopped {
        return Err(error.into());
    }
    let (before, after) = (before.description(), after.description());
    if arguments.json {
        let mut answer = serde_json::to_value(&differences)?;
        for (side, mapping, description) in [("before", &arguments.before, before), ("after", &arguments.after, after)]
        {
            let Description { mapping_version, schema, .. } = description;
            answer[side] = json!({ "mapping": mapping, "mapping_version": mapping_version, "schema": schema });
        }
        writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&answer)?)?;
    } else if differences.records > 0 {
        let (before, after) = (&before.mapping_version, &after.mapping_version);
        let table = table::DifferenceTable { before, after, differences: &differences }.to_string();
        writeln!(io::stdout(), "{}", shown::lines(&table))?;
    }
    anyhow::ensure!(unread == 0, "not every file could be read");
    anyhow::ensure!(unreadable == 0, "{unreadable} lines could not be compared");
    anyhow::ensure!(differences.records > 0, "there are no records, so nothing was compared");
    Ok(differences)
}

/// Maps every batch twice.
struct Comparison {
    before: Mapper,
    after: Mapper,
    differences: Differences,
    progress: Progress,
    name: String,
    unreadable: usize,
    stopped: Option<MapperError>,
}

impl NamedSink for Comparison {
    fn begin(&mut self, name: &str) {
        name.clone_into(&mut self.name);
    }
}

impl Sink for Comparison {
    fn batch(&mut self, batch: Batch) -> bool {
        let origin = Origin::default();
        let before = self.before.map_batch(&batch.records, &origin);
        match before.and_then(|before| Ok((before, self.after.map_batch(&batch.records, &origin)?))) {
            Ok((before, after)) => {
                self.differences.add(&before, &after);
                true
            }
            Err(error) => {
                self.stopped = Some(error);
                false
            }
        }
    }

    fn notice(&mut self, Notice { line, problem }: Notice) {
        self.unreadable += usize::from(problem.is_loss());
        self.progress.say(&format!("`{}`, line {line}: {}", self.name, problem.explain()));
    }
}
