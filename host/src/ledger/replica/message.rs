//! A row of the ledger as a message of a compacted topic: its key says which row, its value what is in it.
//!
//! Both are JSON. A blob is `{"b": BASE64}`, and a number with a fraction `{"r": BITS}`, so that every value is what it was.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD as BASE64};
use rusqlite::types::Value;
use serde_json::{Map, Value as Json, json};

use super::table_shape::TableShape;

/// A row that was changed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct LedgerMessage {
    /// The table, and the primary key.
    pub key: Vec<u8>,
    /// The row; none when it is gone.
    pub value: Option<Vec<u8>>,
}

/// A message that comes from elsewhere.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CopiedMessage<'m> {
    /// The version of the tables that it is of.
    pub version: i64,
    /// The table, and the primary key.
    pub key: &'m [u8],
    /// The row; none when it is gone.
    pub value: Option<&'m [u8]>,
}

impl LedgerMessage {
    /// The message for a row of a table; `values` are those of its columns.
    pub(super) fn new(shape: &TableShape, key: &[Value], values: Option<&Vec<Value>>) -> Self {
        let mut parts = vec![Json::from(shape.name.as_str())];
        parts.extend(key.iter().map(json_of));
        let row = values.map(|values| {
            let columns = shape.columns.iter().cloned().zip(values.iter().map(json_of));
            Json::Object(columns.collect()).to_string().into_bytes()
        });
        Self { key: Json::Array(parts).to_string().into_bytes(), value: row }
    }
}

impl<'m> CopiedMessage<'m> {
    /// The table and the primary key; none when it is something else.
    pub(super) fn place(&self) -> Option<(String, Vec<Value>)> {
        let mut parts = serde_json::from_slice::<Vec<Json>>(self.key).ok()?.into_iter();
        let Json::String(table) = parts.next()? else { return None };
        Some((table, parts.map(|part| value_of(&part)).collect::<Option<_>>()?))
    }

    /// The columns of the row; none when it is something else.
    pub(super) fn row(value: &'m [u8]) -> Option<Map<String, Json>> {
        serde_json::from_slice(value).ok()
    }
}

fn json_of(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Integer(number) => json!(number),
        Value::Real(number) => json!({ "r": number.to_bits() }),
        Value::Text(text) => json!(text),
        Value::Blob(bytes) => json!({ "b": BASE64.encode(bytes) }),
    }
}

/// What a part of a message stands for; none when it is nothing that a message has.
pub(super) fn value_of(json: &Json) -> Option<Value> {
    Some(match json {
        Json::Null => Value::Null,
        Json::Number(number) => Value::Integer(number.as_i64()?),
        Json::String(text) => Value::Text(text.clone()),
        Json::Object(object) => match (object.get("b"), object.get("r")) {
            (Some(Json::String(text)), None) => Value::Blob(BASE64.decode(text).ok()?),
            (None, Some(Json::Number(bits))) => Value::Real(f64::from_bits(bits.as_u64()?)),
            _ => return None,
        },
        Json::Bool(_) | Json::Array(_) => return None,
    })
}
