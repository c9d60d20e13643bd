//! Lines of anything: never a panic, always one JSON object each, and the same as the reference mapper makes of them.
#![no_main]

use std::{cell::RefCell, collections::HashMap};

use exotrace_properties::{Comparison, Setup};
use libfuzzer_sys::fuzz_target;

thread_local! {
    /// One for each setup: to open the mapping takes longer than many records.
    static COMPARISONS: RefCell<HashMap<u8, Comparison>> = RefCell::default();
}

fuzz_target!(|input: (u8, &str)| {
    let (bits, text) = input;
    let lines: Vec<&str> = text.split('\n').collect();
    COMPARISONS.with_borrow_mut(|all| all.entry(bits).or_insert_with(|| Comparison::new(setup(bits))).check(&lines));
});

fn setup(bits: u8) -> Setup {
    let has = |bit: u8| bits >> bit & 1 == 1;
    Setup {
        is_newest: has(0),
        local_domains: has(1).then(|| vec!["contoso.com".to_owned()]),
        preserve_original_event: has(2),
        tags: if has(3) { vec!["forwarded".to_owned()] } else { Vec::new() },
        drop_status: if has(4) { vec!["Delivered".to_owned()] } else { Vec::new() },
        read_at: has(5).then_some(1_700_000_000_000),
        file: has(6).then(|| ("trace.json".to_owned(), 7)),
    }
}
