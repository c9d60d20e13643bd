//! Whether records that are no good harm nobody but themselves.

use serde_json::{Map, Value, json};

use super::tested::{MappingTest, first_difference, map_in};
use crate::{
    mapper::{MappedBatch, Outcome},
    support::{counted::counted, finding::Finding, property::Property},
};

/// How many properties of a record are made odd.
const MAX_PROPERTIES: usize = 40;

/// How long a long text is, in bytes.
const LONG: usize = 1024 * 1024;

/// A record that no service sends, and what is odd about it.
struct OddRecord {
    what: String,
    text: String,
}

impl OddRecord {
    fn new(what: &str, text: impl Into<String>) -> Self {
        Self { what: what.to_owned(), text: text.into() }
    }
}

pub(super) fn takes_what_is_broken(test: &MappingTest<'_>, mapped: &MappedBatch) -> Finding {
    let step = "broken records";
    let odd = odd_records(test.records.first().map_or("{}", String::as_str));
    let pool = match test.pool(test.settings()) {
        Ok(pool) => pool,
        Err(reason) => return Finding::failed(step, &reason),
    };
    let (mut stops, mut first) = (0_u64, None);
    for record in &odd {
        let problem = match map_in(&pool, &record.text) {
            Ok(batch) if is_taken_for_json(record, &batch) => "is mapped as if nothing were wrong".to_owned(),
            Ok(_) => continue,
            Err(reason) => reason,
        };
        stops += 1;
        first.get_or_insert_with(|| format!("{}: {problem}", record.what));
    }
    if let Some(first) = first {
        let records = counted(odd.len() as u64, "broken record", "broken records");
        let hint = "a record that cannot be mapped is `failed`, with a document that says so";
        return Finding::failed(step, &format!("{stops} of {records} not as they should be; {first}\nhint: {hint}"));
    }
    let texts: Vec<_> = odd.iter().map(|record| record.text.as_str()).collect();
    let around = format!("{}\n{}", texts.join("\n"), test.batch());
    match map_in(&pool, &around) {
        Ok(batch) if first_difference(mapped.entries(), batch.entries().skip(odd.len())).is_none() => {
            let records = counted(odd.len() as u64, "broken record harms", "broken records harm");
            Finding::ok(step, &format!("{records} none beside them"))
        }
        Ok(_) => Finding::failed(step, "records come out otherwise behind broken ones"),
        Err(reason) => Finding::failed(step, &format!("in one batch with others: {reason}")),
    }
}

/// Whether a line that is not a JSON object counts as mapped in full.
fn is_taken_for_json(record: &OddRecord, batch: &MappedBatch) -> bool {
    let is_object = serde_json::from_str::<Map<String, Value>>(&record.text).is_ok();
    !is_object && batch.outcomes.iter().any(|outcome| matches!(outcome, Outcome::Mapped { .. }))
}

/// Lines that are no record, and a record with each of its properties odd in every way.
fn odd_records(record: &str) -> Vec<OddRecord> {
    let mut odd = vec![
        OddRecord::new("text that is not JSON", "exotrace"),
        OddRecord::new("an array", "[1]"),
        OddRecord::new("a number", "5"),
        OddRecord::new("null", "null"),
        OddRecord::new("a text", "\"text\""),
        OddRecord::new("half an object", "{\"id\":\"1\","),
        OddRecord::new("an empty object", "{}"),
        OddRecord::new("half a surrogate", r#"{"id":"\ud800","subject":"\udc00"}"#),
        // The host puts it in place of bytes that are not UTF-8.
        OddRecord::new("bytes that are not UTF-8", "{\"id\":\"\u{fffd}\",\"subject\":\"\u{fffd}"),
        OddRecord::new("1,000 nested arrays", format!("{{\"id\":{}{}}}", "[".repeat(1000), "]".repeat(1000))),
    ];
    let members: Map<String, Value> = serde_json::from_str(record).unwrap_or_default();
    for name in members.keys().take(MAX_PROPERTIES) {
        for (what, value) in [
            ("a number", Some(json!(-1.5e300))),
            ("an array", Some(json!([[]]))),
            ("an object", Some(json!({ "a": {} }))),
            ("null", Some(Value::Null)),
            ("false", Some(json!(false))),
            ("a text with control characters", Some(json!("a\u{0}\n\u{7f}\u{2028}\u{1f600}"))),
            ("nothing", None),
        ] {
            let mut members = of_another_delivery(&members, odd.len());
            match value {
                Some(value) => drop(members.insert(name.clone(), value)),
                None => drop(members.remove(name)),
            }
            odd.push(OddRecord::new(&format!("{what} for `{name}`"), Value::Object(members).to_string()));
        }
    }
    if let Some(name) = members.iter().find_map(|(name, value)| value.is_string().then_some(name)) {
        let mut members = of_another_delivery(&members, odd.len());
        members.insert(name.clone(), Value::from("x".repeat(LONG)));
        odd.push(OddRecord::new(&format!("a text of 1 MiB for `{name}`"), Value::Object(members).to_string()));
    }
    odd
}

/// The same record of a message of its own, so that no two need to have one id.
fn of_another_delivery(members: &Map<String, Value>, number: usize) -> Map<String, Value> {
    let mut members = members.clone();
    for (name, value) in &mut members {
        match Property::named(name) {
            Some(Property::MessageTraceId) => *value = json!(format!("6f1c1a1e-0b1e-4a53-9a4e-{number:012}")),
            Some(Property::MessageId) => *value = json!(format!("<{number}@mapping-test.example>")),
            Some(Property::RecipientAddress) => *value = json!(format!("{number}@mapping-test.example")),
            _ => {}
        }
    }
    members
}
