//! The reference in `host/docs/settings.md`: one table for each section and type, made of the schema of the settings, and
//! so of the structs that they are read into.
//!
//! `UPDATE_GOLDEN=1` writes the tables.

use std::{env, fs};

use serde_json::{Map, Value};

use crate::harness::{Folder, project};

/// After this line the page is generated.
const MARK: &str = "<!-- Generated: `UPDATE_GOLDEN=1 make test` writes all that follows. -->\n";

type Properties = Map<String, Value>;

/// The properties of a table, or of a kind.
fn properties(schema: &Value) -> &Properties {
    schema["properties"].as_object().unwrap()
}

/// Adds a table with the keys that have an explanation: `type` first, then what is required, then the others.
fn add_table(page: &mut String, title: &str, section: &str, keys: &Properties, required: &Value) {
    let is_required = |key: &str| required.as_array().unwrap().iter().any(|it| it == key);
    let mut rows: Vec<_> = keys.iter().filter_map(|(key, value)| Some((key, value["description"].as_str()?))).collect();
    rows.sort_by_key(|(key, _)| (*key != "type", !is_required(key), key.as_str()));
    page.push_str(&format!("\n### {title}\n\n"));
    if rows.is_empty() {
        page.push_str("No other keys.\n");
        return;
    }
    page.push_str("| key | meaning |\n|---|---|\n");
    for (key, about) in rows {
        page.push_str(&format!("| `{section}{key}` | {about} |\n"));
    }
}

/// Adds the table of a section, and those of the sections in it.
fn add_section(page: &mut String, name: &str, schema: &Value) {
    let title = if name.is_empty() { "The top of the file" } else { name };
    let section = if name.is_empty() { String::new() } else { format!("{name}.") };
    let (inner, keys): (Properties, Properties) =
        properties(schema).clone().into_iter().partition(|(_, value)| value["properties"].is_object());
    add_table(page, title, &section, &keys, &schema["required"]);
    for (key, schema) in inner {
        add_section(page, &format!("{section}{key}"), &schema);
    }
}

/// Adds what all kinds of a section have in common, and what each has besides.
fn add_kinds(page: &mut String, section: &str, kinds: &[Value]) {
    let is_common = |key: &str, value: &Value| {
        let same = |kind: &Value| properties(kind)[key]["description"] == value["description"];
        kinds.iter().all(|kind| properties(kind).contains_key(key) && same(kind))
    };
    let (common, _): (Properties, Properties) =
        properties(&kinds[0]).clone().into_iter().partition(|(key, value)| is_common(key, value));
    add_table(page, &format!("Every {section}"), &format!("{section}."), &common, &kinds[0]["required"]);
    for kind in kinds {
        let title = format!("{section} of type {}", kind["title"].as_str().unwrap().replace(", ", " or "));
        let (_, own): (Properties, Properties) =
            properties(kind).clone().into_iter().partition(|(key, _)| common.contains_key(key));
        add_table(page, &title, &format!("{section}."), &own, &kind["required"]);
        for (key, inner) in own.iter().filter(|(_, value)| value["properties"].is_object()) {
            add_section(page, &format!("{section}.{key}"), inner);
        }
    }
}

fn reference() -> String {
    let schema = Folder::new().bare(&["config", "schema"]).ends(0).json();
    let mut page = String::new();
    add_section(&mut page, "", &schema);
    for section in ["source", "output"] {
        add_kinds(&mut page, section, schema["properties"][section]["items"]["oneOf"].as_array().unwrap());
    }
    page
}

#[test]
fn the_reference_is_that_of_the_structs() {
    let file = project().join("host/docs/settings.md");
    let page = fs::read_to_string(&file).unwrap();
    let (before, committed) = page.split_once(MARK).expect("the page has the mark");
    let reference = reference();
    let rows = reference.lines().filter(|line| line.starts_with("| `")).count();
    assert!(rows > 90, "{rows}");
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(file, format!("{before}{MARK}{reference}")).unwrap();
        return;
    }
    assert_eq!(committed, reference, "`UPDATE_GOLDEN=1 make test` writes it");
}
