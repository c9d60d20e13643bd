//! The mapping version 2.2 as a component.
#![cfg(target_arch = "wasm32")]
#![deny(unsafe_code)]

exotrace_component::component!(versions::V2_2);
