//! The mapping as a plugin of Tangent (`tangent:logs`, world `processor`).
#![deny(unsafe_code)]

#[cfg(target_arch = "wasm32")]
mod bindings;
mod names;
#[cfg(target_arch = "wasm32")]
mod plugin;
pub mod record;

#[cfg(target_arch = "wasm32")]
#[expect(unsafe_code, reason = "generated: exported names")]
mod component {
    use crate::plugin::Plugin;

    crate::bindings::export!(Plugin with_types_in crate::bindings);
}
