//! Makes a record of an event, from what Tangent has parsed.
//!
//! Asks for each property by its name. The event as a whole (`log`) is of no use: Tangent answers it from the buffer in
//! which its parser has unescaped the strings. Nothing lists the names of an event, so other properties are left out.

use std::fmt::Write as _;

use crate::names::{GRAPH, LEGACY, PropertyNames, RECEIVED};

/// One event, as Tangent shows it.
pub trait Event {
    /// Whether there is something at a path, null included.
    fn has(&self, path: &str) -> bool;
    /// The scalar at a path.
    fn get(&self, path: &str) -> Option<Scalar>;
    /// The number of elements of the list at a path.
    fn length(&self, path: &str) -> Option<u32>;
    /// The scalars of the list at a path, without its other elements.
    fn list(&self, path: &str) -> Option<Vec<Scalar>>;
    /// The scalars of the map at a path, without its other members.
    fn map(&self, path: &str) -> Option<Vec<(String, Scalar)>>;
    /// The keys of the map at a path, in the order of its scalars.
    fn keys(&self, path: &str) -> Vec<String>;
}

/// A value that is not null and has no parts.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// A string.
    Text(String),
    /// An integer.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// True or false.
    Boolean(bool),
}

/// How deep values are followed: deeper than a mapping takes, which then says that they are nested too deep.
const MAX_DEPTH: usize = 66;

/// Adds an event to `records`, as one line.
pub fn push(records: &mut String, event: &impl Event) {
    let PropertyNames { usual, rare } = if event.has(RECEIVED) { GRAPH } else { LEGACY };
    let mut separator = '{';
    for (name, other) in usual {
        let scalar = event.get(name);
        if scalar.is_some() || event.has(name) {
            push_member(records, event, &mut separator, name, scalar);
        } else if let Some(other) = other.filter(|other| event.has(other)) {
            push_member(records, event, &mut separator, other, event.get(other));
        }
    }
    for name in rare.iter().filter(|name| event.has(name)) {
        push_member(records, event, &mut separator, name, event.get(name));
    }
    records.push_str(if separator == '{' { "{}\n" } else { "}\n" });
}

/// Adds a property that the event has.
fn push_member(records: &mut String, event: &impl Event, separator: &mut char, name: &str, scalar: Option<Scalar>) {
    records.push(std::mem::replace(separator, ','));
    push_text(records, name);
    records.push(':');
    match scalar {
        Some(scalar) => push_scalar(records, &scalar),
        None => push_parts(records, event, name, 1),
    }
}

/// Adds what is not a scalar: null, a list or a map.
fn push_parts(records: &mut String, event: &impl Event, path: &str, depth: usize) {
    if depth == MAX_DEPTH {
        records.push_str("null");
    } else if let Some(scalars) = event.list(path) {
        push_list(records, event, path, &scalars, depth);
    } else if let Some(scalars) = event.map(path) {
        push_map(records, event, path, scalars, depth);
    } else {
        records.push_str("null");
    }
}

fn push_list(records: &mut String, event: &impl Event, path: &str, scalars: &[Scalar], depth: usize) {
    let length = event.length(path).map_or(scalars.len(), |length| length as usize);
    records.push('[');
    for index in 0..length {
        if index > 0 {
            records.push(',');
        }
        match scalars.get(index).filter(|_| length == scalars.len()) {
            Some(scalar) => push_scalar(records, scalar),
            None => push_value(records, event, &format!("{path}[{index}]"), depth + 1),
        }
    }
    records.push(']');
}

fn push_map(records: &mut String, event: &impl Event, path: &str, scalars: Vec<(String, Scalar)>, depth: usize) {
    let mut scalars = scalars.into_iter().peekable();
    records.push('{');
    for (index, key) in event.keys(path).iter().enumerate() {
        if index > 0 {
            records.push(',');
        }
        push_text(records, key);
        records.push(':');
        if let Some((_, scalar)) = scalars.next_if(|(name, _)| name == key) {
            push_scalar(records, &scalar);
        } else if key.contains(['.', '[']) {
            // No path leads there.
            records.push_str("null");
        } else {
            push_parts(records, event, &format!("{path}.{key}"), depth + 1);
        }
    }
    records.push('}');
}

fn push_value(records: &mut String, event: &impl Event, path: &str, depth: usize) {
    match event.get(path) {
        Some(scalar) => push_scalar(records, &scalar),
        None => push_parts(records, event, path, depth),
    }
}

fn push_scalar(records: &mut String, scalar: &Scalar) {
    match scalar {
        Scalar::Text(text) => push_text(records, text),
        Scalar::Integer(integer) => push_display(records, integer),
        // `{:?}`, which keeps it from becoming an integer.
        Scalar::Float(float) if float.is_finite() => push_display(records, &format_args!("{float:?}")),
        Scalar::Float(_) => records.push_str("null"),
        Scalar::Boolean(boolean) => push_display(records, boolean),
    }
}

fn push_display(records: &mut String, value: &impl std::fmt::Display) {
    write!(records, "{value}").expect("a string takes everything");
}

fn push_text(records: &mut String, text: &str) {
    records.push_str(&serde_json::to_string(text).expect("a string is JSON"));
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use serde_json::{Value, json};

    use super::*;

    /// An event as Tangent has it, and what it was asked.
    struct Parsed {
        event: Value,
        asked: RefCell<Vec<String>>,
    }

    impl Parsed {
        fn at(&self, path: &str) -> Option<&Value> {
            self.asked.borrow_mut().push(path.to_owned());
            if let Some(value) = self.event.get(path) {
                return Some(value);
            }
            path.split('.').try_fold(&self.event, |value, segment| {
                let mut steps = segment.split('[');
                let member = value.get(steps.next()?)?;
                steps.try_fold(member, |list, index| list.get(index.trim_end_matches(']').parse::<usize>().ok()?))
            })
        }
    }

    fn scalar(value: &Value) -> Option<Scalar> {
        match value {
            Value::String(text) => Some(Scalar::Text(text.clone())),
            Value::Bool(boolean) => Some(Scalar::Boolean(*boolean)),
            Value::Number(number) => match number.as_i64() {
                Some(integer) => Some(Scalar::Integer(integer)),
                None => number.as_f64().map(Scalar::Float),
            },
            _ => None,
        }
    }

    impl Event for Parsed {
        fn has(&self, path: &str) -> bool {
            self.at(path).is_some()
        }

        fn get(&self, path: &str) -> Option<Scalar> {
            self.at(path).and_then(scalar)
        }

        fn length(&self, path: &str) -> Option<u32> {
            Some(u32::try_from(self.at(path)?.as_array()?.len()).unwrap())
        }

        fn list(&self, path: &str) -> Option<Vec<Scalar>> {
            Some(self.at(path)?.as_array()?.iter().filter_map(scalar).collect())
        }

        fn map(&self, path: &str) -> Option<Vec<(String, Scalar)>> {
            let members = self.at(path)?.as_object()?.iter();
            Some(members.filter_map(|(key, value)| Some((key.clone(), scalar(value)?))).collect())
        }

        fn keys(&self, path: &str) -> Vec<String> {
            let members = self.at(path).and_then(Value::as_object);
            members.map(|members| members.keys().cloned().collect()).unwrap_or_default()
        }
    }

    fn record(event: Value) -> (String, usize) {
        let event = Parsed { event, asked: RefCell::default() };
        let mut records = String::new();
        push(&mut records, &event);
        (records, event.asked.into_inner().len())
    }

    #[track_caller]
    fn check(event: Value, expected: &str) {
        assert_eq!(record(event).0, format!("{expected}\n"));
    }

    #[test]
    fn strings_are_written_anew_with_what_they_mean() {
        check(
            json!({ "receivedDateTime": "2026-03-04", "subject": "say \"hello\" to C:\\temp & Grüße 😀 \u{0}\n" }),
            r#"{"receivedDateTime":"2026-03-04","subject":"say \"hello\" to C:\\temp & Grüße 😀 \u0000\n"}"#,
        );
    }

    #[test]
    fn names_of_both_kinds_are_found() {
        check(
            json!({ "receivedDateTime": "2026-03-04", "RecipientAddress": "a@b.example", "Index": 5, "other": 1 }),
            r#"{"receivedDateTime":"2026-03-04","RecipientAddress":"a@b.example","Index":5}"#,
        );
        check(
            json!({ "Received": "2026-03-04", "recipientAddress": "a@b.example", "RunspaceId": "x" }),
            r#"{"Received":"2026-03-04","recipientAddress":"a@b.example","RunspaceId":"x"}"#,
        );
        check(
            json!({ "status": "a", "Status": "b", "receivedDateTime": null }),
            r#"{"status":"a","receivedDateTime":null}"#,
        );
        check(json!({}), "{}");
    }

    #[test]
    fn values_of_every_type_are_kept() {
        check(
            json!({ "Received": 5, "Size": -1.5, "Index": 3.0, "Subject": true, "Status": null }),
            r#"{"Received":5,"Subject":true,"Status":null,"Size":-1.5,"Index":3.0}"#,
        );
        check(
            json!({ "Received": [], "Subject": ["s", null, "", ["x", 1], { "a": [null] }], "MessageId": { "a": 1, "b": null, "c": { "": 2 } } }),
            r#"{"MessageId":{"a":1,"b":null,"c":{"":2}},"Received":[],"Subject":["s",null,"",["x",1],{"a":[null]}]}"#,
        );
        // A path cannot name such a key.
        check(
            json!({ "Received": { "a.b": 1, "c.d": {}, "e[0]": [] } }),
            r#"{"Received":{"a.b":1,"c.d":null,"e[0]":null}}"#,
        );
    }

    #[test]
    fn values_that_are_nested_too_deep_end_where_a_mapping_refuses_them() {
        let nested = (0..200).fold(json!(1), |inner, _| json!([inner]));
        let (record, _) = record(json!({ "Received": nested }));
        assert!(record.starts_with(&format!(r#"{{"Received":{}null]"#, "[".repeat(MAX_DEPTH - 1))), "{record}");
    }

    #[test]
    fn a_record_of_graph_takes_few_questions() {
        let event = json!({
            "id": "1", "messageId": "<1>", "status": "delivered", "receivedDateTime": "2026-03-04", "recipientAddress": "a",
            "senderAddress": "b", "subject": "c", "size": 1, "fromIP": "192.0.2.1", "toIP": "192.0.2.2",
        });
        // One tells the kind, ten are answered, and five names are not there.
        assert_eq!(record(event).1, 1 + 10 + 5);
    }
}
