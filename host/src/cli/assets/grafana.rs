//! The dashboard of Grafana for the metrics of exotrace, as Grafana imports it.

use serde_json::{Value, json};

mod grafana_panel;
mod rows;

use grafana_panel::{GrafanaPanel, GrafanaView, PromQuery};
use rows::ROWS;

/// Width of Grafana's grid.
const COLUMNS: u32 = 24;

/// The data source that is chosen on the dashboard.
fn data_source() -> Value {
    json!({ "type": "prometheus", "uid": "${datasource}" })
}

/// The dashboard; links lead to the documentation below `docs_url`.
pub(super) fn dashboard(docs_url: &str) -> Value {
    json!({
        "title": "exotrace",
        "uid": "exotrace",
        "description": "Collection of Exchange Online message trace: sources, outputs, mapping, machine.",
        "tags": ["exotrace"],
        "schemaVersion": 39,
        "version": 1,
        "editable": true,
        "graphTooltip": 1,
        "refresh": "1m",
        "timezone": "browser",
        "time": { "from": "now-24h", "to": "now" },
        "links": links(docs_url),
        "annotations": { "list": [restarts(), mapping_changes()] },
        "templating": { "list": [
            { "name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus" },
            variable("instance", "Instance", "label_values(exotrace_build_info, instance)"),
            variable("source", "Source", "label_values(exotrace_records_read_total{instance=~\"$instance\"}, source)"),
        ] },
        "panels": panels(),
    })
}

fn links(docs_url: &str) -> Value {
    let link = |title: &str, icon: &str, url: String| json!({ "title": title, "type": "link", "icon": icon, "url": url, "targetBlank": true, "tags": [] });
    json!([
        link("Alerts", "bolt", "/alerting/list?search=Exotrace".to_owned()),
        link("Troubleshooting", "question", format!("{docs_url}/host/docs/troubleshooting.md")),
        link("Metrics", "doc", format!("{docs_url}/host/docs/monitoring.md")),
    ])
}

fn restarts() -> Value {
    annotation(
        "Start of the process",
        "blue",
        "changes(process_start_time_seconds{instance=~\"$instance\"}[$__interval]) > 0",
    )
}

fn mapping_changes() -> Value {
    let expression = "increase(exotrace_mapping_changes_total{instance=~\"$instance\",change=~\"replaced|rolled_back\"}[$__interval]) > 0";
    annotation("Change of the mapping", "purple", expression)
}

fn annotation(name: &str, color: &str, expression: &str) -> Value {
    json!({
        "name": name,
        "datasource": data_source(),
        "enable": true,
        "iconColor": color,
        "expr": expression,
        "titleFormat": name,
    })
}

fn variable(name: &str, label: &str, query: &str) -> Value {
    json!({
        "name": name,
        "type": "query",
        "label": label,
        "datasource": data_source(),
        "query": { "query": query, "refId": name },
        "includeAll": true,
        // Where there is no series yet, all is still all.
        "allValue": ".*",
        "multi": true,
        "refresh": 2,
        "sort": 1,
        "current": { "selected": true, "text": ["All"], "value": ["$__all"] },
    })
}

/// Rows and panels with their places, in order.
fn panels() -> Vec<Value> {
    let (mut panels, mut y, mut id) = (Vec::new(), 0, 0);
    for row in ROWS {
        id += 1;
        panels.push(json!({
            "id": id,
            "type": "row",
            "title": row.title,
            "collapsed": false,
            "gridPos": { "x": 0, "y": y, "w": COLUMNS, "h": 1 },
            "panels": [],
        }));
        y += 1;
        let (mut x, mut row_height) = (0, 0);
        for panel in row.panels {
            id += 1;
            let (width, height) = (panel.width, panel.height());
            if x + width > COLUMNS {
                (x, y, row_height) = (0, y + row_height, 0);
            }
            let mut drawn = drawn(panel);
            drawn["id"] = json!(id);
            drawn["gridPos"] = json!({ "x": x, "y": y, "w": width, "h": height });
            panels.push(drawn);
            x += width;
            row_height = row_height.max(height);
        }
        y += row_height;
    }
    panels
}

fn drawn(panel: &GrafanaPanel) -> Value {
    let targets: Vec<_> = panel.queries.iter().zip('A'..='Z').map(|(query, name)| target(query, name, panel)).collect();
    let mut drawn = json!({
        "type": panel.kind(),
        "title": panel.title,
        "description": panel.about,
        "datasource": data_source(),
        "targets": targets,
        "fieldConfig": { "defaults": defaults(panel), "overrides": overrides(panel) },
        "options": options(panel),
    });
    match panel.view {
        // A poll an hour gives a bar an hour, and not a spike between zeros.
        GrafanaView::Bars => drawn["interval"] = json!("1h"),
        GrafanaView::Table(columns) => drawn["transformations"] = transformations(columns, panel.queries.len()),
        GrafanaView::Number | GrafanaView::Name | GrafanaView::Lines => {}
    }
    drawn
}

fn target(query: &PromQuery, name: char, panel: &GrafanaPanel) -> Value {
    let mut target = json!({
        "refId": name.to_string(),
        "datasource": data_source(),
        "expr": query.expression,
        "legendFormat": query.legend,
    });
    if panel.is_instant() {
        target["instant"] = json!(true);
        target["range"] = json!(false);
    }
    if matches!(panel.view, GrafanaView::Table(_)) {
        target["format"] = json!("table");
    }
    target
}

fn defaults(panel: &GrafanaPanel) -> Value {
    let mut steps = vec![json!({ "color": if panel.thresholds.is_empty() { "blue" } else { "green" }, "value": null })];
    steps.extend(panel.thresholds.iter().map(|(value, color)| json!({ "color": color, "value": value })));
    let mut defaults = json!({ "unit": panel.unit, "thresholds": { "mode": "absolute", "steps": steps } });
    match panel.view {
        GrafanaView::Number | GrafanaView::Name => {
            defaults["color"] = json!({ "mode": "thresholds" });
            // Nothing yet, which is not the same as none.
            defaults["noValue"] = json!("no data");
        }
        GrafanaView::Bars => {
            defaults["color"] = json!({ "mode": "palette-classic" });
            defaults["custom"] = json!({
                "drawStyle": "bars", "fillOpacity": 70, "lineWidth": 1, "stacking": { "mode": "normal", "group": "A" },
            });
            defaults["min"] = json!(0);
        }
        GrafanaView::Lines => {
            let shows_thresholds = if panel.thresholds.is_empty() { "off" } else { "line+area" };
            defaults["color"] = json!({ "mode": "palette-classic" });
            defaults["custom"] = json!({
                "drawStyle": "line", "lineWidth": 1, "fillOpacity": 5, "spanNulls": false,
                "thresholdsStyle": { "mode": shows_thresholds },
            });
            defaults["min"] = json!(0);
        }
        GrafanaView::Table(_) => {}
    }
    defaults
}

/// Colours of states, where a table has them.
fn overrides(panel: &GrafanaPanel) -> Value {
    let GrafanaView::Table(columns) = panel.view else { return json!([]) };
    if !columns.iter().any(|(label, _)| *label == "state") {
        return json!([]);
    }
    let state = |name: &str, color: &str, index: u32| (name.to_owned(), json!({ "color": color, "index": index }));
    let colors: serde_json::Map<_, _> = [
        state("working", "green", 0),
        state("starting", "blue", 1),
        state("retrying", "orange", 2),
        state("needs_attention", "red", 3),
        state("stalled", "dark-red", 4),
    ]
    .into_iter()
    .collect();
    json!([{
        "matcher": { "id": "byName", "options": "State" },
        "properties": [
            { "id": "mappings", "value": [{ "type": "value", "options": colors }] },
            { "id": "custom.cellOptions", "value": { "type": "color-background" } },
        ],
    }])
}

/// A table has the columns that are named, under their own names.
fn transformations(columns: &[(&str, &str)], queries: usize) -> Value {
    let names: Vec<_> = columns.iter().map(|(label, _)| *label).collect();
    let shown: serde_json::Map<_, _> = columns.iter().map(|(label, name)| ((*label).to_owned(), json!(name))).collect();
    let order: serde_json::Map<_, _> =
        columns.iter().enumerate().map(|(place, (label, _))| ((*label).to_owned(), json!(place))).collect();
    let mut steps = Vec::new();
    if queries > 1 {
        steps.push(json!({ "id": "merge", "options": {} }));
    }
    steps.push(json!({ "id": "filterFieldsByName", "options": { "include": { "names": names } } }));
    steps.push(
        json!({ "id": "organize", "options": { "indexByName": order, "renameByName": shown, "excludeByName": {} } }),
    );
    json!(steps)
}

fn options(panel: &GrafanaPanel) -> Value {
    match panel.view {
        GrafanaView::Number => json!({
            "colorMode": if panel.thresholds.is_empty() { "value" } else { "background" },
            "graphMode": "none", "textMode": "auto", "justifyMode": "auto", "orientation": "auto",
            "reduceOptions": { "calcs": ["lastNotNull"], "fields": "", "values": false },
        }),
        GrafanaView::Name => json!({
            "colorMode": "value", "graphMode": "none", "textMode": "name", "justifyMode": "auto", "orientation": "auto",
            "reduceOptions": { "calcs": ["lastNotNull"], "fields": "", "values": false },
        }),
        GrafanaView::Bars | GrafanaView::Lines => json!({
            "legend": { "displayMode": "list", "placement": "bottom", "showLegend": true },
            "tooltip": { "mode": "multi", "sort": "desc" },
        }),
        GrafanaView::Table(_) => json!({ "showHeader": true, "cellHeight": "sm" }),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_panel_says_what_it_shows() {
        let dashboard = dashboard("https://docs.example");
        let panels = dashboard["panels"].as_array().unwrap();
        let mut ids = BTreeSet::new();
        for panel in panels {
            assert!(ids.insert(panel["id"].as_u64().unwrap()), "{panel}");
            if panel["type"] == "row" {
                continue;
            }
            let about = panel["description"].as_str().unwrap();
            assert!(about.len() > 20 && about.ends_with('.'), "{panel}");
            for target in panel["targets"].as_array().unwrap() {
                assert!(target["expr"].as_str().unwrap().contains("$instance"), "{target}");
            }
        }
        assert!(panels.iter().filter(|panel| panel["type"] == "row").count() >= 5);
        assert_eq!(dashboard["links"][1]["url"], "https://docs.example/host/docs/troubleshooting.md");
    }

    #[test]
    fn a_table_shows_its_columns_and_no_raw_labels() {
        let dashboard = dashboard("");
        for table in dashboard["panels"].as_array().unwrap().iter().filter(|panel| panel["type"] == "table") {
            let steps = table["transformations"].as_array().unwrap();
            let organize = steps.iter().find(|step| step["id"] == "organize").unwrap();
            for name in organize["options"]["renameByName"].as_object().unwrap().values() {
                assert!(name.as_str().unwrap().starts_with(char::is_uppercase), "{table}");
            }
        }
    }

    #[test]
    fn counts_are_told_over_the_range_or_by_the_hour() {
        for panel in ROWS.iter().flat_map(|row| row.panels) {
            for query in panel.queries {
                let counts = query.expression.contains("_total{");
                let is_over_range =
                    ["[$__range]", "[$__rate_interval]", "[1d]"].iter().any(|it| query.expression.contains(it));
                assert!(!counts || is_over_range, "{}: {}", panel.title, query.expression);
            }
        }
    }
}
