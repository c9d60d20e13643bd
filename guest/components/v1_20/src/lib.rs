//! The mapping version 1.20 as a component.
#![cfg(target_arch = "wasm32")]
#![deny(unsafe_code)]

exotrace_component::component!(versions::V1_20);
