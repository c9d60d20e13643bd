//! Dates of anything.
#![no_main]

use exotrace_fuzz::check;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let date = serde_json::to_string(text).expect("a text is JSON");
    let record = format!(r#"{{"Received":{date},"StartDate":{date},"EndDate":{date}}}"#);
    check(&record);
});
