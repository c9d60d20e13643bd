//! The pages of fields in `guest/docs`: the fields of each mapping version with a value from the fixtures.
//!
//! `UPDATE_GOLDEN=1` writes the pages.

use std::{collections::BTreeMap, env, fs};

use serde_json::Value;

use crate::harness::project;

/// The longest value that is shown in full, in characters.
const LONGEST: usize = 90;

/// Notes the fields of a part of a document, each with the first value that is found.
fn collect(value: &Value, name: &str, fields: &mut BTreeMap<String, String>) {
    if let Value::Array(elements) = value
        && elements.iter().any(Value::is_object)
    {
        elements.iter().for_each(|element| collect(element, name, fields));
        return;
    }
    let Value::Object(members) = value else {
        fields.entry(name.to_owned()).or_insert_with(|| value.to_string());
        return;
    };
    for (key, member) in members {
        let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
        // The copy of the record has the properties of the record, and so has what is left of it; beside the copy are the
        // steps of its delivery.
        let is_ours = ["unmapped.exotrace", "unmapped.details"].iter().any(|ours| name.starts_with(ours));
        let is_rest = name.starts_with("unmapped.") && !is_ours;
        if name == "microsoft" {
            let details = &member["online_message_trace"]["details"];
            if details.is_object() {
                collect(details, "microsoft.online_message_trace.details", fields);
            }
        } else if is_rest {
            fields.entry("unmapped".to_owned()).or_insert_with(|| format!("{{\"{key}\":{member}}}"));
        } else {
            collect(member, &name, fields);
        }
    }
}

/// What each field is made of, for a version that has a file with it; a name that ends with `*` stands for those that
/// begin so.
fn sources(version: &str) -> Option<BTreeMap<String, String>> {
    let file = fs::read(project().join(format!("fixtures/records/sources-{version}.json"))).ok()?;
    Some(serde_json::from_slice(&file).expect("sources are an object of texts"))
}

/// The name under which the sources have a field.
fn key_of(field: &str, sources: &BTreeMap<String, String>) -> String {
    let is_key = |key: &&String| *key == field || key.strip_suffix('*').is_some_and(|start| field.starts_with(start));
    sources.keys().find(is_key).unwrap_or_else(|| panic!("nobody says where `{field}` comes from")).clone()
}

/// The page of a version.
fn page(version: &str) -> String {
    let mut fields = BTreeMap::new();
    for name in ["records/well-formed", "records/broken", "records/details", "tenant/well-formed"] {
        let file = project().join(format!("fixtures/{name}-{version}-expected.json"));
        let outcomes: Vec<Value> = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        for document in outcomes.iter().filter_map(|outcome| outcome.get("document")) {
            collect(document, "", &mut fields);
        }
    }
    let rest = if version.starts_with("ocsf") {
        "`unmapped` has what is mapped to nothing else, under the names of Graph. `exotrace run` adds `agent`, \
         `data_stream`, `event` and `input` to `unmapped.exotrace`."
    } else {
        "`microsoft.online_message_trace` has a copy of the record. `exotrace run` adds `agent`, `data_stream`, `input` \
         and `event.dataset`."
    };
    let mut page = format!(
        "# Fields of mapping {version}\n\nEvery field with a value from `fixtures/records` and `fixtures/tenant`. No \
         document has all of them. {rest}\n\nA test writes this page: `UPDATE_GOLDEN=1 make test`.\n\n"
    );
    let sources = sources(version);
    page += if sources.is_some() {
        "| field | source | example |\n|---|---|---|\n"
    } else {
        "| field | example |\n|---|---|\n"
    };
    for (name, value) in fields {
        let shown: String = value.chars().take(LONGEST).collect();
        let rest = if shown.len() < value.len() { "…" } else { "" };
        let source = sources.as_ref().map(|sources| format!(" {} |", sources[&key_of(&name, sources)]));
        page += &format!("| `{name}` |{} `{}{rest}` |\n", source.unwrap_or_default(), shown.replace('|', "\\|"));
    }
    page
}

#[test]
fn the_pages_list_every_field_of_each_version() {
    let mut versions = 0;
    for entry in fs::read_dir(project().join("fixtures/records")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let version = name.strip_prefix("well-formed-").and_then(|rest| rest.strip_suffix("-expected.json"));
        let Some(version) = version else { continue };
        let file = project().join(format!("guest/docs/fields-{version}.md"));
        if env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&file, page(version)).unwrap();
        }
        let found = fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(found, page(version), "{} is not up to date: write it with UPDATE_GOLDEN=1", file.display());
        versions += 1;
    }
    assert!(versions >= 4, "{versions}");
}
