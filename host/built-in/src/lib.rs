//! The mapping components inside the program, and their machine code: the build compiles them, so that no start has to.
//!
//! A crate of its own, since it holds an `unsafe`: wasmtime cannot know where code comes from. Nobody else makes a
//! [`BuiltIn`].
#![deny(unsafe_code)]

use wasmtime::{Engine, component::Component};

mod config;

pub use config::config;

/// A component inside the program.
#[derive(Debug, Clone, Copy)]
pub struct BuiltIn {
    /// The version as people write it, without the patch number; of another schema than ECS, after the schema's name.
    pub version: &'static str,
    /// The kinds of records that it maps unless somebody names another version: `graph`, `legacy`.
    pub default_for: &'static [&'static str],
    /// The component.
    pub bytes: &'static [u8],
    /// The SHA-256 of `bytes`, in hexadecimal: computed by the build, since a start needs it several times.
    pub digest: &'static str,
    /// Its machine code, for an engine of [`config`] and the processors that `build.rs` names.
    code: &'static [u8],
}

// `BUILT_IN`, which `build.rs` makes of the folders `guest/components/*_*`.
include!(concat!(env!("OUT_DIR"), "/built_in.rs"));

impl BuiltIn {
    /// The component, ready to be linked, without compiling.
    ///
    /// # Errors
    ///
    /// When the machine code does not fit the engine or the processor. Then compile [`BuiltIn::bytes`].
    pub fn load(&self, engine: &Engine) -> wasmtime::Result<Component> {
        #[expect(unsafe_code, reason = "the type says where the code comes from")]
        // SAFETY: `build.rs` wrote `code` by `Engine::precompile_component`, with the wasmtime that this crate is built
        // with, and it is as much a part of the program as all other code. Whether it fits this engine and processor,
        // `deserialize` checks.
        unsafe {
            Component::deserialize(engine, self.code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_mapping_is_had_without_compiling() {
        let engine = Engine::new(&config()).unwrap();
        for built_in in BUILT_IN {
            let loaded = built_in.load(&engine).unwrap();
            let compiled = Component::new(&engine, built_in.bytes).unwrap();
            let exports = |component: &Component| {
                component.component_type().exports(&engine).map(|(name, _)| name.to_owned()).collect::<Vec<_>>()
            };
            assert_eq!(exports(&loaded), exports(&compiled), "{}", built_in.version);
        }
    }

    #[test]
    fn code_for_another_engine_is_refused() {
        let mut metering = config();
        metering.consume_fuel(true);
        let engine = Engine::new(&metering).unwrap();
        for built_in in BUILT_IN {
            let refused = built_in.load(&engine).err().map(|error| format!("{error:#}"));
            assert!(refused.is_some_and(|error| error.contains("fuel")), "{}", built_in.version);
        }
    }
}
