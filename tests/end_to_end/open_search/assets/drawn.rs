//! Panels as the objects describe them, and the aggregations that their programs make of them.

use serde_json::{Map, Value, json};

/// A panel of a dashboard.
pub(super) struct Drawn {
    pub(super) title: String,
    pub(super) about: Value,
    pub(super) kql: String,
    /// Buckets from the outside, each with the name that it has in answers.
    buckets: Vec<(String, Value)>,
    /// What is measured, unless that is the number of documents.
    metric: Option<Value>,
}

impl Drawn {
    /// One within the other, as both programs ask: the measure is in each bucket.
    pub(super) fn aggregations(&self) -> Value {
        let measure =
            || self.metric.as_ref().map_or_else(Map::new, |metric| Map::from_iter([("1".to_owned(), metric.clone())]));
        let mut inner = measure();
        for (name, bucket) in self.buckets.iter().rev() {
            let mut bucket = bucket.clone();
            bucket["aggs"] = inner.into();
            inner = measure();
            inner.insert(name.clone(), bucket);
        }
        inner.into()
    }

    #[track_caller]
    pub(super) fn assert_shows_something(&self, found: &Value) {
        let aggregations = &found["aggregations"];
        let shows = match (self.buckets.first(), &self.metric) {
            (Some((name, _)), _) => aggregations[name]["buckets"].as_array().is_some_and(|buckets| {
                buckets.iter().any(|bucket| bucket["doc_count"].as_u64() > Some(0) && self.has_inner(bucket))
            }),
            (None, Some(_)) => aggregations["1"]["value"].as_f64() > Some(0.0),
            (None, None) => found["hits"]["total"]["value"].as_u64() > Some(0),
        };
        assert!(shows, "{} shows nothing: {found}", self.title);
    }

    fn has_inner(&self, bucket: &Value) -> bool {
        let inner = self.buckets.get(1);
        inner.is_none_or(|(name, _)| bucket[name]["buckets"].as_array().is_some_and(|it| !it.is_empty()))
    }
}

/// A program draws as many bars as fit; a day each is as good.
fn date_histogram(field: &Value) -> Value {
    json!({ "date_histogram": { "field": field, "fixed_interval": "1d", "min_doc_count": 1 } })
}

fn terms(field: &Value, size: &Value, measures: bool) -> Value {
    let order = if measures { json!({ "1": "desc" }) } else { json!({ "_count": "desc" }) };
    json!({ "terms": { "field": field, "size": size, "order": order } })
}

/// The visualizations of OpenSearch Dashboards that the dashboard shows.
pub(super) fn visualizations(objects: &[Value]) -> Vec<Drawn> {
    let find = |kind: &str, id: &Value| objects.iter().find(|it| it["type"] == kind && it["id"] == *id);
    let dashboard = objects.iter().find(|object| object["type"] == "dashboard").unwrap();
    let panels = json_in(&dashboard["attributes"]["panelsJSON"]);
    let references = dashboard["references"].as_array().unwrap();
    let mut drawn = Vec::new();
    for panel in panels.as_array().unwrap() {
        let reference = references.iter().find(|it| it["name"] == panel["panelRefName"]).unwrap();
        let object = find("visualization", &reference["id"]).unwrap();
        let state = json_in(&object["attributes"]["visState"]);
        if state["type"] == "markdown" {
            continue;
        }
        let index = &object["references"][0];
        assert!(find("index-pattern", &index["id"]).is_some(), "{object}");
        let aggregations = state["aggs"].as_array().unwrap();
        let (metrics, buckets): (Vec<_>, Vec<_>) = aggregations.iter().partition(|it| it["schema"] == "metric");
        let metric = match metrics[0]["type"].as_str().unwrap() {
            "count" => None,
            kind => Some(json!({ kind: { "field": metrics[0]["params"]["field"] } })),
        };
        let bucket = |it: &&Value| {
            let (id, parameters) = (it["id"].as_str().unwrap().to_owned(), &it["params"]);
            let made = match it["type"].as_str().unwrap() {
                "date_histogram" => date_histogram(&parameters["field"]),
                "terms" => terms(&parameters["field"], &parameters["size"], metric.is_some()),
                other => panic!("{other}"),
            };
            (id, made)
        };
        drawn.push(Drawn {
            title: state["title"].as_str().unwrap().to_owned(),
            about: object["attributes"]["description"].clone(),
            kql: super::kql_of(object),
            buckets: buckets.iter().map(bucket).collect(),
            metric: metric.clone(),
        });
    }
    drawn
}

/// The panels of Lens on the dashboard of Kibana.
pub(super) fn lens_panels(objects: &[Value]) -> Vec<Drawn> {
    let dashboard = objects.iter().find(|object| object["type"] == "dashboard").unwrap();
    let panels = json_in(&dashboard["attributes"]["panelsJSON"]);
    let mut drawn = Vec::new();
    for panel in panels.as_array().unwrap().iter().filter(|panel| panel["type"] == "lens") {
        let attributes = &panel["embeddableConfig"]["attributes"];
        let state = &attributes["state"];
        let layers = state["datasourceStates"]["formBased"]["layers"].as_object().unwrap();
        let (name, layer) = layers.iter().next().unwrap();
        // The layer is tied to the data view, in the panel and on the dashboard.
        let tie = format!("indexpattern-datasource-layer-{name}");
        let is_tied = |references: &Value, tie: &str| {
            let mut references = references.as_array().unwrap().iter();
            references.any(|it| it["name"] == tie && objects.iter().any(|object| object["id"] == it["id"]))
        };
        assert!(is_tied(&attributes["references"], &tie), "{panel}");
        let number = panel["panelIndex"].as_str().unwrap();
        assert!(is_tied(&dashboard["references"], &format!("{number}:{tie}")), "{panel}");
        assert_columns_are_drawn(&state["visualization"], layer);
        let columns: Vec<_> =
            layer["columnOrder"].as_array().unwrap().iter().map(|id| &layer["columns"][id.as_str().unwrap()]).collect();
        let (buckets, metrics): (Vec<_>, Vec<_>) = columns.into_iter().partition(|it| it["isBucketed"] == true);
        let metric = match metrics[0]["operationType"].as_str().unwrap() {
            "count" => None,
            "unique_count" => Some(json!({ "cardinality": { "field": metrics[0]["sourceField"] } })),
            kind => Some(json!({ kind: { "field": metrics[0]["sourceField"] } })),
        };
        let mut buckets: Vec<_> = buckets
            .iter()
            .map(|it| match it["operationType"].as_str().unwrap() {
                "date_histogram" => date_histogram(&it["sourceField"]),
                "terms" => terms(&it["sourceField"], &it["params"]["size"], metric.is_some()),
                other => panic!("{other}"),
            })
            .collect();
        // Lens has the time within what it is told apart by, the other program the other way round.
        if buckets.len() == 2 && buckets[1].get("date_histogram").is_some() {
            buckets.swap(0, 1);
        }
        let buckets =
            buckets.into_iter().enumerate().map(|(place, bucket)| ((place + 2).to_string(), bucket)).collect();
        drawn.push(Drawn {
            title: panel["title"].as_str().unwrap().to_owned(),
            about: panel["embeddableConfig"]["description"].clone(),
            kql: state["query"]["query"].as_str().unwrap().to_owned(),
            buckets,
            metric,
        });
    }
    drawn
}

/// Every column is drawn, and nothing that is none.
#[track_caller]
fn assert_columns_are_drawn(visualization: &Value, layer: &Value) {
    let mut named = Vec::new();
    let mut open = vec![visualization];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    match name.as_str() {
                        "metricAccessor" | "xAccessor" | "splitAccessor" | "columnId" => named.push(value.clone()),
                        "accessors" | "primaryGroups" | "metrics" => named.extend(value.as_array().unwrap().clone()),
                        _ => open.push(value),
                    }
                }
            }
            Value::Array(values) => open.extend(values),
            _ => {}
        }
    }
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut named: Vec<_> = named.iter().map(text).collect();
    let mut columns: Vec<_> = layer["columnOrder"].as_array().unwrap().iter().map(text).collect();
    named.sort();
    columns.sort();
    assert_eq!(named, columns, "{visualization}");
}

/// The JSON in a text.
fn json_in(text: &Value) -> Value {
    serde_json::from_str(text.as_str().unwrap()).unwrap()
}
