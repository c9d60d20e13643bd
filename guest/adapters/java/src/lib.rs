//! The mapping as a module for programs in Java, which run it in Chicory, without native code: the `wasm` component of
//! Apache Camel and the transform of Kafka Connect (guest/docs/facts/modules.md, section 6).
#![deny(unsafe_code)]

#[cfg(target_arch = "wasm32")]
#[expect(unsafe_code, reason = "a host calls by name, with addresses")]
pub mod exports;
pub mod message;
