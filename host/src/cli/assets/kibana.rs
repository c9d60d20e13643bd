//! Saved objects of Kibana, as its import reads them: a data view, a dashboard of Lens panels, saved searches.
//!
//! Written in a form that is older than any Kibana that imports them: Kibana carries saved objects over to its own
//! version, and refuses those of a later one.

use serde_json::{Value, json};

use super::{
    content::{Placed, SEARCHES, SECTIONS, SavedSearch, TIME, place},
    data_view::DataView,
};

mod lens;

use lens::lens;

/// The form in which objects are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KibanaForm {
    /// That of Kibana 8.10 and later, and of 9.
    Current,
    /// That of Kibana 8.6, which every later 8 reads.
    Kibana8,
}

/// All objects, an object a line.
pub(super) fn objects(view: &DataView, form: KibanaForm) -> Vec<Value> {
    let mut objects = vec![data_view(view)];
    objects.extend(SEARCHES.iter().map(|search| saved_search(search, view)));
    objects.push(dashboard(view));
    objects.into_iter().map(|object| versioned(object, form)).collect()
}

/// Says in which version an object is written.
fn versioned(mut object: Value, form: KibanaForm) -> Value {
    let kind = object["type"].as_str().unwrap_or_default().to_owned();
    match form {
        KibanaForm::Current => {
            let version = match kind.as_str() {
                "dashboard" => "8.9.0",
                _ => "8.0.0",
            };
            object["coreMigrationVersion"] = json!("8.8.0");
            object["typeMigrationVersion"] = json!(version);
        }
        KibanaForm::Kibana8 => {
            let version = match kind.as_str() {
                "dashboard" => "8.6.0",
                _ => "8.0.0",
            };
            object["coreMigrationVersion"] = json!("8.6.0");
            object["migrationVersion"] = json!({ kind: version });
        }
    }
    object
}

fn data_view(view: &DataView) -> Value {
    json!({
        "type": "index-pattern",
        "id": view.id(),
        "attributes": {
            "title": view.pattern(),
            "name": view.name(),
            "timeFieldName": TIME,
            "fieldFormatMap": DataView::formats().to_string(),
        },
        "references": [],
    })
}

fn saved_search(search: &SavedSearch, view: &DataView) -> Value {
    json!({
        "type": "search",
        "id": view.id_of(&format!("search-{}", search.slug)),
        "attributes": {
            "title": view.title_of(search.title),
            "description": search.description(),
            "columns": search.columns,
            "sort": [[TIME, "desc"]],
            "kibanaSavedObjectMeta": { "searchSourceJSON": search_source(&search.condition.kql()) },
        },
        "references": [{
            "type": "index-pattern",
            "id": view.id(),
            "name": "kibanaSavedObjectMeta.searchSourceJSON.index",
        }],
    })
}

/// What is searched by a saved search.
fn search_source(kql: &str) -> String {
    json!({
        "query": { "query": kql, "language": "kuery" },
        "filter": [],
        "indexRefName": "kibanaSavedObjectMeta.searchSourceJSON.index",
    })
    .to_string()
}

fn dashboard(view: &DataView) -> Value {
    let (mut panels, mut references) = (Vec::new(), Vec::new());
    for (index, (place, placed)) in place(SECTIONS).into_iter().enumerate() {
        let number = index.to_string();
        let grid = json!({ "x": place.x, "y": place.y, "w": place.width, "h": place.height, "i": number });
        match placed {
            Placed::Heading(section) => panels.push(json!({
                "type": "visualization",
                "version": "8.6.0",
                "panelIndex": number,
                "gridData": grid,
                "embeddableConfig": {
                    "hidePanelTitles": true,
                    "enhancements": {},
                    "savedVis": {
                        "title": "",
                        "description": "",
                        "type": "markdown",
                        "params": {
                            "fontSize": 12,
                            "openLinksInNewTab": false,
                            "markdown": format!("### {}\n{}", section.title, section.about),
                        },
                        "uiState": {},
                        "data": { "aggs": [], "searchSource": { "query": { "query": "", "language": "kuery" }, "filter": [] } },
                    },
                },
            })),
            Placed::Panel(panel) => {
                let attributes = lens(panel, view);
                for reference in attributes["references"].as_array().into_iter().flatten() {
                    let mut reference = reference.clone();
                    let name = reference["name"].as_str().unwrap_or_default();
                    reference["name"] = json!(format!("{number}:{name}"));
                    references.push(reference);
                }
                panels.push(json!({
                    "type": "lens",
                    "version": "8.6.0",
                    "panelIndex": number,
                    "gridData": grid,
                    "title": panel.title,
                    "embeddableConfig": { "attributes": attributes, "description": panel.description(), "enhancements": {} },
                }));
            }
        }
    }
    json!({
        "type": "dashboard",
        "id": view.id_of("dashboard"),
        "attributes": {
            "title": view.title_of("Message trace"),
            "description": "Mail flow of Exchange Online: now, flow, problems, geography, health of the collection.",
            "panelsJSON": Value::from(panels).to_string(),
            "optionsJSON": json!({ "useMargins": true, "hidePanelTitles": false, "syncColors": false }).to_string(),
            "timeRestore": true,
            "timeFrom": "now-24h",
            "timeTo": "now",
            "version": 1,
            "kibanaSavedObjectMeta": {
                "searchSourceJSON": json!({ "query": { "query": "", "language": "kuery" }, "filter": [] }).to_string(),
            },
        },
        "references": references,
    })
}
