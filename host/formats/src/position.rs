//! A place in a file.

use crate::date_order::DateOrder;

/// A place in a file, from which reading can go on.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// How many bytes are before it.
    pub offset: u64,
    /// In which line it is, counted from 1.
    pub line: u64,
    /// Whether it is between the elements of a JSON array.
    pub is_in_array: bool,
    /// What is known of how the file writes dates.
    pub date_order: Option<DateOrder>,
}
