//! Lines of anything: never a panic, always one JSON object each, and the same as the reference mapper makes of them.
#![no_main]

use exotrace_properties::{Setup, compare};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &str)| {
    let (bits, text) = input;
    let has = |bit: u8| bits >> bit & 1 == 1;
    let setup = Setup {
        is_newest: has(0),
        local_domains: has(1).then(|| vec!["contoso.com".to_owned()]),
        preserve_original_event: has(2),
        tags: if has(3) { vec!["forwarded".to_owned()] } else { Vec::new() },
        drop_status: if has(4) { vec!["Delivered".to_owned()] } else { Vec::new() },
        read_at: has(5).then_some(1_700_000_000_000),
        file: has(6).then(|| ("trace.json".to_owned(), 7)),
    };
    let lines: Vec<&str> = text.split('\n').collect();
    compare(&setup, &lines);
});
