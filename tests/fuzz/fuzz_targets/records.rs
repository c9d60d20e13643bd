//! Files of anything; `-timeout` says how soon reading has to come to an end.
#![no_main]

use exotrace_fuzz::read_records;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| read_records(input));
