//! Documents, and a readable difference between two of them.

use serde_json::Value;

/// A line of JSON each.
#[track_caller]
pub(crate) fn documents(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// Asserts that two values are equal, and shows where they are not.
#[track_caller]
pub(crate) fn assert_same(what: &str, found: &Value, expected: &Value) {
    let mut differences = Vec::new();
    compare("", found, expected, &mut differences);
    assert!(differences.is_empty(), "{what}:\n{}", differences.join("\n"));
}

fn compare(path: &str, found: &Value, expected: &Value, differences: &mut Vec<String>) {
    let (Value::Object(found_members), Value::Object(expected_members)) = (found, expected) else {
        // 62 and 62.0 are the same number.
        let same_number = found.as_f64().is_some() && found.as_f64() == expected.as_f64();
        if found != expected && !same_number {
            differences.push(format!("  {path}: found {found}, expected {expected}"));
        }
        return;
    };
    for (name, value) in found_members {
        let expected = expected_members.get(name).unwrap_or(&Value::Null);
        compare(&format!("{path}.{name}"), value, expected, differences);
    }
    for (name, value) in expected_members.iter().filter(|(name, _)| !found_members.contains_key(*name)) {
        differences.push(format!("  {path}.{name}: found nothing, expected {value}"));
    }
}
