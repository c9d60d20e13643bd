//! The mapping with its settings and geo databases inside: for pipelines that load a core module, give it one record
//! at a time, and have no way to tell it anything else.
//!
//! Built for `wasm32-unknown-unknown`; `memory` is what such a host calls to hand a record over.
#![deny(unsafe_code)]

mod geo;
#[cfg(target_arch = "wasm32")]
#[expect(unsafe_code, reason = "a host hands memory over by address")]
pub mod memory;
mod settings;
mod transform;

pub use settings::{MappingVersion, Settings};
pub use transform::{Transform, TransformError};

/// The settings that were put in, as JSON; empty when none were.
pub const SETTINGS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/settings.json"));

/// The City database that was put in; empty when none was.
pub const CITY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/city.mmdb"));

/// The ASN database that was put in; empty when none was.
pub const ASN: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/asn.mmdb"));
