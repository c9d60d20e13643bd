//! `exotrace map`: records in, documents out.

use std::{
    io::{self, IsTerminal as _},
    num::NonZeroUsize,
    path::PathBuf,
    process::ExitCode,
    thread,
};

use clap::Args;

use super::{
    exit::{INCOMPLETE, say},
    input::{self, Reading},
    options::MappingOptions,
    progress::Progress,
};

mod mapping;
mod parallel;
mod print;

use mapping::Mapping;
use print::{Flush, Format, Totals};

#[derive(Args)]
pub(super) struct Arguments {
    /// Files of records: NDJSON, JSON arrays, pages of Microsoft's services, or CSV; also compressed with gzip. None,
    /// or `-`: standard input.
    files: Vec<PathBuf>,
    /// A mapping version, or a component file. With `--config`, versions are looked for in the folder `mappings` of
    /// `state_dir` as well.
    ///
    /// Default: that of the settings, or the one that suits the names of the first records: 2.2 for those of Graph, else
    /// 1.20.
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
    #[arg(long, value_name = "N", default_value_t = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))]
    jobs: NonZeroUsize,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let files = input::files(&arguments.files);
    let progress = Progress::new(&files);
    let mapping = Mapping::of(arguments, progress.clone())?;
    let mut totals = Totals::default();
    let mut unread = 0;
    let (format, flush) = arguments.printing();
    let reading = match flush {
        Flush::Batch => Reading::Batches(arguments.options.date_order),
        Flush::Line => Reading::LineByLine(arguments.options.date_order),
    };
    let ran = parallel::run(&mapping, arguments.jobs.get(), format, flush, &progress, &mut totals, |lane| {
        unread = input::read_all(&files, reading, &progress, lane);
    });
    progress.finish();
    ran?;
    if let Some(error) = mapping.failure() {
        return Err(error);
    }
    totals.strange_files().for_each(|said| say(&said));
    if totals.is_notable() || io::stderr().is_terminal() {
        say(&totals.to_string());
    }
    let is_strange = totals.refused > 0 || totals.strange_files().next().is_some();
    let is_incomplete = is_strange || totals.unreadable > 0 || totals.rejected > 0;
    Ok(match (unread, is_incomplete) {
        (0, false) => ExitCode::SUCCESS,
        (0, true) => ExitCode::from(INCOMPLETE),
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
