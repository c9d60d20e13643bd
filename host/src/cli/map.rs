//! `exotrace map`: records in, documents out.

use std::{
    fs::File,
    io::{self, BufReader, IsTerminal as _, Read},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    thread,
};

use anyhow::Context as _;
use clap::Args;

use super::{
    choose,
    exit::{INCOMPLETE, Unusable, say},
    start,
};
use crate::{
    config::{Config, MappingChoice},
    geo::Geo,
    mapper::{self, Mapper},
    records::{self, RecordsError},
};

mod parallel;
mod print;
mod progress;

use parallel::Lane;
use print::{Flush, Format, Totals};
use progress::Progress;

/// Which mapping files get unless another one is named: that of the exports which people have in files.
const DEFAULT_MAPPING: &str = "1.20";

#[derive(Args)]
pub(super) struct Arguments {
    /// Files of records: NDJSON, a JSON array, or pages of Microsoft's services. None, or `-`: standard input.
    files: Vec<PathBuf>,
    /// A built-in mapping version, or a component file.
    ///
    /// Default: that of the settings, or 1.20.
    #[arg(long, value_name = "VERSION or FILE.wasm")]
    mapping: Option<String>,
    /// Take the mapping, its settings, geo databases and local domains of the first source from a settings file.
    /// What is also given here counts instead.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A domain of the tenant, for `email.direction`; again for more.
    #[arg(long = "local-domain", value_name = "DOMAIN")]
    local_domains: Vec<String>,
    /// City database in MaxMind format.
    #[arg(long, value_name = "FILE")]
    geoip_city: Option<PathBuf>,
    /// ASN database in MaxMind format.
    #[arg(long, value_name = "FILE")]
    geoip_asn: Option<PathBuf>,
    /// Public suffix list in the format of publicsuffix.org, in place of the built-in one of 2022-10-22.
    #[arg(long, value_name = "FILE")]
    suffix_list: Option<PathBuf>,
    /// A tag for every document; again for more.
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Keep every record's own bytes in `event.original`.
    #[arg(long)]
    preserve_original_event: bool,
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
    let standard_input = [PathBuf::from("-")];
    let files = if arguments.files.is_empty() { &standard_input } else { arguments.files.as_slice() };
    let mut totals = Totals::default();
    let mut unread = 0;
    let progress = Progress::new(files);
    let (format, flush) = arguments.printing();
    let ran = parallel::run(&mapper, arguments.jobs, format, flush, &progress, &mut totals, |lane| {
        for file in files {
            if let Err(error) = read(file, flush, &progress, lane) {
                if matches!(error.downcast_ref(), Some(RecordsError::Stopped(_))) {
                    return;
                }
                unread += 1;
                progress.say(&format!("error: {error:#}"));
            }
        }
    });
    progress.finish();
    ran?;
    if totals.is_notable() || io::stderr().is_terminal() {
        say(&totals.to_string());
    }
    Ok(match (unread, totals.unreadable) {
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
    let config = arguments.config.as_deref().map(Config::load).transpose()?;
    let config = config.as_ref();
    let component = match (&arguments.mapping, config.map(|config| &config.mapping.choice)) {
        (Some(mapping), _) => choose::version_or_file(mapping)?,
        (None, Some(choice)) if *choice != MappingChoice::Default => start::component(choice).context(Unusable)?,
        (None, _) => choose::version(DEFAULT_MAPPING)?,
    };
    let geoip = config.map(|config| config.geoip.clone()).unwrap_or_default();
    let city = arguments.geoip_city.clone().or(geoip.city);
    let asn = arguments.geoip_asn.clone().or(geoip.asn);
    let geo = Geo::open(city.as_deref(), asn.as_deref())?;
    let mapping = config.map(|config| &config.mapping);
    let local_domains = config
        .and_then(|config| config.sources.first())
        .and_then(|source| source.local_domains())
        .map(<[String]>::to_vec);
    let suffix_list = arguments.suffix_list.clone().or(mapping.and_then(|mapping| mapping.suffix_list.clone()));
    let settings = mapper::Settings {
        local_domains: given(&arguments.local_domains).or(local_domains),
        preserve_original_event: arguments.preserve_original_event
            || mapping.is_some_and(|mapping| mapping.preserve_original_event),
        tags: given(&arguments.tags).or(mapping.map(|mapping| mapping.tags.clone())).unwrap_or_default(),
        drop_status: mapping.map(|mapping| mapping.drop_status.clone()).unwrap_or_default(),
        fields: None,
        suffix_list: choose::suffix_list(suffix_list.as_deref())?,
    };
    Ok(Mapper::new(component, settings, Arc::new(geo))?)
}

/// What was given on the command line, if anything was.
fn given(texts: &[String]) -> Option<Vec<String>> {
    (!texts.is_empty()).then(|| texts.to_vec())
}

fn read(file: &Path, flush: Flush, progress: &Progress, lane: &mut Lane) -> anyhow::Result<()> {
    let input: Box<dyn Read> = if file == Path::new("-") {
        lane.begin("standard input");
        Box::new(io::stdin().lock())
    } else {
        lane.begin(&file.display().to_string());
        let opened = File::open(file).and_then(|opened| {
            // Opening a folder works, reading it does not: say so before anything is mapped.
            if opened.metadata()?.is_dir() { Err(io::ErrorKind::IsADirectory.into()) } else { Ok(opened) }
        });
        Box::new(opened.with_context(|| format!("could not open `{}`", file.display()))?)
    };
    let input = BufReader::with_capacity(256 * 1024, progress.read(input));
    match flush {
        Flush::Batch => records::read(input, lane),
        Flush::Line => records::read_line_by_line(input, lane),
    }
    .with_context(|| format!("could not read `{}`", file.display()))
}
