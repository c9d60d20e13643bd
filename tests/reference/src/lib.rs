//! The mapping once more, written from its specification to be obviously right instead of fast.
//!
//! Property tests and fuzzing compare the mapper that ships with this one. It shares no code with that, only the
//! list of public suffixes, and nothing but tests may depend on it.

use serde_json::{Map, Value};

mod address;
mod date;
mod document;
mod fingerprint;
mod json;
mod record;
mod side;
mod suffix;
mod text;

#[cfg(test)]
mod tests;

pub use address::split_address;
pub use date::parse_date;
pub use document::map;
pub use suffix::{Split, split_domain};

/// Which package's documents are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// As Elastic's package 1.20, made for the legacy service.
    V1_20,
    /// As Elastic's package 2.2, made for Graph.
    V2_2,
}

/// What a user can set.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The domains whose mail is ours. Without them no direction is given.
    pub local_domains: Option<Vec<String>>,
    /// Whether `event.original` is kept.
    pub preserve_original_event: bool,
    /// The tags of every document.
    pub tags: Vec<String>,
    /// Records of these statuses make no document. Version 1.20 has no such rule.
    pub drop_status: Vec<String>,
}

/// Where a record was read, and when.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// When it was read, in milliseconds since 1970.
    pub read_at: Option<i64>,
    /// The file's path and the offset of the record in it, for a record of a file.
    pub file: Option<(String, u64)>,
}

/// What is known of an IP address: the members `as` and `geo` exactly as they should stand in the document.
pub type Geo<'a> = &'a dyn Fn(&str) -> Option<Map<String, Value>>;

/// What became of a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Mapped {
    /// It makes no document.
    Dropped,
    /// It makes this document.
    Document {
        /// The document without its id.
        document: Value,
        /// The `_id`.
        id: String,
        /// The date of the record in milliseconds since 1970, if it has one.
        timestamp: Option<i64>,
        /// Whether the document says that something of the record could not be mapped.
        failed: bool,
    },
}
