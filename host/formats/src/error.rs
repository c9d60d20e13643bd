//! Why reading has to stop.

use std::io;

use super::likeness::Likeness;

/// Why reading had to stop.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// The file or pipe broke off.
    #[error("could not read on")]
    Read(#[source] io::Error),
    /// It is another kind of file.
    #[error("{0}")]
    Unlike(Likeness),
    /// Its delimiter is not one byte.
    #[error(
        "its line `sep=` names the delimiter `{delimiter}`, which is not ASCII\nhint: write the table with another delimiter"
    )]
    Delimiter {
        /// Which.
        delimiter: char,
    },
    /// A table lacks columns without which its rows say too little.
    #[error(
        "table has no column `{missing}`; it has {found}\nhint: export with `Get-MessageTraceV2` or `Get-MessageTrace`, or the \
         summary or enhanced summary of the admin centre"
    )]
    Columns {
        /// Which, with what is between their names.
        missing: String,
        /// Which there are, for people.
        found: String,
    },
    /// A table of something else.
    #[error(
        "column `{column}` belongs to a report of events, not of messages\nhint: export the summary or the enhanced summary"
    )]
    Events {
        /// The column that gives it away.
        column: String,
    },
    /// Nobody can tell the day from the month.
    #[error("line {0}: day and month of its dates cannot be told apart")]
    AmbiguousDates(u64),
    /// Some dates have the day first, and others the month.
    #[error("some dates have the day first and others the month")]
    MixedDates,
    /// The program is wrong: it found a record of no length.
    #[error(
        "reading does not advance past line {line}, byte {offset}\nhint: please report this with the file's text there"
    )]
    Stuck {
        /// In which line, counted from 1.
        line: u64,
        /// How many bytes are before it.
        offset: u64,
    },
    /// The receiver of the batches has stopped.
    #[error("stopped")]
    Stopped,
}

impl RecordsError {
    /// What to do about it; `date_order` is how the order of dates is set, for people.
    pub fn hint(&self, date_order: &str) -> Option<String> {
        match self {
            Self::AmbiguousDates(_) | Self::MixedDates => Some(format!("say which stands first: {date_order}")),
            _ => None,
        }
    }
}
