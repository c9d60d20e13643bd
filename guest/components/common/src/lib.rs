//! The WIT side of a mapping component: translates between `exotrace:mapping` and the mapping library, nothing else.
//!
//! Empty unless it is built for WebAssembly: component exports do not link natively.
#![cfg(target_arch = "wasm32")]
#![deny(unsafe_code)]

pub mod bindings;
mod component;
mod convert;
pub mod section;

pub use component::{Component, Mapping};
pub use exotrace_mapping::{Version, versions};

/// Makes the crate that it stands in a component that maps to a version: `component!(versions::V1_20)`.
///
/// The crate has the version's number in its `Cargo.toml`, and beside that the file `checks.ndjson`: records, each with
/// the `_id` that it gets. A host maps them before it lets the component take another's place.
#[macro_export]
macro_rules! component {
    (versions::$version:ident) => {
        #[expect(
            unsafe_code,
            reason = "generated: exported names, and sections that a host reads before it compiles anything"
        )]
        mod component {
            struct ThisVersion;

            impl $crate::Mapping for ThisVersion {
                const VERSION: &'static $crate::Version = &$crate::versions::$version;
            }

            type Mapper = $crate::Component<ThisVersion>;

            $crate::bindings::export!(Mapper with_types_in $crate::bindings);

            const _: () = $crate::section::check_number(&$crate::versions::$version, env!("CARGO_PKG_VERSION"));

            const MAPPING: [&str; 5] = $crate::section::mapping(&$crate::versions::$version);

            #[unsafe(link_section = "exotrace:mapping")]
            #[used]
            static MAPPING_SECTION: [u8; $crate::section::length(&MAPPING)] = $crate::section::bytes(&MAPPING);

            const CHECKS: [&str; 1] = [include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/checks.ndjson"))];

            #[unsafe(link_section = "exotrace:checks")]
            #[used]
            static CHECKS_SECTION: [u8; $crate::section::length(&CHECKS)] = $crate::section::bytes(&CHECKS);
        }
    };
}
