//! The JSON Schema of the settings, which `build.rs` makes of the structs that they are read into.

use serde_json::{Value, json};

/// The schema, as text.
pub(crate) const SCHEMA: &str = include_str!(concat!(env!("OUT_DIR"), "/settings.schema.json"));

/// The schema of a file of `sources_dir`, which has sources alone.
pub(crate) fn of_source_file() -> Value {
    let mut schema: Value = serde_json::from_str(SCHEMA).unwrap_or_default();
    let source = schema["properties"]["source"].take();
    json!({
        "$schema": schema["$schema"].take(),
        "title": "Sources of exotrace, in a file of `sources_dir`",
        "type": "object",
        "additionalProperties": false,
        "properties": { "source": source },
        "required": ["source"],
    })
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use boon::{Compiler, SchemaIndex, Schemas};

    use super::*;
    use crate::app::kinds::{OUTPUTS, SOURCES};

    /// What the values show, and not their form: addresses and domains, files, variables, what goes with what.
    const BEYOND_A_SCHEMA: &[&str] = &[
        "address-for-domain",
        "batch-time-too-short",
        "body-too-large",
        "candidate-without-mapping",
        "client-id-missing",
        "cloud-without-service",
        "cluster-topic",
        "cluster-transactional-elsewhere",
        "cluster-transactional-id",
        "cluster-with-archive",
        "cluster-with-file-output",
        "cluster-with-file-source",
        "details-direction",
        "details-directions-none",
        "details-directions-without-domains",
        "details-max-share-twice",
        "details-of-the-legacy-service",
        "details-status",
        "domain-begins-with-point",
        "domain-without-point",
        "domains-in-one-entry",
        "elasticsearch-in-the-clear",
        "header-and-bearer-token",
        "header-name",
        "header-of-our-own",
        "header-value",
        "initial-interval-too-long",
        "kafka-broker-is-a-url",
        "kafka-broker-without-port",
        "kafka-brokers-in-one-text",
        "kafka-ca-without-tls",
        "kafka-delivery-timeout",
        "kafka-reads-own-topic",
        "kafka-sasl-password-for-token",
        "kafka-sasl-token-in-the-clear",
        "kafka-sasl-without-password",
        "kafka-tenant-not-known",
        "kafka-topic",
        "kafka-transactional-id",
        "key-without-certificate",
        "listen-token-missing",
        "look-back-too-long",
        "mapping-twice",
        "memory-too-small",
        "namespace-with-capitals",
        "namespace-with-hyphen",
        "no-way-to-sign-in",
        "options-with-a-date",
        "output-file-is-a-folder",
        "output-file-twice",
        "output-key-without-certificate",
        "output-mode",
        "output-name-twice",
        "page-too-large",
        "password-without-username",
        "path-pattern",
        "privacy-overlap-is-no-time",
        "privacy-overlap-without-end",
        "privacy-overlap-without-key",
        "privacy-twice",
        "privacy-without-mapping",
        "proxy",
        "reads-own-archive",
        "reads-own-output",
        "secret-file-missing",
        "secret-missing",
        "secret-twice",
        "secret-with-an-odd-character",
        "source-field-is-a-date",
        "source-field-of-our-own",
        "source-field-with-a-dot",
        "source-name-twice",
        "source-namespace",
        "source-tag-of-two-lines",
        "source-tenant-name-twice",
        "sources-dir-broken",
        "sources-dir-empty",
        "sources-dir-missing",
        "sources-dir-name-twice",
        "sources-dir-other-section",
        "sources-dir-without-header",
        "sources-dir-without-source",
        "tenant-of-files",
        "too-far-back",
        "trusted-key-file-missing",
        "trusted-key-is-none",
        "trusted-keys-empty",
        "two-namespaces",
        "two-ways-to-authenticate",
        "two-ways-to-sign-in",
        "url-for-domain",
        "url-in-the-clear",
        "url-is-none",
        "url-with-password",
        "username-with-colon",
        "username-without-password",
        "variable-not-set",
    ];

    struct Validator {
        schemas: Schemas,
        index: SchemaIndex,
    }

    impl Validator {
        fn new(schema: Value) -> Self {
            const PLACE: &str = "https://exotrace.example/settings.schema.json";
            let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
            compiler.add_resource(PLACE, schema).unwrap();
            let index = compiler.compile(PLACE, &mut schemas).unwrap();
            Self { schemas, index }
        }

        fn validate(&self, settings: &str) -> Result<(), String> {
            let value: Value = toml::from_str(settings).map_err(|error| error.to_string())?;
            self.schemas.validate(&value, self.index).map_err(|error| format!("{error:#}"))
        }
    }

    fn fixtures(folder: &str) -> Vec<(String, String)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/config").join(folder);
        let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let paths = paths.filter(|path| path.extension().is_some_and(|extension| extension == "toml"));
        let read = |path: std::path::PathBuf| {
            (path.file_stem().unwrap().to_string_lossy().into_owned(), fs::read_to_string(&path).unwrap())
        };
        paths.map(read).collect()
    }

    #[test]
    fn good_settings_are_valid() {
        let validator = Validator::new(serde_json::from_str(SCHEMA).unwrap());
        for (name, text) in fixtures("good") {
            assert_eq!(validator.validate(&text), Ok(()), "{name}");
        }
    }

    #[test]
    fn bad_settings_are_not_valid_where_a_schema_can_see_it() {
        let validator = Validator::new(serde_json::from_str(SCHEMA).unwrap());
        let bad = fixtures("bad");
        let valid = bad.iter().filter(|(_, text)| validator.validate(text).is_ok()).map(|(name, _)| name.as_str());
        assert_eq!(valid.collect::<BTreeSet<_>>(), BEYOND_A_SCHEMA.iter().copied().collect());
    }

    #[test]
    fn files_of_sources_have_a_schema_of_their_own() {
        let validator = Validator::new(of_source_file());
        for (name, text) in fixtures("good/tenants.d") {
            let is_read = !name.starts_with('.');
            assert_eq!(validator.validate(&text).is_ok(), is_read, "{name}: {:?}", validator.validate(&text));
        }
        for name in ["broken", "other-section", "several", "without-header", "without-source"] {
            let files = fixtures(&format!("bad/sources-dir-{name}.d"));
            assert!(files.iter().any(|(_, text)| validator.validate(text).is_err()), "{name}");
        }
    }

    /// What the program reads and what the schema says cannot differ.
    #[test]
    fn every_kind_is_there_with_its_keys() {
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        let kinds = |section: &str| schema["properties"][section]["items"]["oneOf"].as_array().unwrap().clone();
        for (section, registered) in [("source", SOURCES.keys()), ("output", OUTPUTS.keys())] {
            let kinds = kinds(section);
            assert_eq!(kinds.len(), registered.len());
            for (names, keys) in registered {
                let kind = kinds.iter().find(|kind| kind["properties"]["type"]["enum"] == serde_json::json!(names));
                let properties = kind.expect(names[0])["properties"].as_object().unwrap();
                for key in keys {
                    assert!(properties.contains_key(key), "{section} of type {names:?}: {key}");
                }
            }
        }
    }

    #[test]
    fn every_key_says_what_it_is() {
        fn check(place: &str, schema: &Value) {
            for (key, property) in schema["properties"].as_object().into_iter().flatten() {
                let place = format!("{place}.{key}");
                let is_section = property["properties"].is_object() || property["items"]["oneOf"].is_array();
                let is_explained = property["description"].is_string() || property["deprecated"] == true;
                assert!(is_explained || is_section, "{place}: {property}");
                check(&place, property);
                property["items"]["oneOf"].as_array().into_iter().flatten().for_each(|kind| check(&place, kind));
            }
        }
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        check("", &schema);
        let sources = schema["properties"]["source"]["items"]["oneOf"].as_array().unwrap();
        let graph = sources.iter().find(|kind| kind["title"].as_str().unwrap().contains("graph"));
        let graph = &graph.unwrap()["properties"];
        assert_eq!(graph["interval"]["default"], "1h");
        assert_eq!(graph["request_budget"]["maximum"], 1_000_000);
    }
}
