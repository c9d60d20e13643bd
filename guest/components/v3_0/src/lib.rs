//! The mapping version 3.0 as a component.
#![cfg(target_arch = "wasm32")]
#![deny(unsafe_code)]

exotrace_component::component!(versions::V3_0);
