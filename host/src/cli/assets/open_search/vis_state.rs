//! Panels as visualizations by aggregation.

use serde_json::{Value, json};

use crate::cli::assets::content::{MOST_VALUES, Metric, Panel, PanelView};

/// A visualization of a panel.
pub(super) fn vis_state(panel: &Panel) -> Value {
    let mut aggregations = vec![metric(panel.metric)];
    let (kind, parameters) = match panel.view {
        PanelView::Number => ("metric", number()),
        PanelView::OverTime { time, split } => {
            aggregations.push(date_histogram(time));
            aggregations.extend(split.map(|field| terms("3", "group", field)));
            ("histogram", bars("histogram", split.is_some(), panel.metric))
        }
        PanelView::Top { field } => {
            aggregations.push(terms("2", "segment", field));
            ("horizontal_bar", bars("horizontal_bar", false, panel.metric))
        }
        PanelView::Share { field } => {
            aggregations.push(terms("2", "segment", field));
            ("pie", pie())
        }
        PanelView::Table { fields } => {
            aggregations.extend(
                fields.iter().enumerate().map(|(place, field)| terms(&(place + 2).to_string(), "bucket", field)),
            );
            ("table", table())
        }
    };
    json!({ "title": panel.title, "type": kind, "params": parameters, "aggs": aggregations })
}

/// A text.
pub(super) fn markdown(text: &str) -> Value {
    json!({
        "title": "",
        "type": "markdown",
        "params": { "fontSize": 12, "openLinksInNewTab": false, "markdown": text },
        "aggs": [],
    })
}

fn metric(metric: Metric) -> Value {
    let label = metric.label();
    let (kind, parameters) = match metric {
        Metric::Count => ("count", json!({ "customLabel": label })),
        Metric::Distinct(field) => ("cardinality", json!({ "field": field, "customLabel": label })),
        Metric::Bytes(field) => ("sum", json!({ "field": field, "customLabel": label })),
    };
    json!({ "id": "1", "enabled": true, "type": kind, "schema": "metric", "params": parameters })
}

fn date_histogram(field: &str) -> Value {
    json!({
        "id": "2",
        "enabled": true,
        "type": "date_histogram",
        "schema": "segment",
        "params": {
            "field": field,
            "interval": "auto",
            "min_doc_count": 1,
            "drop_partials": false,
            "useNormalizedOpenSearchInterval": true,
            "extended_bounds": {},
        },
    })
}

fn terms(id: &str, schema: &str, field: &str) -> Value {
    json!({
        "id": id,
        "enabled": true,
        "type": "terms",
        "schema": schema,
        "params": {
            "field": field,
            "size": MOST_VALUES,
            "orderBy": "1",
            "order": "desc",
            "otherBucket": false,
            "missingBucket": false,
        },
    })
}

fn number() -> Value {
    json!({
        "type": "metric",
        "addTooltip": true,
        "addLegend": false,
        "metric": {
            "percentageMode": false,
            "useRanges": false,
            "colorSchema": "Green to Red",
            "metricColorMode": "None",
            "colorsRange": [{ "from": 0, "to": 10_000 }],
            "labels": { "show": true },
            "invertColors": false,
            "style": { "bgFill": "#000", "bgColor": false, "labelColor": false, "subText": "", "fontSize": 36 },
        },
    })
}

fn bars(kind: &str, has_legend: bool, metric: Metric) -> Value {
    let is_horizontal = kind == "horizontal_bar";
    let [category, value] = if is_horizontal { ["left", "bottom"] } else { ["bottom", "left"] };
    json!({
        "type": kind,
        "grid": { "categoryLines": false },
        "categoryAxes": [{
            "id": "CategoryAxis-1",
            "type": "category",
            "position": category,
            "show": true,
            "style": {},
            "scale": { "type": "linear" },
            "labels": { "show": true, "truncate": 200, "rotate": 0, "filter": !is_horizontal },
            "title": {},
        }],
        "valueAxes": [{
            "id": "ValueAxis-1",
            "name": if is_horizontal { "BottomAxis-1" } else { "LeftAxis-1" },
            "type": "value",
            "position": value,
            "show": true,
            "style": {},
            "scale": { "type": "linear", "mode": "normal" },
            "labels": { "show": true, "rotate": 0, "filter": is_horizontal, "truncate": 100 },
            "title": { "text": metric.label() },
        }],
        "seriesParams": [{
            "show": true,
            "type": "histogram",
            "mode": "stacked",
            "data": { "label": metric.label(), "id": "1" },
            "valueAxis": "ValueAxis-1",
            "drawLinesBetweenPoints": true,
            "lineWidth": 2,
            "showCircles": true,
        }],
        "addTooltip": true,
        "addLegend": has_legend,
        "legendPosition": "right",
        "times": [],
        "addTimeMarker": false,
        "labels": {},
        "thresholdLine": { "show": false, "value": 10, "width": 1, "style": "full", "color": "#E7664C" },
    })
}

fn pie() -> Value {
    json!({
        "type": "pie",
        "addTooltip": true,
        "addLegend": true,
        "legendPosition": "right",
        "isDonut": true,
        "labels": { "show": false, "values": true, "last_level": true, "truncate": 100 },
    })
}

fn table() -> Value {
    json!({
        "perPage": 10,
        "showPartialRows": false,
        "showMetricsAtAllLevels": false,
        "showTotal": false,
        "totalFunc": "sum",
        "percentageCol": "",
    })
}
