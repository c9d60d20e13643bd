//! What the adapters that are components share. Each puts the contract of a pipeline in front of it.
//!
//! The mapping is not in here: it is composed in as the component that it is, with a geo provider beside it.
#![deny(unsafe_code)]

#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, reason = "generated")]
mod bindings;
mod lines;
#[cfg(target_arch = "wasm32")]
mod mapping;
mod options;
#[cfg(any(target_arch = "wasm32", test))]
mod privacy_key;
mod unmapped;

pub use lines::{LineTooLong, Lines, UnreadableLine, WholeLines};
#[cfg(target_arch = "wasm32")]
pub use mapping::{Identity, Mapping, Totals, identity};
pub use options::{OPTIONS, OptionError, OptionSpec, OptionValue, Options, SecretText};
pub use unmapped::{LineRun, all_unmapped, line_runs, unmapped};
