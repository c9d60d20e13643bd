//! Compares what two mappings made of the same records, field by field.
//!
//! Knows no field by name: a document is any JSON to it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

mod shape;

use shape::shorten;
pub(crate) use shape::{masked_value, value_shape};

use crate::mapper::{DocumentSchema, Entry, MappedBatch, Outcome};

/// Number of fields that are counted separately. A mapping has about a hundred; one that makes names out of records
/// gets no more.
const MAX_FIELDS: usize = 1000;

/// How many examples are kept of one field.
const MAX_EXAMPLES: usize = 3;

/// What examples show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Examples {
    /// What a value looks like, as `"aaa@aaaaaaa.aaa"`; fit for logs.
    Shapes,
    /// The values themselves, which are personal data.
    Values,
}

/// What differs between the documents of two mappings, counted over many records.
#[derive(Debug, Clone, Serialize)]
pub struct Differences {
    #[serde(skip)]
    examples: Examples,
    /// How many records were compared.
    pub records: u64,
    /// How many of them came out differently in any way.
    pub different: u64,
    /// How many got another `_id`.
    pub different_ids: u64,
    /// How many came to another outcome, by what it was before and after, as `mapped to failed`.
    pub outcomes: BTreeMap<String, u64>,
    /// The fields that differ, by dotted name.
    pub fields: BTreeMap<String, FieldDifferences>,
    /// Number of differences in fields beyond those that are counted separately.
    pub in_other_fields: u64,
    /// The schemas, as `ecs 9.4.0 to ocsf 1.5.0`, where they are not of one name. Then outcomes and ids are compared,
    /// and no fields: those of one schema are not those of the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema_change: Option<String>,
}

/// How one field differs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FieldDifferences {
    /// In how many documents it is there only after.
    pub added: u64,
    /// In how many documents it is there only before.
    pub removed: u64,
    /// In how many documents it has another value.
    pub changed: u64,
    /// A few of the differences, each another one.
    pub examples: Vec<Example>,
}

/// A value before and after; absent where the field was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Example {
    /// Before.
    pub before: Option<String>,
    /// After.
    pub after: Option<String>,
}

impl Differences {
    /// Nothing compared yet.
    pub fn new(examples: Examples) -> Self {
        Self {
            examples,
            records: 0,
            different: 0,
            different_ids: 0,
            outcomes: BTreeMap::new(),
            fields: BTreeMap::new(),
            in_other_fields: 0,
            schema_change: None,
        }
    }

    /// Whether everything that was compared is equal.
    pub fn is_empty(&self) -> bool {
        self.different == 0 && self.schema_change.is_none()
    }

    /// The part of the records that came out differently, 0 to 1.
    pub fn rate(&self) -> f64 {
        if self.records == 0 { 0.0 } else { self.different as f64 / self.records as f64 }
    }

    /// Compares what became of the same records, in the same order.
    pub fn add(&mut self, before: &MappedBatch, after: &MappedBatch) {
        let (mut before, mut after) =
            (before.entries().map(ComparedRecord::from), after.entries().map(ComparedRecord::from));
        loop {
            match (before.next(), after.next()) {
                (None, None) => return,
                (before, after) => self.add_record(&before.unwrap_or_default(), &after.unwrap_or_default()),
            }
        }
    }

    fn add_record(&mut self, before: &ComparedRecord<'_>, after: &ComparedRecord<'_>) {
        self.records += 1;
        let schema_change = before.schema.zip(after.schema).and_then(|(before, after)| before.change_to(after));
        let is_comparable = schema_change.is_none();
        self.schema_change = self.schema_change.take().or(schema_change);
        let is_other_outcome = (before.outcome, before.id) != (after.outcome, after.id);
        if !is_other_outcome && (!is_comparable || before.document == after.document) {
            return;
        }
        self.different += 1;
        if before.outcome != after.outcome {
            *self.outcomes.entry(format!("{} to {}", before.outcome, after.outcome)).or_default() += 1;
        }
        if before.id != after.id {
            self.different_ids += 1;
        }
        if !is_comparable {
            return;
        }
        match (parse(before.document), parse(after.document)) {
            // There is no document on one side: the outcome says so, and a list of all fields would say no more.
            (Value::Null, _) | (_, Value::Null) => {}
            (before, after) => self.compare("", Some(&before), Some(&after)),
        }
    }

    /// Compares two values that stand there, with all that is in them.
    pub(super) fn compare(&mut self, path: &str, before: Option<&Value>, after: Option<&Value>) {
        let (before_members, after_members) = (members(before), members(after));
        if before_members.is_none() && after_members.is_none() {
            self.compare_values(path, before, after);
            return;
        }
        // Where one side is a value and the other an object, the value went and the object's fields came.
        if before.is_some_and(|value| !value.is_object()) {
            self.compare_values(path, before, None);
        }
        if after.is_some_and(|value| !value.is_object()) {
            self.compare_values(path, None, after);
        }
        let empty = serde_json::Map::new();
        let (before, after) = (before_members.unwrap_or(&empty), after_members.unwrap_or(&empty));
        for (name, value) in before {
            self.compare(&join(path, name), Some(value), after.get(name));
        }
        for (name, value) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
            self.compare(&join(path, name), None, Some(value));
        }
    }

    fn compare_values(&mut self, path: &str, before: Option<&Value>, after: Option<&Value>) {
        if before == after {
            return;
        }
        if self.fields.len() >= MAX_FIELDS && !self.fields.contains_key(path) {
            self.in_other_fields += 1;
            return;
        }
        let shown = |value: &Value| match self.examples {
            Examples::Shapes => value_shape(value),
            Examples::Values => shorten(&value.to_string()),
        };
        let example = Example { before: before.map(shown), after: after.map(shown) };
        let field = self.fields.entry(path.to_owned()).or_default();
        match (before, after) {
            (None, _) => field.added += 1,
            (_, None) => field.removed += 1,
            _ => field.changed += 1,
        }
        if field.examples.len() < MAX_EXAMPLES && !field.examples.contains(&example) {
            field.examples.push(example);
        }
    }
}

/// What became of one record, as far as it is compared.
struct ComparedRecord<'b> {
    schema: Option<&'b DocumentSchema>,
    outcome: &'static str,
    id: &'b str,
    document: &'b str,
}

/// A record without an answer.
impl Default for ComparedRecord<'_> {
    fn default() -> Self {
        Self { schema: None, outcome: "missing", id: "", document: "" }
    }
}

impl<'b> From<Entry<'b>> for ComparedRecord<'b> {
    fn from(Entry { outcome, document, mapping }: Entry<'b>) -> Self {
        let schema = mapping.map(|mapping| &mapping.schema);
        let (id, document) = (outcome.id().unwrap_or_default(), document.unwrap_or_default());
        let outcome = match outcome {
            Outcome::Mapped { .. } => "mapped",
            Outcome::Failed { .. } => "failed",
            Outcome::Dropped(_) => "dropped",
            Outcome::Rejected(_) => "rejected",
        };
        Self { schema, outcome, id, document }
    }
}

/// The members of an object that has some.
fn members(value: Option<&Value>) -> Option<&serde_json::Map<String, Value>> {
    value?.as_object().filter(|members| !members.is_empty())
}

/// The document; one that is not JSON is compared as text, and none is null.
fn parse(document: &str) -> Value {
    match document {
        "" => Value::Null,
        text => serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())),
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

#[cfg(test)]
mod tests;
