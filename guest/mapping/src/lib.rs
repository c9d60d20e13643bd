//! Maps Microsoft Exchange Online message-trace records to documents of the Elastic Common Schema (ECS).
//!
//! Pure: no I/O, no clock, no environment, no WIT types. The same record, settings and geo answers give the same
//! bytes. Documents are written straight into the output buffer; values that need no change are copied as the
//! JSON text that they came as.
//!
//! ```
//! use exotrace_mapping::{NoGeo, Origin, Session, Settings, Version};
//!
//! let mut session = Session::open(&Version::V1_20, &Settings::default())?;
//! let batch = session.map_batch(r#"{"Received":"2026-01-02T03:04:05.678"}"#, &Origin::default(), &mut NoGeo);
//! assert!(batch.documents.starts_with(br#"{"@timestamp":"2026-01-02T03:04:05.678Z","#));
//! # Ok::<(), exotrace_mapping::SettingsError>(())
//! ```
#![forbid(unsafe_code)]

mod address;
mod bytes;
mod cache;
mod date;
mod document;
mod domain;
mod failure;
mod fields;
mod fingerprint;
mod json;
mod network;
mod outcome;
mod record;
mod session;
mod settings;
mod sha1;
mod suffix;
mod version;

pub use failure::FailureReason;
pub use json::text_under;
pub use network::{AutonomousSystem, Geo, Location, Network, NoGeo, Place};
pub use outcome::{DropReason, FilePosition, MappedBatch, Origin, Outcome};
pub use session::Session;
pub use settings::{Settings, SettingsError};
pub use version::{ECS_VERSION, Version};

/// The longest record that is mapped, in bytes; a longer one fails alone. Real records are under 4 KiB.
pub const MAX_RECORD_BYTES: usize = 16 * 1024 * 1024;

/// How deep arrays and objects may be nested in a record. Real records are flat.
pub const MAX_DEPTH: usize = 64;
