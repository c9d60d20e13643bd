//! Runs a mapping component: records in, documents out.
//!
//! The only place that knows the WIT contract. It never looks into a document.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};

use crate::geo::Geo;

mod bindings;
mod built_in;
mod component;
mod convert;
mod diff;
mod engine;
mod inspect;
mod instance;
mod loader;

pub use built_in::{BUILT_IN, BuiltIn, built_in};
pub use component::{Component, ComponentError, Description};
pub use diff::{Differences, Example, Examples, FieldDifferences};
pub use inspect::Inspection;
pub use instance::MapperError;
pub use loader::{Loader, component_files};

use instance::Instance;

/// How the component maps; DESIGN.md, section 6, `[mapping]`.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Domains of the tenant, from which `email.direction` is derived; `None`: no direction is written.
    pub local_domains: Option<Vec<String>>,
    /// Keep every record's own bytes in `event.original`.
    pub preserve_original_event: bool,
    /// Tags of every document.
    pub tags: Vec<String>,
    /// Statuses whose records are dropped, compared ignoring case.
    pub drop_status: Vec<String>,
    /// Fields to add to every document: a JSON object.
    pub fields: Option<serde_json::Value>,
    /// A public suffix list in the format of publicsuffix.org, in place of the built-in one.
    pub suffix_list: Option<String>,
}

/// Where a batch of records was read.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// When the records were read, if that is to show in the documents.
    pub read_at: Option<DateTime<Utc>>,
    /// The file they are a verbatim part of, if it was one.
    pub file: Option<FilePosition>,
}

impl Origin {
    /// The origin of what begins `bytes` later in the batch.
    fn advanced_by(&self, bytes: usize) -> Self {
        let mut origin = self.clone();
        if let Some(file) = &mut origin.file {
            file.offset += bytes as u64;
        }
        origin
    }
}

/// Where a batch begins in a file.
#[derive(Debug, Clone)]
pub struct FilePosition {
    /// Path of the file.
    pub path: String,
    /// Offset in bytes of the first byte of the batch.
    pub offset: u64,
}

/// What became of a batch.
#[derive(Debug, Default)]
pub struct MappedBatch {
    /// The documents in order, each followed by a line feed.
    pub documents: String,
    /// One outcome per record, in order.
    pub outcomes: Vec<Outcome>,
}

/// What became of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Mapped in full.
    Mapped {
        /// The document's `_id`.
        id: String,
        /// The document's `@timestamp`.
        timestamp: DateTime<Utc>,
        /// Length of the document in bytes, without its line feed.
        length: u32,
    },
    /// Dropped on purpose; there is no document.
    Dropped(DropReason),
    /// The component stopped at this record, every time; there is no document, and the reason is for people.
    Rejected(String),
    /// Mapped in part; the document says what is wrong.
    Failed {
        /// The document's `_id`.
        id: String,
        /// The time in the record, if it has one.
        timestamp: Option<DateTime<Utc>>,
        /// The first thing that is wrong.
        reason: FailureReason,
        /// Length of the document in bytes, without its line feed.
        length: u32,
    },
}

/// Why a record was dropped on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropReason {
    /// It is the envelope of a page that has no rows.
    EmptyPage,
    /// Its status is one of those to drop.
    Status,
}

/// The first thing that is wrong with a record, as `wit/mapper.wit` explains it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "explained in wit/mapper.wit")]
pub enum FailureReason {
    NotJson,
    NotAnObject,
    TooLong,
    TooDeep,
    PageNotSplit,
    MissingDate,
    InvalidDate,
    InvalidAddress,
    InvalidIp,
    InvalidType,
}

impl MappedBatch {
    /// The documents one by one, each with its `_id`, in order.
    pub fn documents(&self) -> impl Iterator<Item = (&str, &str)> {
        let ids = self.outcomes.iter().filter_map(|outcome| match outcome {
            Outcome::Mapped { id, .. } | Outcome::Failed { id, .. } => Some(id.as_str()),
            Outcome::Dropped(_) | Outcome::Rejected(_) => None,
        });
        ids.zip(self.documents.lines())
    }
}

/// Maps batches on one component. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Mapper {
    shared: Arc<Shared>,
}

struct Shared {
    component: Component,
    settings: Settings,
    geo: Arc<Geo>,
    /// Instances that wait for work: never more than have worked at the same time.
    idle: Mutex<Vec<Instance>>,
}

impl Mapper {
    /// Gets a component ready to map with these settings.
    ///
    /// # Errors
    ///
    /// When the component cannot be run or refuses the settings.
    pub fn new(component: Component, settings: Settings, geo: Arc<Geo>) -> Result<Self, MapperError> {
        let first = Instance::new(&component, &settings, Arc::clone(&geo))?;
        let shared = Shared { component, settings, geo, idle: Mutex::new(vec![first]) };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// What the component says it is.
    pub fn description(&self) -> &Description {
        self.shared.component.description()
    }

    /// Maps `records`, NDJSON. Blocks: call it from a thread that may. Several threads map at the same time,
    /// each on an instance of its own.
    ///
    /// # Errors
    ///
    /// When the component stops or breaks the contract. Its instance is then thrown away; another call gets a new one.
    pub fn map_batch(&self, records: &str, origin: &Origin) -> Result<MappedBatch, MapperError> {
        let Shared { component, settings, geo, idle } = &*self.shared;
        let idle = || idle.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = idle().pop();
        let mut instance = match waiting {
            Some(instance) => instance,
            None => Instance::new(component, settings, Arc::clone(geo))?,
        };
        let batch = instance.map_batch(records, origin)?;
        idle().push(instance);
        Ok(batch)
    }
}
