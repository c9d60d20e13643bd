//! The mapping as a handler of messages of wasmCloud (`wasmcloud:messaging`).
#![deny(unsafe_code)]

#[cfg(target_arch = "wasm32")]
mod bindings;
#[cfg(target_arch = "wasm32")]
mod handler;
#[cfg(any(target_arch = "wasm32", test))]
mod subjects;

#[cfg(target_arch = "wasm32")]
#[expect(unsafe_code, reason = "generated: exported names")]
mod component {
    use crate::handler::Handler;

    crate::bindings::export!(Handler with_types_in crate::bindings);
}
