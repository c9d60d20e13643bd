//! Panels as Lens draws them.

use serde_json::{Map, Value, json};

use crate::cli::assets::{
    content::{MOST_VALUES, Metric, Panel, PanelView},
    data_view::DataView,
};

/// The one layer of a panel, and its columns.
const LAYER: &str = "layer";
const METRIC: &str = "metric";
const TIME: &str = "time";
const SPLIT: &str = "split";

/// What Lens has to know of a panel.
pub(super) fn lens(panel: &Panel, view: &DataView) -> Value {
    let (columns, order) = columns(panel);
    let (kind, visualization) = visualization(panel);
    json!({
        "title": panel.title,
        "description": panel.description(),
        "type": "lens",
        "visualizationType": kind,
        "references": [{
            "type": "index-pattern",
            "id": view.id(),
            "name": format!("indexpattern-datasource-layer-{LAYER}"),
        }],
        "state": {
            "query": { "query": panel.condition.kql(), "language": "kuery" },
            "filters": [],
            "internalReferences": [],
            "adHocDataViews": {},
            "visualization": visualization,
            "datasourceStates": {
                "formBased": {
                    "layers": { LAYER: { "columns": columns, "columnOrder": order, "incompleteColumns": {} } },
                },
            },
        },
    })
}

/// The columns of a panel by name, and their order: buckets first.
fn columns(panel: &Panel) -> (Map<String, Value>, Vec<String>) {
    let mut columns: Vec<(String, Value)> = match panel.view {
        PanelView::Number => Vec::new(),
        PanelView::OverTime { time, split } => {
            let split = split.map(|field| (SPLIT.to_owned(), terms(field)));
            split.into_iter().chain([(TIME.to_owned(), date_histogram(time))]).collect()
        }
        PanelView::Top { field } | PanelView::Share { field } => vec![(SPLIT.to_owned(), terms(field))],
        PanelView::Table { fields } => {
            fields.iter().enumerate().map(|(place, field)| (format!("{SPLIT}{place}"), terms(field))).collect()
        }
    };
    columns.push((METRIC.to_owned(), metric(panel.metric)));
    let order = columns.iter().map(|(name, _)| name.clone()).collect();
    (columns.into_iter().collect(), order)
}

fn metric(metric: Metric) -> Value {
    let mut column = json!({
        "label": metric.label(),
        "customLabel": true,
        "dataType": "number",
        "isBucketed": false,
        "scale": "ratio",
    });
    let (operation, field, parameters) = match metric {
        Metric::Count => ("count", "___records___", json!({ "emptyAsNull": false })),
        Metric::Distinct(field) => ("unique_count", field, json!({ "emptyAsNull": false })),
        Metric::Bytes(field) => {
            ("sum", field, json!({ "emptyAsNull": false, "format": { "id": "bytes", "params": { "decimals": 1 } } }))
        }
    };
    column["operationType"] = json!(operation);
    column["sourceField"] = json!(field);
    column["params"] = parameters;
    column
}

fn date_histogram(field: &str) -> Value {
    json!({
        "label": field,
        "dataType": "date",
        "isBucketed": true,
        "scale": "interval",
        "operationType": "date_histogram",
        "sourceField": field,
        "params": { "interval": "auto", "includeEmptyRows": true, "dropPartials": false },
    })
}

fn terms(field: &str) -> Value {
    json!({
        "label": field,
        "customLabel": true,
        "dataType": "string",
        "isBucketed": true,
        "scale": "ordinal",
        "operationType": "terms",
        "sourceField": field,
        "params": {
            "size": MOST_VALUES,
            "orderBy": { "type": "column", "columnId": METRIC },
            "orderDirection": "desc",
            "otherBucket": false,
            "missingBucket": false,
            "parentFormat": { "id": "terms" },
        },
    })
}

/// How a panel is drawn: the kind, and its settings.
fn visualization(panel: &Panel) -> (&'static str, Value) {
    match panel.view {
        PanelView::Number => ("lnsMetric", json!({ "layerId": LAYER, "layerType": "data", "metricAccessor": METRIC })),
        PanelView::OverTime { split, .. } => ("lnsXY", xy("bar_stacked", TIME, split.map(|_| SPLIT))),
        PanelView::Top { .. } => ("lnsXY", xy("bar_horizontal", SPLIT, None)),
        PanelView::Share { .. } => (
            "lnsPie",
            json!({
                "shape": "donut",
                "layers": [{
                    "layerId": LAYER,
                    "layerType": "data",
                    "primaryGroups": [SPLIT],
                    "metrics": [METRIC],
                    "numberDisplay": "percent",
                    "categoryDisplay": "default",
                    "legendDisplay": "default",
                    "nestedLegend": false,
                }],
            }),
        ),
        PanelView::Table { fields } => {
            let splits = (0..fields.len()).map(|place| format!("{SPLIT}{place}"));
            let columns: Vec<_> =
                splits.chain([METRIC.to_owned()]).map(|column| json!({ "columnId": column })).collect();
            ("lnsDatatable", json!({ "layerId": LAYER, "layerType": "data", "columns": columns }))
        }
    }
}

fn xy(series: &str, x: &str, split: Option<&str>) -> Value {
    let mut layer = json!({
        "layerId": LAYER,
        "layerType": "data",
        "seriesType": series,
        "xAccessor": x,
        "accessors": [METRIC],
        "position": "top",
        "showGridlines": false,
    });
    if let Some(split) = split {
        layer["splitAccessor"] = json!(split);
    }
    json!({
        "preferredSeriesType": series,
        "layers": [layer],
        "legend": { "isVisible": split.is_some(), "position": "right" },
        "valueLabels": "hide",
        "fittingFunction": "None",
        "axisTitlesVisibilitySettings": { "x": false, "yLeft": false, "yRight": false },
        "tickLabelsVisibilitySettings": { "x": true, "yLeft": true, "yRight": true },
        "gridlinesVisibilitySettings": { "x": false, "yLeft": true, "yRight": true },
    })
}
