//! What a profile makes of the fields of documents, found by mapping the same records with and without it.
//!
//! Knows no field by name: what depends on the key is a pseudonym, whichever name it has.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// What becomes of a field. The words are those of the table, and in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FieldChange {
    /// It has what it has without the profile.
    Kept,
    /// It has something else, which depends on the key.
    Pseudonym,
    /// It has something else, which everybody can compute.
    Reduced,
    /// It is not there.
    Dropped,
    /// It is there with the profile alone.
    Added,
}

impl FieldChange {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Pseudonym => "pseudonym",
            Self::Reduced => "reduced",
            Self::Dropped => "dropped",
            Self::Added => "added",
        }
    }
}

/// One field of the documents.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct ExplainedField {
    /// Its dotted name.
    pub(super) field: String,
    /// What becomes of it; several where that depends on the record.
    pub(super) changes: Vec<FieldChange>,
    /// An example without the profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) before: Option<Value>,
    /// The same with the profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) after: Option<Value>,
}

/// The fields of all documents that were compared.
#[derive(Default)]
pub(super) struct FieldChanges(BTreeMap<String, ExplainedField>);

impl FieldChanges {
    /// Adds a document as it is without the profile, with it, and with it and another key.
    pub(super) fn add(&mut self, without: &Value, with: &Value, by_other_key: &Value) {
        let [without, with, by_other_key] = [without, with, by_other_key].map(flat);
        let mut names: Vec<_> = without.keys().chain(with.keys()).collect();
        names.sort();
        names.dedup();
        for name in names {
            let (before, after) = (without.get(name), with.get(name));
            let change = match (before, after) {
                (Some(_), None) => FieldChange::Dropped,
                (before, after) if before == after => FieldChange::Kept,
                (_, after) if after != by_other_key.get(name) => FieldChange::Pseudonym,
                (None, _) => FieldChange::Added,
                _ => FieldChange::Reduced,
            };
            let field = self.0.entry(name.clone()).or_insert_with(|| ExplainedField {
                field: name.clone(),
                changes: Vec::new(),
                before: None,
                after: None,
            });
            if !field.changes.contains(&change) {
                // What hides says more than what does not.
                if field.changes.iter().all(|known| *known < change) {
                    (field.before, field.after) = (before.cloned(), after.cloned());
                }
                field.changes.push(change);
                field.changes.sort();
            }
        }
    }

    pub(super) fn into_fields(self) -> Vec<ExplainedField> {
        self.0.into_values().collect()
    }
}

/// The values of a document by their dotted names; a list is one value.
fn flat(document: &Value) -> BTreeMap<String, Value> {
    let mut fields = BTreeMap::new();
    let mut open = vec![(String::new(), document)];
    while let Some((name, value)) = open.pop() {
        match value {
            Value::Object(members) => {
                let within = |key: &String| if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                open.extend(members.iter().map(|(key, value)| (within(key), value)));
            }
            value => drop(fields.insert(name, value.clone())),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_field_is_told_by_what_becomes_of_it() {
        let mut changes = FieldChanges::default();
        changes.add(
            &json!({ "a": 1, "b": { "user": ["ann"], "ip": "192.0.2.7" }, "subject": "x" }),
            &json!({ "a": 1, "b": { "user": ["p-1"], "ip": "192.0.2.0" }, "label": "k" }),
            &json!({ "a": 1, "b": { "user": ["p-2"], "ip": "192.0.2.0" }, "label": "k" }),
        );
        let shown: Vec<_> = changes
            .into_fields()
            .into_iter()
            .map(|field| (field.field, field.changes[0].as_str(), field.before, field.after))
            .collect();
        let expected = [
            ("a", "kept", Some(json!(1)), Some(json!(1))),
            ("b.ip", "reduced", Some(json!("192.0.2.7")), Some(json!("192.0.2.0"))),
            ("b.user", "pseudonym", Some(json!(["ann"])), Some(json!(["p-1"]))),
            ("label", "added", None, Some(json!("k"))),
            ("subject", "dropped", Some(json!("x")), None),
        ];
        assert_eq!(shown, expected.map(|(name, what, before, after)| (name.to_owned(), what, before, after)));
    }

    #[test]
    fn what_depends_on_the_record_is_told_with_all_of_it() {
        let mut changes = FieldChanges::default();
        let of = |text: &str| json!({ "user": text });
        changes.add(&of("bob"), &of("bob"), &of("bob"));
        changes.add(&of("ann"), &of("p-1"), &of("p-2"));
        changes.add(&of("eve"), &of("eve"), &of("eve"));
        let fields = changes.into_fields();
        assert_eq!(fields[0].changes, [FieldChange::Kept, FieldChange::Pseudonym]);
        assert_eq!((&fields[0].before, &fields[0].after), (&Some(json!("ann")), &Some(json!("p-1"))));
    }
}
