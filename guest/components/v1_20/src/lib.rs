//! The mapping version 1.20 as a component.
#![cfg(target_arch = "wasm32")]
#![deny(unsafe_code)]

use exotrace_component::{Component, Mapping};
use exotrace_mapping::Version;

struct This;

impl Mapping for This {
    const VERSION: &'static Version = &Version::V1_20;
}

#[expect(
    unsafe_code,
    reason = "generated: exported names, and a section that a host reads before it compiles anything"
)]
mod component {
    type Mapper = super::Component<super::This>;

    exotrace_component::bindings::export!(Mapper with_types_in exotrace_component::bindings);

    /// The version of the mapping and of the contract, as `describe` says them too.
    #[unsafe(link_section = "exotrace:mapping")]
    #[used]
    static SECTION: [u8; TEXT.len()] = *TEXT;

    const TEXT: &[u8; 25] = b"mapping=1.20.0\nwit=0.1.0\n";

    /// Records, each with the `_id` that it gets: a host maps them before it lets the component take another's place.
    #[unsafe(link_section = "exotrace:checks")]
    #[used]
    static CHECKS: [u8; include_bytes!("../checks.ndjson").len()] = *include_bytes!("../checks.ndjson");
}
