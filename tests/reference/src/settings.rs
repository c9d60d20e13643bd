//! What a record is mapped with, and to.

use serde_json::{Map, Value};

/// What a user can set.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The tenant's id and its name.
    pub tenant: Option<(String, Option<String>)>,
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
        /// What names the delivery.
        delivery_id: Option<String>,
        /// The date of the record in milliseconds since 1970, if it has one.
        timestamp: Option<i64>,
        /// Whether the document says that something of the record could not be mapped.
        failed: bool,
        /// Whether there are steps beside the record. The document is that of its row then: with the id, the line and the
        /// failures of the one with the steps, and without what the steps say.
        has_steps: bool,
    },
}
