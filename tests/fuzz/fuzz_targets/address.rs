//! Mail addresses of anything.
#![no_main]

use exotrace_properties::{Setup, compare};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let address = serde_json::to_string(text).expect("a text is JSON");
    let record =
        format!(r#"{{"Received":"2026-01-02","SenderAddress":{address},"RecipientAddress":"a@contoso.com"}}"#);
    for is_newest in [false, true] {
        let local_domains = Some(vec!["contoso.com".to_owned()]);
        compare(&Setup { is_newest, local_domains, ..Setup::default() }, &[&record]);
    }
});
