//! The three shapes of an answer: light JSON, verbose JSON and Atom.

use axum::{
    Json,
    http::header,
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use super::{
    page::LegacyPage,
    path::PATH,
    record::{LegacyValue, Record},
};

/// Where the service says it is.
const SERVICE: &str = "https://reports.office365.com/ecp/ReportingWebService/Reporting.svc";

/// The shape of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Asked for by `Accept: application/json`.
    Light,
    /// Asked for by `$format=json`.
    Verbose,
    /// Everything else.
    Atom,
}

impl Shape {
    /// Returns the answer with a page; `next_query` belongs to the link to the next one.
    pub(super) fn answer(self, page: &LegacyPage, next_query: Option<&str>) -> Response {
        match self {
            Self::Light => json_answer("minimalmetadata", light(page, next_query)),
            Self::Verbose => json_answer("verbose", verbose(page, next_query)),
            Self::Atom => {
                let content_type = "application/atom+xml;type=feed;charset=utf-8";
                ([(header::CONTENT_TYPE, content_type)], atom(page, next_query)).into_response()
            }
        }
    }
}

fn json_answer(metadata: &str, body: Value) -> Response {
    let content_type = format!("application/json;odata={metadata};charset=utf-8");
    ([(header::CONTENT_TYPE, content_type)], Json(body)).into_response()
}

fn light(page: &LegacyPage, next_query: Option<&str>) -> Value {
    let rows = page.records.iter().map(|record| light_object(record).into()).collect::<Vec<Value>>();
    let mut body = json!({"odata.metadata": format!("{SERVICE}/$metadata#MessageTrace"), "value": rows});
    if let Some(query) = next_query {
        // Relative to the address of the report.
        body["odata.nextLink"] = format!("../../reportingwebservice/reporting.svc/MessageTrace?{query}").into();
    }
    body
}

/// Returns a record as it is in light JSON.
pub(super) fn light_object(record: &Record) -> Map<String, Value> {
    object(record, light_value)
}

fn light_value(value: &LegacyValue) -> Value {
    match value {
        LegacyValue::Text(text) => json!(text),
        LegacyValue::Number(number) => json!(number),
        LegacyValue::Time(_) | LegacyValue::QueryTime(_) => json!(value.time_text()),
    }
}

fn verbose(page: &LegacyPage, next_query: Option<&str>) -> Value {
    let mut results = Vec::with_capacity(page.records.len());
    for (place, record) in page.records.iter().enumerate() {
        let mut row = object(record, verbose_value);
        let uri = format!("{SERVICE}/MessageTrace({place})");
        row.insert("__metadata".to_owned(), json!({"id": uri, "uri": uri, "type": "TenantReporting.MessageTrace"}));
        results.push(row);
    }
    let mut body = json!({"d": {"results": results}});
    if let Some(query) = next_query {
        body["d"]["__next"] = format!("{PATH}?{query}").into();
    }
    body
}

fn verbose_value(value: &LegacyValue) -> Value {
    match value {
        LegacyValue::Time(time) | LegacyValue::QueryTime(time) => json!(format!("/Date({})/", time.timestamp_millis())),
        LegacyValue::Text(_) | LegacyValue::Number(_) => light_value(value),
    }
}

fn object(record: &Record, json_value: impl Fn(&LegacyValue) -> Value) -> Map<String, Value> {
    record.iter().map(|(name, value)| ((*name).to_owned(), json_value(value))).collect()
}

fn atom(page: &LegacyPage, next_query: Option<&str>) -> String {
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><feed xml:base=\"{SERVICE}/\" \
         xmlns=\"http://www.w3.org/2005/Atom\" \
         xmlns:d=\"http://schemas.microsoft.com/ado/2007/08/dataservices\" \
         xmlns:m=\"http://schemas.microsoft.com/ado/2007/08/dataservices/metadata\">\
         <title type=\"text\">MessageTrace</title>"
    );
    for record in &page.records {
        xml.push_str("<entry><content type=\"application/xml\"><m:properties>");
        for (name, value) in record {
            match light_value(value) {
                Value::Null => xml.push_str(&format!("<d:{name} m:null=\"true\" />")),
                Value::String(text) => xml.push_str(&format!("<d:{name}>{}</d:{name}>", escaped(&text))),
                other => xml.push_str(&format!("<d:{name}>{other}</d:{name}>")),
            }
        }
        xml.push_str("</m:properties></content></entry>");
    }
    if let Some(query) = next_query {
        xml.push_str(&format!("<link rel=\"next\" href=\"{}\" />", escaped(&format!("{PATH}?{query}"))));
    }
    xml.push_str("</feed>");
    xml
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
