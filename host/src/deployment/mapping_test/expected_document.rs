//! A document as its author expects it.

use serde::Deserialize;
use serde_json::{Map, Value};

/// A document that is expected.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ExpectedDocument {
    /// Its `_id`, if that is expected as well.
    pub(super) id: Option<String>,
    pub(super) document: Value,
}

impl ExpectedDocument {
    /// Reads documents, one after the other or in an array: each alone, or as `{"_id": ..., "document": {...}}`.
    ///
    /// # Errors
    ///
    /// When the text is not JSON, or something else than objects.
    pub(crate) fn read_all(text: &str) -> Result<Vec<Self>, String> {
        let mut documents = Vec::new();
        for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
            match value.map_err(|error| error.to_string())? {
                Value::Array(values) => {
                    for value in values {
                        documents.push(Self::new(value)?);
                    }
                }
                value => documents.push(Self::new(value)?),
            }
        }
        Ok(documents)
    }

    fn new(value: Value) -> Result<Self, String> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct WithId {
            #[serde(rename = "_id")]
            id: String,
            document: Map<String, Value>,
        }
        if !value.is_object() {
            return Err("a document is not a JSON object".to_owned());
        }
        Ok(match serde_json::from_value::<WithId>(value.clone()) {
            Ok(WithId { id, document }) => Self { id: Some(id), document: Value::Object(document) },
            Err(_) => Self { id: None, document: value },
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Result<Vec<(Option<String>, Value)>, String> {
        let documents = ExpectedDocument::read_all(text)?;
        Ok(documents.into_iter().map(|expected| (expected.id, expected.document)).collect())
    }

    #[test]
    fn documents_are_read_alone_and_with_their_ids() {
        let with_id = (Some("x".to_owned()), json!({ "a": 1 }));
        assert_eq!(read("[{\"_id\":\"x\",\"document\":{\"a\":1}}]"), Ok(vec![with_id.clone()]));
        let two = "{\"_id\":\"x\",\"document\":{\"a\":1}}\n{\"b\":2}\n";
        assert_eq!(read(two), Ok(vec![with_id, (None, json!({ "b": 2 }))]));
        assert_eq!(read(""), Ok(Vec::new()));
        assert_eq!(read("[5]"), Err("a document is not a JSON object".to_owned()));
        assert!(read("{\"a\":").is_err());
    }
}
