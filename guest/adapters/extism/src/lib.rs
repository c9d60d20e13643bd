//! The mapping as a plug-in of Extism (guest/docs/facts/modules.md, section 7).
//!
//! `map` takes records, one a line, and gives documents, one a line. `map_each` gives a line for every record, and says
//! what became of it. Both fail for settings that cannot be used, with the reason, and never for a record.
#![deny(unsafe_code)]

#[cfg(target_arch = "wasm32")]
#[expect(unsafe_code, reason = "the host is called with addresses")]
mod host;
#[cfg(any(target_arch = "wasm32", test))]
mod line;
#[cfg(target_arch = "wasm32")]
#[expect(unsafe_code, unreachable_pub, reason = "called by the host, by name")]
mod plugin;
