//! Which page to ask a service for.

use chrono::{DateTime, Utc};

use crate::{pipeline::TraceQuery, support::scrub};

/// A next link that is longer, in bytes, is not a link. The longest ones that were seen have about 1,000.
pub(super) const LONGEST_LINK: usize = 32 * 1024;

/// Which page to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PageRequest<'a> {
    /// The first page of what was received between two times, both included.
    First {
        /// The earliest time.
        start: DateTime<Utc>,
        /// The latest time.
        end: DateTime<Utc>,
        /// How many rows, at most.
        rows: u32,
        /// Which mail; the service may give other mail as well. None: all.
        query: Option<&'a TraceQuery>,
    },
    /// The page that a next link leads to. The link contains an address: not for logs.
    Next(&'a str),
}

impl<'a> PageRequest<'a> {
    /// The same for some mail; a next link has in it what the first page was asked for.
    pub(super) fn of(self, query: &'a TraceQuery) -> Self {
        match self {
            Self::First { start, end, rows, .. } => Self::First { start, end, rows, query: Some(query) },
            Self::Next(link) => Self::Next(link),
        }
    }
}

/// Whether a next link may be followed and kept in the ledger: it is no longer than any that is right, and none of our
/// secrets has come back in it.
pub(crate) fn can_be_kept(link: &str) -> bool {
    link.len() <= LONGEST_LINK && !scrub::holds_secret(link)
}
