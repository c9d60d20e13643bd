//! Saved objects of OpenSearch Dashboards, as its import reads them: an index pattern, visualizations, a dashboard, saved
//! searches.

use serde_json::{Value, json};

use super::{
    content::{Panel, Placed, SEARCHES, SECTIONS, SavedSearch, TIME, place},
    data_view::DataView,
};

mod vis_state;

use vis_state::{markdown, vis_state};

/// What an object names its index pattern by.
const INDEX: &str = "kibanaSavedObjectMeta.searchSourceJSON.index";

/// All objects, an object a line.
pub(super) fn objects(view: &DataView) -> Vec<Value> {
    let mut objects = vec![index_pattern(view)];
    objects.extend(SEARCHES.iter().map(|search| saved_search(search, view)));
    let (mut panels, mut references) = (Vec::new(), Vec::new());
    for (index, (place, placed)) in place(SECTIONS).into_iter().enumerate() {
        let object = match placed {
            Placed::Heading(section) => {
                let slug = format!("heading-{}", section.title.to_lowercase().replace(' ', "-"));
                let state = markdown(&format!("### {}\n{}", section.title, section.about));
                visualization(view, &slug, section.title, section.about, &state, None)
            }
            Placed::Panel(panel) => drawn(panel, view),
        };
        let (number, name) = (index.to_string(), format!("panel_{index}"));
        panels.push(json!({
            "version": "7.10.0",
            "panelIndex": number,
            "gridData": { "x": place.x, "y": place.y, "w": place.width, "h": place.height, "i": number },
            "embeddableConfig": { "hidePanelTitles": matches!(placed, Placed::Heading(_)) },
            "panelRefName": name,
        }));
        references.push(json!({ "type": "visualization", "id": object["id"], "name": name }));
        objects.push(object);
    }
    objects.push(dashboard(view, panels, references));
    objects
}

fn index_pattern(view: &DataView) -> Value {
    json!({
        "type": "index-pattern",
        "id": view.id(),
        "attributes": {
            "title": view.pattern(),
            "timeFieldName": TIME,
            "fieldFormatMap": DataView::formats().to_string(),
        },
        "references": [],
        "migrationVersion": { "index-pattern": "7.6.0" },
    })
}

fn saved_search(search: &SavedSearch, view: &DataView) -> Value {
    json!({
        "type": "search",
        "id": view.id_of(&format!("search-{}", search.slug)),
        "attributes": {
            "title": view.title_of(search.title),
            "description": search.description(),
            "hits": 0,
            "version": 1,
            "columns": search.columns,
            "sort": [[TIME, "desc"]],
            "kibanaSavedObjectMeta": { "searchSourceJSON": search_source(&search.condition.kql()) },
        },
        "references": [{ "type": "index-pattern", "id": view.id(), "name": INDEX }],
        "migrationVersion": { "search": "7.9.3" },
    })
}

fn search_source(kql: &str) -> String {
    json!({ "query": { "query": kql, "language": "kuery" }, "filter": [], "indexRefName": INDEX }).to_string()
}

fn drawn(panel: &Panel, view: &DataView) -> Value {
    visualization(view, panel.slug, panel.title, &panel.description(), &vis_state(panel), Some(&panel.condition.kql()))
}

/// A visualization; one without a search shows no documents.
fn visualization(view: &DataView, slug: &str, title: &str, about: &str, state: &Value, kql: Option<&str>) -> Value {
    let nothing = || json!({ "query": { "query": "", "language": "kuery" }, "filter": [] }).to_string();
    let references = match kql {
        Some(_) => json!([{ "type": "index-pattern", "id": view.id(), "name": INDEX }]),
        None => json!([]),
    };
    json!({
        "type": "visualization",
        "id": view.id_of(slug),
        "attributes": {
            "title": view.title_of(title),
            "description": about,
            "version": 1,
            "uiStateJSON": "{}",
            "visState": state.to_string(),
            "kibanaSavedObjectMeta": { "searchSourceJSON": kql.map_or_else(nothing, search_source) },
        },
        "references": references,
        "migrationVersion": { "visualization": "7.10.0" },
    })
}

fn dashboard(view: &DataView, panels: Vec<Value>, references: Vec<Value>) -> Value {
    json!({
        "type": "dashboard",
        "id": view.id_of("dashboard"),
        "attributes": {
            "title": view.title_of("Message trace"),
            "description": "Mail flow of Exchange Online: now, flow, problems, geography, health of the collection.",
            "hits": 0,
            "version": 1,
            "panelsJSON": Value::from(panels).to_string(),
            "optionsJSON": json!({ "useMargins": true, "hidePanelTitles": false }).to_string(),
            "timeRestore": true,
            "timeFrom": "now-24h",
            "timeTo": "now",
            "kibanaSavedObjectMeta": {
                "searchSourceJSON": json!({ "query": { "query": "", "language": "kuery" }, "filter": [] }).to_string(),
            },
        },
        "references": references,
        "migrationVersion": { "dashboard": "7.9.3" },
    })
}
