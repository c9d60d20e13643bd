//! The mapping as a bean of rust-camel (`camel:plugin`, world `bean`).
#![cfg(target_arch = "wasm32")]
#![deny(unsafe_code)]

mod bean;
mod bindings;
mod body;

#[expect(unsafe_code, reason = "generated: exported names")]
mod component {
    use crate::bean::Bean;

    crate::bindings::export!(Bean with_types_in crate::bindings);
}
