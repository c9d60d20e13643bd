//! The mapping with its settings and geo databases inside: for pipelines that load a core module, give it one record
//! at a time, and have no way to tell it anything else.
//!
//! Built for `wasm32-unknown-unknown`; `memory` is what such a host calls to hand a record over.
#![deny(unsafe_code)]

mod embedded;
mod geo;
#[cfg(target_arch = "wasm32")]
#[expect(unsafe_code, reason = "a host hands memory over by address")]
pub mod memory;
mod settings;
mod transform;

pub use embedded::{ASN, CITY, SETTINGS};
pub use settings::Settings;
pub use transform::{Transform, TransformError};
