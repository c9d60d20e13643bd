//! Mail addresses of anything.
#![no_main]

use exotrace_fuzz::check;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let address = serde_json::to_string(text).expect("a text is JSON");
    let record = format!(r#"{{"Received":"2026-01-02","SenderAddress":{address},"RecipientAddress":"a@contoso.com"}}"#);
    check(&record);
});
