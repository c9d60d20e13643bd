//! The mapping with its settings and geo databases inside, for pipelines that load a core module. Those that can tell a
//! module anything when they start it give it settings as well.
//!
//! Built for `wasm32-unknown-unknown`; `memory` is what such a host calls to hand a record over.
#![deny(unsafe_code)]

mod embedded;
mod geo;
mod mapped;
#[cfg(target_arch = "wasm32")]
#[expect(unsafe_code, reason = "a host hands memory over by address")]
pub mod memory;
mod parameters;
mod settings;
mod transform;

pub use exotrace_mapping::DropReason;

pub use embedded::{ASN, CITY, SETTINGS};
pub use mapped::Mapped;
pub use parameters::{ParameterError, SETTINGS_PARAMETER, parameter_names};
pub use settings::{PrivacyKey, Settings};
pub use transform::{Transform, TransformError};
