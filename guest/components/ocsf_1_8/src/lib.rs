//! The mapping ocsf-1.8 as a component.
#![cfg(target_arch = "wasm32")]
#![deny(unsafe_code)]

exotrace_component::component!(versions::OCSF_1_8);
