//! What tells documents of one source from those of others.

use serde_json::{Map, Value};

/// What tells documents of one source from those of others.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct SourceLabels {
    /// Tags besides those of all documents.
    pub tags: Vec<String>,
    /// Fields of every document.
    pub fields: Map<String, Value>,
    /// Namespace of the data stream; none: that of the outputs.
    pub namespace: Option<String>,
    /// What people call the tenant.
    pub tenant_name: Option<String>,
}

impl SourceLabels {
    /// The tags of its documents; these are those of all.
    pub(crate) fn with_tags(&self, all: &[String]) -> Vec<String> {
        let mut tags = all.to_vec();
        tags.extend(self.tags.iter().filter(|tag| !all.contains(tag)).cloned());
        tags
    }

    /// The fields that are added to its documents besides those that exotrace itself writes, if there are any.
    pub(crate) fn own_fields(&self) -> Option<Value> {
        (!self.fields.is_empty()).then(|| Value::Object(self.fields.clone()))
    }

    /// The fields that are added to its documents: `host` is what exotrace itself writes.
    pub(crate) fn with_fields(&self, host: Value) -> Value {
        let mut all = Value::Object(self.fields.clone());
        merge(&mut all, host);
        all
    }
}

/// Puts what is in `more` into `all`, object by object.
fn merge(all: &mut Value, more: Value) {
    match (all, more) {
        (Value::Object(all), Value::Object(more)) => {
            for (name, value) in more {
                merge(all.entry(name).or_insert(Value::Null), value);
            }
        }
        (all, more) => *all = more,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_put_together_object_by_object() {
        let Value::Object(fields) = json!({ "event": { "module": "x" }, "labels": { "a": 1 } }) else { unreachable!() };
        let labels = SourceLabels { fields, ..SourceLabels::default() };
        assert_eq!(
            labels.with_fields(json!({ "event": { "dataset": "d" } })),
            json!({ "event": { "dataset": "d", "module": "x" }, "labels": { "a": 1 } })
        );
        assert_eq!(SourceLabels::default().with_fields(json!({ "a": 1 })), json!({ "a": 1 }));
        assert_eq!(SourceLabels::default().own_fields(), None);
        assert_eq!(labels.own_fields().unwrap()["labels"]["a"], 1);
    }

    #[test]
    fn tags_come_once() {
        let labels = SourceLabels { tags: vec!["b".to_owned(), "a".to_owned()], ..SourceLabels::default() };
        assert_eq!(labels.with_tags(&["a".to_owned(), "c".to_owned()]), ["a", "c", "b"]);
    }
}
