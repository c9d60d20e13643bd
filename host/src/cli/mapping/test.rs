//! `exotrace mapping test`: whether a mapping does what the contract promises, on records of its author.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context as _, bail};
use clap::Args;

use crate::{
    app::mapping_limits,
    cli::{
        exit::Usage,
        input::{self, InputReading, NamedSink},
        new_file::{self, ExistingFile, PUBLIC},
        options::MappingOptions,
        progress::Progress,
        report::Report,
    },
    deployment::{ExpectedDocument, MappingTest, check_records, expected_text, records_of, test_mapping},
    mapper::{Demand, Mapper, Origin, PoolConfig, read_component},
    sources::file::formats::{Batch, Notice, Sink},
    support::{
        finding::{Finding, Findings as _},
        plain_file, shown,
    },
};

/// How many records are taken, and how many bytes of them: they are mapped some dozen times.
const MAX_RECORDS: usize = 10_000;
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// The longest file of expected documents, in bytes.
const MAX_EXPECTED_BYTES: u64 = 64 * 1024 * 1024;

#[derive(Args)]
#[command(
    after_help = "Examples:\n  exotrace mapping test my.wasm records.ndjson\n  exotrace mapping test my.wasm records.ndjson expected.json\n  exotrace mapping test my.wasm records.ndjson expected.json --update --write-checks checks.ndjson"
)]
pub(in crate::cli) struct TestArguments {
    /// The component.
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
    /// Records, as for `exotrace map`; best some of every kind that the mapping has a rule for.
    records: PathBuf,
    /// The documents that it has to make of them: JSON, each alone or as `exotrace map --with-id` prints it.
    #[arg(required_if_eq("update", "true"))]
    expected: Option<PathBuf>,
    /// Write EXPECTED, as the documents are now, instead of comparing them.
    #[arg(long)]
    update: bool,
    /// Write the records with their ids, for `exotrace mapping pack --checks`.
    #[arg(long, value_name = "FILE")]
    write_checks: Option<PathBuf>,
    #[command(flatten)]
    options: MappingOptions,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &TestArguments) -> anyhow::Result<ExitCode> {
    let mut report = if arguments.json { Report::json() } else { Report::text() };
    let bytes = read_component(&arguments.file).map_err(|error| Usage(crate::support::error_text::explain(&error)))?;
    let records = records(arguments)?;
    let expected = match &arguments.expected {
        Some(path) if !arguments.update => Some(read_expected(path)?),
        _ => None,
    };
    let config = arguments.options.config()?;
    let config = config.as_ref();
    let component = match mapping_limits::loader(config).load(&bytes) {
        Ok(component) => component,
        Err(error) => {
            report.add(Finding::error("component", &error))?;
            return report.finish();
        }
    };
    let pool_config = PoolConfig {
        settings: arguments.options.settings(config)?.into(),
        limits: mapping_limits::limits(config).into(),
        geo: Arc::new(arguments.options.geo(config)?),
        demand: Demand::lasting(),
    };
    let test = MappingTest { bytes: &bytes, component, config: pool_config, records, expected };
    let mapped = test_mapping(&test, &mut report)?;
    if let (true, Some(path), Some(mapped)) = (arguments.update, &arguments.expected, &mapped) {
        new_file::write(path, expected_text(mapped).as_bytes(), PUBLIC, ExistingFile::Replace)?;
    }
    if let (Some(path), Some(_)) = (&arguments.write_checks, &mapped) {
        write_checks(path, &test)?;
    }
    report.finish()
}

/// Check records are mapped without settings.
fn write_checks(path: &Path, test: &MappingTest<'_>) -> anyhow::Result<()> {
    let PoolConfig { limits, geo, .. } = mapping_limits::without_settings();
    let mapper = Mapper::with_limits(test.component.clone(), Default::default(), (*limits).clone(), geo)?;
    let mapped = mapper.map_batch(&test.records.join("\n"), &Origin::default())?;
    new_file::write(path, check_records(&test.records, &mapped).as_bytes(), PUBLIC, ExistingFile::Replace)
}

fn read_expected(path: &Path) -> anyhow::Result<Vec<ExpectedDocument>> {
    let name = shown::path(path);
    let text = plain_file::text(path, MAX_EXPECTED_BYTES)
        .map_err(|error| Usage(format!("could not read `{name}`: {error}")))?;
    Ok(ExpectedDocument::read_all(&text).map_err(|problem| Usage(format!("`{name}`: {problem}")))?)
}

/// The records of the file, each on its line.
fn records(arguments: &TestArguments) -> anyhow::Result<Vec<String>> {
    let files = [arguments.records.clone()];
    let progress = Progress::new(&files);
    let mut collected = CollectedRecords::new(progress.clone());
    let reading = InputReading::Batches(arguments.options.date_order);
    let unread = input::read_all(&files, reading, &progress, &mut collected);
    progress.finish();
    let name = shown::path(&arguments.records);
    if unread > 0 || collected.unreadable > 0 {
        bail!(Usage(format!("`{name}` could not be read as a whole")));
    }
    if collected.is_too_much {
        bail!(Usage(format!("`{name}` has more than {MAX_RECORDS} records, or {MAX_BYTES} bytes; take some of them")));
    }
    if collected.records.is_empty() {
        return Err(Usage("there are no records, so nothing was tested".to_owned()))
            .with_context(|| format!("`{name}`"));
    }
    Ok(collected.records)
}

/// The records of a file.
struct CollectedRecords {
    records: Vec<String>,
    bytes: usize,
    is_too_much: bool,
    unreadable: usize,
    progress: Progress,
}

impl CollectedRecords {
    fn new(progress: Progress) -> Self {
        Self { records: Vec::new(), bytes: 0, is_too_much: false, unreadable: 0, progress }
    }
}

impl NamedSink for CollectedRecords {
    fn begin(&mut self, _: &str) {}
}

impl Sink for CollectedRecords {
    fn batch(&mut self, batch: Batch) -> bool {
        self.bytes += batch.records.len();
        self.records.extend(records_of(&batch.records));
        self.is_too_much = self.bytes > MAX_BYTES || self.records.len() > MAX_RECORDS;
        !self.is_too_much
    }

    fn notice(&mut self, Notice { line, problem }: Notice) {
        self.unreadable += usize::from(problem.is_loss());
        self.progress.say(&format!("line {line}: {}", problem.explain()));
    }
}
