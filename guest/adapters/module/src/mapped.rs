//! What became of one record.

use exotrace_mapping::DropReason;

/// What became of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mapped<'a> {
    /// There is a document.
    Document {
        /// Whether the record was mapped in full. If not, the document says what is wrong.
        is_whole: bool,
        /// The document's `_id`; empty when it has none.
        id: &'a str,
        /// What names the delivery through all its statuses, if the record has it.
        delivery_id: Option<&'a str>,
        /// The document: JSON without a line feed.
        document: &'a [u8],
    },
    /// The record was dropped on purpose.
    Dropped(DropReason),
}
