//! What tells documents of one source from those of others.

use serde_json::{Map, Value, json};

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
    /// Where `fields` stands in the settings, for messages; none when it does not.
    pub fields_at: Option<String>,
}

impl SourceLabels {
    /// The tags of its documents; these are those of all.
    pub(crate) fn with_tags(&self, all: &[String]) -> Vec<String> {
        let mut tags = all.to_vec();
        tags.extend(self.tags.iter().filter(|tag| !all.contains(tag)).cloned());
        tags
    }

    /// What is written into its documents besides what exotrace itself writes, if anything.
    pub(crate) fn own_fields(&self) -> Option<Value> {
        (!self.fields.is_empty() || self.tenant_name.is_some()).then(|| self.with_fields(json!({})))
    }

    /// All that is written into its documents: `host` is what exotrace itself writes.
    pub(crate) fn with_fields(&self, host: Value) -> Value {
        let mut all = Value::Object(self.fields.clone());
        if let Some(name) = &self.tenant_name {
            merge(&mut all, json!({ "organization": { "name": name } }));
        }
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
    use super::*;

    #[test]
    fn fields_are_put_together_object_by_object() {
        let Value::Object(fields) = json!({ "event": { "module": "x" }, "labels": { "a": 1 } }) else { unreachable!() };
        let labels = SourceLabels { fields, tenant_name: Some("Contoso".to_owned()), ..SourceLabels::default() };
        assert_eq!(
            labels.with_fields(json!({ "event": { "dataset": "d" } })),
            json!({
                "event": { "dataset": "d", "module": "x" }, "labels": { "a": 1 }, "organization": { "name": "Contoso" }
            })
        );
        assert_eq!(SourceLabels::default().with_fields(json!({ "a": 1 })), json!({ "a": 1 }));
        assert_eq!(SourceLabels::default().own_fields(), None);
        assert_eq!(labels.own_fields().unwrap()["organization"]["name"], "Contoso");
    }

    #[test]
    fn tags_come_once() {
        let labels = SourceLabels { tags: vec!["b".to_owned(), "a".to_owned()], ..SourceLabels::default() };
        assert_eq!(labels.with_tags(&["a".to_owned(), "c".to_owned()]), ["a", "c", "b"]);
    }
}
