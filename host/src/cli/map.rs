//! `exotrace map`: records in, documents out.

use std::{
    io::{self, IsTerminal as _},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    thread,
};

use anyhow::Context as _;
use clap::Args;

use super::{
    choose,
    exit::{INCOMPLETE, Unusable, say},
    input::{self, Reading},
    options::{self, MappingOptions},
    progress::Progress,
    start,
};
use crate::mapper::Mapper;

mod parallel;
mod print;

use print::{Flush, Format, Totals};

#[derive(Args)]
pub(super) struct Arguments {
    /// Files of records: NDJSON, JSON arrays, pages of Microsoft's services, or CSV; also compressed with gzip. None,
    /// or `-`: standard input.
    files: Vec<PathBuf>,
    /// A mapping version, or a component file. With `--config`, versions are looked for in the folder `mappings` of
    /// `state_dir` as well.
    ///
    /// Default: that of the settings, or 1.20.
    #[arg(long, value_name = "VERSION or FILE.wasm")]
    mapping: Option<String>,
    #[command(flatten)]
    options: MappingOptions,
    /// Print `{"_id": ..., "document": {...}}` instead of the document alone.
    #[arg(long)]
    with_id: bool,
    /// Answer every line as `mmexternal` of rsyslog wants it: `{"$!": {"exotrace": {"_id": ..., "document": {...}}}}`,
    /// or `{}` for a line without a document. Flushes after every line.
    #[arg(long, conflicts_with = "with_id")]
    mmexternal: bool,
    /// When documents go out: when there are enough of them, or after every line, before the next one is read. With
    /// `line`, every line is a record or a page.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    flush: Flush,
    /// How many batches to map at the same time. The order of the documents is that of the records in any case.
    #[arg(long, value_name = "N", default_value_t = thread::available_parallelism().map_or(1, usize::from))]
    jobs: usize,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mapper = mapper(arguments)?;
    let files = input::files(&arguments.files);
    let mut totals = Totals::default();
    let mut unread = 0;
    let progress = Progress::new(&files);
    let (format, flush) = arguments.printing();
    let reading = match flush {
        Flush::Batch => Reading::Batches(arguments.options.date_order),
        Flush::Line => Reading::LineByLine(arguments.options.date_order),
    };
    let ran = parallel::run(&mapper, arguments.jobs, format, flush, &progress, &mut totals, |lane| {
        unread = input::read_all(&files, reading, &progress, lane);
    });
    progress.finish();
    ran?;
    if totals.is_notable() || io::stderr().is_terminal() {
        say(&totals.to_string());
    }
    Ok(match (unread, totals.unreadable + totals.rejected) {
        (0, 0) => ExitCode::SUCCESS,
        (0, _) => ExitCode::from(INCOMPLETE),
        _ => ExitCode::FAILURE,
    })
}

impl Arguments {
    fn printing(&self) -> (Format, Flush) {
        match (self.mmexternal, self.with_id) {
            (true, _) => (Format::Mmexternal, Flush::Line),
            (_, true) => (Format::WithId, self.flush),
            _ => (Format::Documents, self.flush),
        }
    }
}

fn mapper(arguments: &Arguments) -> anyhow::Result<Mapper> {
    let config = arguments.options.config()?;
    let config = config.as_ref();
    let loader = options::loader(config);
    let component = match (&arguments.mapping, config) {
        (Some(mapping), _) => choose::version_or_file(mapping, &loader)?,
        (None, Some(config)) => {
            let named = start::Named::find(&config.mapping.choice, &loader);
            named.and_then(|named| named.component(start::LEGACY_MAPPING, &loader)).context(Unusable)?
        }
        (None, None) => choose::version(start::LEGACY_MAPPING, &loader)?,
    };
    let geo = Arc::new(arguments.options.geo(config)?);
    Ok(Mapper::with_limits(component, arguments.options.settings(config)?, options::limits(config), geo)?)
}
