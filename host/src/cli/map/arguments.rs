//! What `exotrace map` is told.

use std::{num::NonZeroUsize, path::PathBuf, thread};

use clap::Args;

use super::print::{Flush, Format};
use crate::cli::options::MappingOptions;

#[derive(Args)]
#[command(
    after_help = "Examples:\n  exotrace map --local-domain contoso.com records.ndjson\n  exotrace map --config exotrace.toml export.csv | jq .email\n  exotrace map --flush line < records.ndjson"
)]
pub(in crate::cli) struct MapArguments {
    /// Files of records: NDJSON, JSON arrays, pages of Microsoft's services, or CSV; also compressed with gzip. None,
    /// or `-`: standard input.
    pub(super) files: Vec<PathBuf>,
    /// A mapping version, or a component file. With `--config`, versions are looked for in the folder `mappings` of
    /// `state_dir` as well.
    ///
    /// Default: that of the settings, or the one that suits the names of the first records: 2.2 for those of Graph, else
    /// 1.20.
    #[arg(long, value_name = "VERSION or FILE.wasm")]
    pub(super) mapping: Option<String>,
    #[command(flatten)]
    pub(super) options: MappingOptions,
    /// Print `{"_id": ..., "document": {...}}` instead of the document alone.
    #[arg(long)]
    pub(super) with_id: bool,
    /// Print `{"_id": ..., "delivery_id": ...}` instead of the document: what names the document, and what names the
    /// delivery, one message to one recipient, through all its statuses.
    #[arg(long, conflicts_with = "with_id")]
    pub(super) ids: bool,
    /// Answer every line as `mmexternal` of rsyslog wants it: `{"$!": {"exotrace": {"_id": ..., "document": {...}}}}`,
    /// or `{}` for a line without a document. Flushes after every line.
    #[arg(long, conflicts_with_all = ["with_id", "ids"])]
    pub(super) mmexternal: bool,
    /// When documents go out: when there are enough of them, or after every line, before the next one is read. With
    /// `line`, every line is a record or a page.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    pub(super) flush: Flush,
    /// Batches to map at the same time. Documents keep the order of their records.
    #[arg(long, value_name = "N", default_value_t = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))]
    pub(super) jobs: NonZeroUsize,
}

impl MapArguments {
    /// How documents are printed, and when they go out.
    pub(super) fn printing(&self) -> (Format, Flush) {
        match self {
            Self { mmexternal: true, .. } => (Format::Mmexternal, Flush::Line),
            Self { with_id: true, .. } => (Format::WithId, self.flush),
            Self { ids: true, .. } => (Format::Ids, self.flush),
            _ => (Format::Documents, self.flush),
        }
    }
}
