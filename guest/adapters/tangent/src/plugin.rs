//! What Tangent calls.
//!
//! Never answers with an error: Tangent would skip the batch, and what became of it depends on other plugins.

use std::{
    cell::OnceCell,
    env,
    io::{self, Write as _},
};

use exotrace_adapter::{Identity, Mapping, Options, Totals, unmapped};
use exotrace_mapping::Property;

use crate::{
    bindings::{
        exports::tangent::logs::mapper::{Guest, Logview, Meta, Pred, Selector},
        tangent::logs::log,
    },
    record::{self, Event, Scalar},
};

thread_local! {
    /// Opened once, by the first batch: the environment does not change.
    static MAPPING: OnceCell<Result<Mapping, String>> = const { OnceCell::new() };
}

/// What to do about a file that cannot be read.
const HINT: &str =
    "hint: Tangent gives a plugin no folder; `make tangent GEOIP_CITY=... GEOIP_ASN=...` builds databases in";

pub(crate) struct Plugin;

impl Guest for Plugin {
    fn metadata() -> Meta {
        let Identity { name, version, .. } = exotrace_adapter::identity();
        Meta { name, version }
    }

    fn probe() -> Vec<Selector> {
        let properties = [Property::Received, Property::RecipientAddress];
        let of_graph = properties.map(|property| property.graph_name().unwrap_or(property.name()));
        vec![with_all(of_graph), with_all(properties.map(Property::name))]
    }

    fn process_logs(input: Vec<Logview>) -> Result<Vec<u8>, String> {
        let mut records = String::new();
        for event in &input {
            record::push(&mut records, event);
        }
        let documents = MAPPING.with(|mapping| match mapping.get_or_init(open) {
            Ok(mapping) => mapping.map(&records, &mut Totals::default()),
            Err(error) => records.lines().map(|record| unmapped(record, error, hides_people())).collect(),
        });
        Ok(documents.into_bytes())
    }
}

/// Events with all of these properties.
fn with_all(properties: [&str; 2]) -> Selector {
    let all = properties.map(|property| Pred::Has(property.to_owned())).to_vec();
    Selector { any: Vec::new(), all, none: Vec::new() }
}

/// Opens the mapping, without the files that cannot be read: an event is worth more than where its mail came from.
fn open() -> Result<Mapping, String> {
    let options = Options::from_environment(env::vars()).map_err(|error| error.to_string())?;
    let (mapping, unusable) = Mapping::open_without_unusable(options, HINT)?;
    for problem in unusable {
        // Standard error may be closed; the mapping works all the same.
        drop(writeln!(io::stderr(), "warning: mapping without a file: {problem}"));
    }
    Ok(mapping)
}

/// Whether the environment has a key that hides people.
fn hides_people() -> bool {
    ["EXOTRACE_PRIVACY_KEY", "EXOTRACE_PRIVACY_KEY_FILE"].iter().any(|name| env::var_os(name).is_some())
}

impl Event for Logview {
    fn has(&self, path: &str) -> bool {
        self.has(path)
    }

    fn get(&self, path: &str) -> Option<Scalar> {
        self.get(path).map(scalar)
    }

    fn length(&self, path: &str) -> Option<u32> {
        self.len(path)
    }

    fn list(&self, path: &str) -> Option<Vec<Scalar>> {
        Some(self.get_list(path)?.into_iter().map(scalar).collect())
    }

    fn map(&self, path: &str) -> Option<Vec<(String, Scalar)>> {
        Some(self.get_map(path)?.into_iter().map(|(key, value)| (key, scalar(value))).collect())
    }

    fn keys(&self, path: &str) -> Vec<String> {
        self.keys(path)
    }
}

fn scalar(value: log::Scalar) -> Scalar {
    match value {
        log::Scalar::Str(text) => Scalar::Text(text),
        log::Scalar::Int(integer) => Scalar::Integer(integer),
        log::Scalar::Float(float) => Scalar::Float(float),
        log::Scalar::Boolean(boolean) => Scalar::Boolean(boolean),
        // JSON has none.
        log::Scalar::Bytes(bytes) => Scalar::Text(String::from_utf8_lossy(&bytes).into_owned()),
    }
}
