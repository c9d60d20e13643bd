//! Lines of anything: never a panic, always one JSON object each, and the same as the reference mapper makes of them.
#![no_main]

use std::{cell::RefCell, collections::HashMap};

use exotrace_properties::{Comparison, Setup, VERSIONS, Version};
use libfuzzer_sys::fuzz_target;

thread_local! {
    /// One for each setup: to open the mapping takes longer than many records.
    static COMPARISONS: RefCell<HashMap<(&'static str, u8), Comparison>> = RefCell::default();
}

fuzz_target!(|input: (u8, u8, &str)| {
    let (version, bits, text) = input;
    let version = VERSIONS[usize::from(version) % VERSIONS.len()];
    let lines: Vec<&str> = text.split('\n').collect();
    COMPARISONS.with_borrow_mut(|all| {
        let comparison = all.entry((version.number, bits)).or_insert_with(|| Comparison::new(setup(version, bits)));
        comparison.check(&lines);
    });
});

fn setup(version: Version, bits: u8) -> Setup {
    let has = |bit: u8| bits >> bit & 1 == 1;
    Setup {
        version,
        tenant: has(0).then(|| ("AAAAAAAA-1111-2222-3333-444444444444".to_owned(), Some("Contoso".to_owned()))),
        local_domains: has(1).then(|| vec!["contoso.com".to_owned()]),
        preserve_original_event: has(2),
        tags: if has(3) { vec!["forwarded".to_owned()] } else { Vec::new() },
        drop_status: if has(4) { vec!["Delivered".to_owned()] } else { Vec::new() },
        read_at: has(5).then_some(1_700_000_000_000),
        file: has(6).then(|| ("trace.json".to_owned(), 7)),
    }
}
