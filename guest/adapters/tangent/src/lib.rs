//! The mapping as a plugin of Tangent (`tangent:logs`, world `processor`).
//!
//! Never answers with an error: Tangent would skip the batch, and what became of it depends on other plugins.
#![cfg(target_arch = "wasm32")]
#![deny(unsafe_code)]

use std::{cell::OnceCell, env};

use exotrace_adapter::{Mapping, Options, Totals};
use serde_json::json;

#[expect(unsafe_code, reason = "generated")]
mod bindings;

use bindings::exports::tangent::logs::mapper::{Guest, Logview, Meta, Pred, Selector};

thread_local! {
    /// Opened once, by the first batch: the environment does not change.
    static MAPPING: OnceCell<Result<Mapping, String>> = const { OnceCell::new() };
}

struct Plugin;

impl Guest for Plugin {
    fn metadata() -> Meta {
        let (name, version, _) = exotrace_adapter::identity();
        Meta { name, version }
    }

    fn probe() -> Vec<Selector> {
        vec![with_all(["receivedDateTime", "recipientAddress"]), with_all(["Received", "RecipientAddress"])]
    }

    fn process_logs(input: Vec<Logview>) -> Result<Vec<u8>, String> {
        let records: Vec<String> = input.iter().map(record).collect();
        let documents = MAPPING.with(|mapping| match mapping.get_or_init(open) {
            Ok(mapping) => mapping.map(&records.concat(), &mut Totals::default()),
            Err(error) => records.iter().map(|record| unmapped(record, error)).collect(),
        });
        Ok(documents.into_bytes())
    }
}

/// Events with all of these properties.
fn with_all(properties: [&str; 2]) -> Selector {
    let all = properties.map(|property| Pred::Has(property.to_owned())).to_vec();
    Selector { any: Vec::new(), all, none: Vec::new() }
}

/// An event as a record: one line.
fn record(event: &Logview) -> String {
    // JSON over several lines: there they stand between its parts, where a blank does as well.
    event.log().replace(['\r', '\n'], " ") + "\n"
}

fn open() -> Result<Mapping, String> {
    Mapping::open(Options::from_environment(env::vars()).map_err(|error| error.to_string())?)
}

/// What stands for a record when there is no mapping: the record, and why.
fn unmapped(record: &str, error: &str) -> String {
    let document = json!({
        "event": { "kind": "pipeline_error", "original": record.trim_end() },
        "error": { "message": [error] },
    });
    format!("{document}\n")
}
