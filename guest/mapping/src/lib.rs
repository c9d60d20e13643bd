//! Maps Microsoft Exchange Online message-trace records to documents of the Elastic Common Schema (ECS) and of the Open
//! Cybersecurity Schema Framework (OCSF).
//!
//! Pure: no I/O, no clock, no environment, no WIT types. The same record, settings and geo answers give the same
//! bytes. Documents are written straight into the output buffer; values that need no change are copied as the
//! JSON text that they came as.
//!
//! ```
//! use exotrace_mapping::{NoGeo, Origin, Session, Settings, versions};
//!
//! let mut session = Session::open(&versions::V1_20, &Settings::default())?;
//! let batch = session.map_batch(r#"{"Received":"2026-01-02T03:04:05.678"}"#, &Origin::default(), &mut NoGeo);
//! assert!(batch.documents.starts_with(br#"{"@timestamp":"2026-01-02T03:04:05.678Z","#));
//! # Ok::<(), exotrace_mapping::SettingsError>(())
//! ```
#![forbid(unsafe_code)]

mod address;
mod bytes;
mod cache;
mod cloud;
mod context;
mod date;
mod delivery_key;
mod details_record;
mod document;
mod documents;
mod domain;
mod endpoint;
mod extra_fields;
mod failure;
mod fingerprint;
mod guid;
mod hash_inputs;
mod ids;
mod ignore_case;
mod json;
mod key_layout;
mod limits;
mod local_domains;
mod message_blocks;
mod network;
mod outcome;
mod pieces;
mod privacy;
mod property;
mod read;
mod record;
mod record_index;
mod session;
mod session_settings;
mod settings;
mod sha1;
mod sha256;
mod status;
mod suffix;
mod version;
pub mod versions;
mod write;

pub use failure::FailureReason;
pub use json::text_under;
pub use limits::{MAX_DEPTH, MAX_RECORD_BYTES};
pub use network::{AutonomousSystem, Geo, Location, Network, NoGeo, Place};
pub use outcome::{DropReason, FilePosition, MappedBatch, Origin, Outcome};
pub use privacy::{PseudonymKind, pseudonym};
pub use property::Property;
pub use session::Session;
pub use settings::{Settings, SettingsError, Tenant};
pub use version::{RecordKind, Schema, Version};
