//! Runs a mapping component: records in, documents out.
//!
//! The only place that knows the WIT contract. It never looks into a document.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::geo::Geo;

mod answer;
mod bindings;
mod built_in;
mod candidate;
mod checks;
mod compiler;
mod component;
mod convert;
mod decisions;
mod delivery;
mod diff;
mod engine;
mod folder;
mod generation;
mod ids;
mod inspect;
mod instance;
mod journal;
mod json_object;
mod kept;
mod limits;
mod live;
mod loader;
mod lookup;
mod memory;
mod pool;
mod recent;
mod rules;
mod sampler;
mod shape;
mod trial;
mod watched;

pub(crate) use built_in::is_built_in;
pub use built_in::{BUILT_IN, BuiltIn, built_in};
pub use candidate::{Allowed, Candidate, Proof, Refusal};
pub(crate) use compiler::{ChildLimits, compile_for_parent};
pub use compiler::{CompileError, CompileLimits, Compiler};
pub(crate) use component::digest;
pub use component::{Component, ComponentError, Description};
pub use decisions::{Chosen, Decisions, DecisionsError, Resumed, Said};
pub use diff::{Differences, Example, Examples, FieldDifferences};
pub use folder::component_files;
pub(crate) use generation::distinct;
pub use inspect::Inspection;
pub use instance::MapperError;
pub use journal::{Event, EventKind, history_in};
pub use kept::{KeptCopies, Original};
pub use limits::{Limits, StopKind};
pub use live::{Beginning, Live, MappingInUse, Probation, RefusedMapping, Status, Unchanged};
pub use loader::{Loader, Place};
pub use memory::set_max_total_memory;
pub use rules::{Rules, Work};
pub use trial::{TrialMode, TrialStatus};

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
            // Letters name places that nobody checks.
            file.offset = file.offset.saturating_add(bytes as u64);
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
    /// Which mapping made how many of the outcomes, in order.
    pub mapped_by: Vec<(Arc<MappedBy>, usize)>,
    /// Namespace of the data stream that the documents are for; none: that of the output.
    pub namespace: Option<Arc<str>>,
}

/// The mapping that made something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedBy {
    /// Name of the mapping, for people.
    pub name: String,
    /// Version of the mapping.
    pub version: String,
    /// The SHA-256 of its component, in hexadecimal digits.
    pub digest: String,
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

impl Outcome {
    /// The time of its document, if there is one.
    pub(crate) fn timestamp(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Mapped { timestamp, .. } => Some(*timestamp),
            Self::Failed { timestamp, .. } => *timestamp,
            Self::Dropped(_) | Self::Rejected(_) => None,
        }
    }

    /// Whether there is a document.
    pub(crate) fn has_document(&self) -> bool {
        matches!(self, Self::Mapped { .. } | Self::Failed { .. })
    }
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
    /// Adds what became of the records that follow.
    fn append(&mut self, next: Self) {
        if self.outcomes.is_empty() {
            *self = next;
            return;
        }
        self.documents.push_str(&next.documents);
        self.outcomes.extend(next.outcomes);
        for (mapping, outcomes) in next.mapped_by {
            self.note(&mapping, outcomes);
        }
    }

    /// Adds an outcome, with its document and the line feed after it, if there is one.
    pub(crate) fn push(&mut self, outcome: Outcome, document: &str, mapping: Option<&Arc<MappedBy>>) {
        self.outcomes.push(outcome);
        self.documents.push_str(document);
        if let Some(mapping) = mapping {
            self.note(mapping, 1);
        }
    }

    /// Notes which mapping made the outcomes that follow.
    fn note(&mut self, mapping: &Arc<MappedBy>, outcomes: usize) {
        match self.mapped_by.last_mut() {
            Some((last, count)) if last.digest == mapping.digest => *count += outcomes,
            _ => self.mapped_by.push((Arc::clone(mapping), outcomes)),
        }
    }

    /// The mapping that made the outcome at this place.
    pub fn mapping_of(&self, place: usize) -> Option<&Arc<MappedBy>> {
        let mut end = 0;
        for (mapping, outcomes) in &self.mapped_by {
            end += outcomes;
            if place < end {
                return Some(mapping);
            }
        }
        None
    }

    /// The versions of the mappings that made the outcomes, for logs: one, unless another one is on trial.
    pub fn versions(&self) -> String {
        distinct(self.mapped_by.iter().map(|(mapping, _)| mapping.version.as_str()))
    }

    /// The documents one by one, each with its `_id`, in order.
    pub fn documents(&self) -> impl Iterator<Item = (&str, &str)> {
        let ids = self.outcomes.iter().filter_map(|outcome| match outcome {
            Outcome::Mapped { id, .. } | Outcome::Failed { id, .. } => Some(id.as_str()),
            Outcome::Dropped(_) | Outcome::Rejected(_) => None,
        });
        ids.zip(self.documents.lines())
    }
}

/// Maps the batches of one source by the mapping in use. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Mapper {
    live: Arc<Live>,
    source: usize,
    namespace: Option<Arc<str>>,
}

impl Mapper {
    /// Gets a component ready to map with these settings, within the usual limits.
    ///
    /// # Errors
    ///
    /// When the component cannot be run or refuses the settings.
    pub fn new(component: Component, settings: Settings, geo: Arc<Geo>) -> Result<Self, MapperError> {
        Self::with_limits(component, settings, Limits::default(), geo)
    }

    /// Gets a component ready to map with these settings, within these limits.
    ///
    /// # Errors
    ///
    /// As [`Mapper::new`].
    pub fn with_limits(
        component: Component,
        settings: Settings,
        limits: Limits,
        geo: Arc<Geo>,
    ) -> Result<Self, MapperError> {
        Ok(Live::new(vec![(component, settings)], limits, Rules::default(), &geo)?.mapper(0))
    }

    /// The same for documents that go to a data stream of this namespace.
    #[must_use]
    pub fn in_namespace(self, namespace: Option<&str>) -> Self {
        Self { namespace: namespace.map(Arc::from), ..self }
    }

    /// What the component in use says it is.
    pub fn description(&self) -> Description {
        self.live.current().pool(self.source).component.description().clone()
    }

    /// Maps `records`, NDJSON. Blocks: call it from a thread that may. Several threads map at the same time,
    /// each on an instance of its own. A record at which the component stops every time is rejected. The whole batch
    /// is mapped by one version, unless another one is on trial with a share of the deliveries.
    ///
    /// # Errors
    ///
    /// When no instance of the component can be started.
    pub fn map_batch(&self, records: &str, origin: &Origin) -> Result<MappedBatch, MapperError> {
        let mapped = self.live.map_batch(self.source, records, origin)?;
        Ok(MappedBatch { namespace: self.namespace.clone(), ..mapped })
    }
}
