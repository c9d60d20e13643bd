//! What rust-camel calls.
//!
//! The host makes a new instance for every call, and calls `init` on one that it throws away. So `init` checks the
//! settings and has the host keep them, and every call opens the mapping with what was kept.
//!
//! A record never fails its exchange: what cannot be mapped becomes a document that says so. An exchange fails when its
//! body could not be read as a whole.

use exotrace_adapter::{Mapping, Options, Totals, all_unmapped};
use serde_json::Value;

use crate::{
    bindings::{
        Guest, WasmError, WasmExchange,
        camel::plugin::{host, types::WasmBody},
    },
    body,
};

/// The one method.
const METHOD: &str = "map";

/// Under which key the host keeps the settings.
const SETTINGS: &str = "exotrace.settings";

/// The property that is `true` when nothing is left of the body.
const DROPPED: &str = "exotrace.dropped";

/// The property with the number of documents that have `event.kind: pipeline_error`.
const FAILED: &str = "exotrace.failed";

/// For files: there are none.
const NO_FOLDER: &str = "hint: rust-camel gives a component no folder";

type Pairs = Vec<(String, String)>;

pub(crate) struct Bean;

impl Guest for Bean {
    fn init(config: Pairs) -> Result<(), String> {
        open(&config)?;
        let kept: Value = config.into_iter().map(|(name, value)| Value::from(vec![name, value])).collect();
        let stored = host::host_store(SETTINGS, &kept.to_string());
        stored.map_err(|error| format!("rust-camel does not keep the settings: {error:?}"))
    }

    fn methods() -> Vec<String> {
        vec![METHOD.to_owned()]
    }

    async fn invoke(method: String, mut exchange: WasmExchange) -> Result<WasmExchange, WasmError> {
        if method != METHOD {
            return Err(WasmError::ProcessorError(format!("there is no method `{method}`; there is `{METHOD}`")));
        }
        let given = std::mem::replace(&mut exchange.input.body, WasmBody::Empty);
        let mut totals = Totals::default();
        if let Some((records, form)) = body::read(given).await? {
            let documents = map(&records, &mut totals);
            exchange.input.body = body::write(documents, form);
        }
        let is_dropped = matches!(exchange.input.body, WasmBody::Empty);
        set(&mut exchange.properties, DROPPED, is_dropped.to_string());
        set(&mut exchange.properties, FAILED, totals.failed.to_string());
        Ok(exchange)
    }
}

fn set(properties: &mut Pairs, name: &str, value: String) {
    properties.retain(|(known, _)| known != name);
    properties.push((name.to_owned(), value));
}

fn map(records: &[u8], totals: &mut Totals) -> String {
    let (mapping, hides_people) = match kept() {
        Ok(config) => (open(&config), hides_people(&config)),
        Err(error) => (Err(error), true),
    };
    match mapping {
        Ok(mapping) => mapping.map_body(records, totals),
        Err(error) => {
            let documents = all_unmapped(records, &error, hides_people);
            totals.failed = documents.lines().count();
            documents
        }
    }
}

/// The settings that `init` had the host keep.
fn kept() -> Result<Pairs, String> {
    let kept =
        host::host_load(SETTINGS).map_err(|error| format!("rust-camel does not give the settings: {error:?}"))?;
    let kept = kept.unwrap_or_else(|| "[]".to_owned());
    serde_json::from_str(&kept).map_err(|error| format!("rust-camel gives other settings than it was given: {error}"))
}

fn open(config: &[(String, String)]) -> Result<Mapping, String> {
    let pairs = config.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let options = Options::from_config(pairs).map_err(|error| error.to_string())?;
    let (mapping, unusable) = Mapping::open_without_unusable(options, NO_FOLDER)?;
    unusable.into_iter().next().map_or(Ok(mapping), Err)
}

/// Whether the settings have a key that hides people.
fn hides_people(config: &[(String, String)]) -> bool {
    config.iter().any(|(name, _)| name.to_lowercase().replace('_', "-").contains("privacy-key"))
}
