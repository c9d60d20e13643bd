//! The mapping as a SmartModule of Fluvio (guest/docs/facts/modules.md, section 6).
//!
//! `init` gets the settings, and refuses them with the reason. `filter_map` never ends a stream: a record that cannot be
//! mapped becomes a document that says so.
//!
//! Does not use the crate `fluvio-smartmodule`: its macros give every answer new memory, which the engine never gives back,
//! and it brings forty crates for what `protocol` does.
#![deny(unsafe_code)]

#[cfg(any(target_arch = "wasm32", test))]
mod protocol;
#[cfg(target_arch = "wasm32")]
#[expect(unsafe_code, unreachable_pub, reason = "called by the engine, by name, with addresses")]
mod smart_module;
