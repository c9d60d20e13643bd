//! What the playground has of the program: how files are read, how settings are checked, and geo databases.
//!
//! A component; the page itself is in `page`, beside this.
#![cfg(target_arch = "wasm32")]
#![deny(unsafe_code)]

mod bindings;
mod checks;
mod databases;
mod input;
mod reader;

/// All that the page calls.
struct Playground;

#[expect(unsafe_code, reason = "generated: exported names")]
mod component {
    use super::Playground;

    crate::bindings::export!(Playground with_types_in crate::bindings);
}
