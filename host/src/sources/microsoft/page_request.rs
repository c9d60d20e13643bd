//! Which page to ask a service for.

use chrono::{DateTime, Utc};

use crate::support::scrub;

/// A next link that is longer, in bytes, is no link. The longest ones that were seen have about 1,000.
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
    },
    /// The page that a next link leads to. The link contains an address: not for logs.
    Next(&'a str),
}

/// Whether a next link may be followed and kept in the ledger: it is no longer than any that is right, and none of our
/// secrets has come back in it.
pub(crate) fn can_be_kept(link: &str) -> bool {
    link.len() <= LONGEST_LINK && !scrub::holds_secret(link)
}
