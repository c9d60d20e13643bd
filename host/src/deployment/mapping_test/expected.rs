//! Whether records become the documents that are expected, and what is expected from now on.

use serde_json::{Value, json};

use super::{
    expected_document::ExpectedDocument,
    tested::{MappingTest, parsed},
};
use crate::{
    deployment::diff::{Differences, Examples},
    mapper::MappedBatch,
    support::{counted::counted, finding::Finding},
};

/// How many fields are named.
const MAX_FIELDS: usize = 10;

/// Documents with their ids, for people to read and compare.
pub(crate) fn expected_text(mapped: &MappedBatch) -> String {
    let documents: Vec<Value> =
        mapped.documents().map(|(id, document)| json!({ "_id": id, "document": parsed(Some(document)) })).collect();
    format!("{:#}\n", Value::Array(documents))
}

/// The records that have a document, each with its `_id`, as a component carries them.
pub(crate) fn check_records(records: &[String], mapped: &MappedBatch) -> String {
    let mut text = String::new();
    for (record, outcome) in records.iter().zip(&mapped.outcomes) {
        if let Some(id) = outcome.id() {
            text += &format!("{}\n", json!({ "record": record, "id": id }));
        }
    }
    text
}

pub(super) fn is_as_expected(test: &MappingTest<'_>, mapped: &MappedBatch) -> Finding {
    let step = "expected documents";
    let Some(expected) = &test.expected else { return Finding::none(step, "not given") };
    match difference(expected, mapped) {
        None => Finding::ok(step, &format!("{} equal", counted(expected.len() as u64, "document", "documents"))),
        Some(problem) => {
            let hint = "`--update` writes the documents as they are now";
            Finding::failed(step, &format!("{problem}\nhint: {hint}"))
        }
    }
}

fn difference(expected: &[ExpectedDocument], mapped: &MappedBatch) -> Option<String> {
    let count = mapped.documents().count();
    if expected.len() != count {
        return Some(format!("{} expected, there are {count}", expected.len()));
    }
    let (mut different, mut differences) = (Vec::new(), Differences::new(Examples::Values));
    for (number, (expected, (id, document))) in (1..).zip(expected.iter().zip(mapped.documents())) {
        let document = parsed(Some(document));
        let is_other_id = expected.id.as_deref().is_some_and(|expected| expected != id);
        if is_other_id || document != expected.document {
            different.push(number.to_string());
        }
        if let (true, Some(expected)) = (is_other_id, &expected.id) {
            differences.compare("_id", Some(&json!(expected)), Some(&json!(id)));
        }
        differences.compare("", Some(&expected.document), Some(&document));
    }
    if different.is_empty() {
        return None;
    }
    let mut text = format!("{} of {count} documents differ: {}", different.len(), different.join(", "));
    for (name, field) in differences.fields.iter().take(MAX_FIELDS) {
        let example = field.examples.first();
        let side = |value: Option<&String>| value.cloned().unwrap_or_else(|| "nothing".to_owned());
        let [before, after] =
            [example.and_then(|it| it.before.as_ref()), example.and_then(|it| it.after.as_ref())].map(side);
        text += &format!("\n{name}: {before} expected, {after} found");
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_named() {
        let mapped = MappedBatch { documents: "{}\n{}\n".to_owned(), ..MappedBatch::of_ids(&["x", "y"]) };
        let expected = |text: &str| difference(&ExpectedDocument::read_all(text).unwrap(), &mapped);
        assert_eq!(expected("{}{\"_id\":\"y\",\"document\":{}}"), None);
        assert_eq!(expected("{}").as_deref(), Some("1 expected, there are 2"));
        let said = "1 of 2 documents differ: 2\n_id: \"z\" expected, \"y\" found\na: 1 expected, nothing found";
        assert_eq!(expected("{}{\"_id\":\"z\",\"document\":{\"a\":1}}").as_deref(), Some(said));
    }
}
