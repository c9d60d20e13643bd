//! Conditions on documents, of fields that a person names: no field is known here.

use serde_json::Value;

/// A condition that a document meets or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FieldFilter {
    field: FieldPath,
    condition: FieldCondition,
}

/// Where a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum FieldPath {
    /// The members on the way to it, as a JSON pointer has them.
    Pointer(Vec<String>),
    /// A dotted name; a member may have dots in its own name.
    Dotted(String),
}

/// What a value has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
enum FieldCondition {
    Exists,
    Is(String),
    IsNot(String),
}

impl FieldFilter {
    /// Reads a condition as people write it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (field, condition) = match text.split_once('=') {
            None => (text, FieldCondition::Exists),
            Some((field, value)) => match field.strip_suffix('!') {
                Some(field) => (field, FieldCondition::IsNot(value.to_owned())),
                None => (field, FieldCondition::Is(value.to_owned())),
            },
        };
        let field = field.trim();
        if field.is_empty() {
            return Err(
                "a condition is `FIELD=VALUE`, `FIELD!=VALUE` or `FIELD`, as `event.outcome=failure`".to_owned()
            );
        }
        let field = match field.strip_prefix('/') {
            Some(pointer) => {
                let member = |part: &str| part.replace("~1", "/").replace("~0", "~");
                FieldPath::Pointer(pointer.split('/').map(member).collect())
            }
            None => FieldPath::Dotted(field.to_owned()),
        };
        Ok(Self { field, condition })
    }

    /// Whether a document meets it. Of a list, one element is enough; what is not there is nothing.
    pub(super) fn holds(&self, document: &Value) -> bool {
        let mut found = Vec::new();
        match &self.field {
            FieldPath::Pointer(members) => at_pointer(document, members, &mut found),
            FieldPath::Dotted(name) => at_name(document, name, &mut found),
        }
        match &self.condition {
            FieldCondition::Exists => !found.is_empty(),
            FieldCondition::Is(pattern) => found.iter().any(|value| matches(pattern, value)),
            FieldCondition::IsNot(pattern) => !found.iter().any(|value| matches(pattern, value)),
        }
    }
}

fn at_pointer<'v>(value: &'v Value, members: &[String], found: &mut Vec<&'v Value>) {
    let Some((first, rest)) = members.split_first() else { return leaves(value, found) };
    match value {
        Value::Object(object) => {
            if let Some(value) = object.get(first) {
                at_pointer(value, rest, found);
            }
        }
        Value::Array(elements) => match first.parse::<usize>() {
            Ok(place) => {
                if let Some(value) = elements.get(place) {
                    at_pointer(value, rest, found);
                }
            }
            Err(_) => elements.iter().for_each(|element| at_pointer(element, members, found)),
        },
        _ => {}
    }
}

fn at_name<'v>(value: &'v Value, name: &str, found: &mut Vec<&'v Value>) {
    match value {
        Value::Object(object) => {
            for (member, value) in object {
                match name.strip_prefix(member.as_str()) {
                    Some("") => leaves(value, found),
                    Some(rest) => {
                        if let Some(rest) = rest.strip_prefix('.') {
                            at_name(value, rest, found);
                        }
                    }
                    None => {}
                }
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| at_name(element, name, found)),
        _ => {}
    }
}

/// The elements of a list, or the value itself; an object is there without a value to compare.
fn leaves<'v>(value: &'v Value, found: &mut Vec<&'v Value>) {
    match value {
        Value::Array(elements) => elements.iter().for_each(|element| leaves(element, found)),
        Value::Null => {}
        value => found.push(value),
    }
}

/// Whether a value is as the pattern says, in which `*` stands for anything.
fn matches(pattern: &str, value: &Value) -> bool {
    let number;
    let text = match value {
        Value::String(text) => text.as_str(),
        Value::Object(_) | Value::Array(_) | Value::Null => return false,
        value => {
            number = value.to_string();
            number.as_str()
        }
    };
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    // Each part at its first place: a later one would leave less for the others.
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(condition: &str, expected: bool) {
        let document = json!({
            "event": { "outcome": "failure", "duration": 7 },
            "email": { "to": { "address": ["ann@contoso.com", "bob@contoso.com"] } },
            "dotted.name": { "inner.one": true },
            "steps": [{ "event": "Receive" }, { "event": "Fail" }],
            "a/b": { "~": "x" }, "none": null, "empty": "",
        });
        let filter = FieldFilter::parse(condition).unwrap();
        assert_eq!(filter.holds(&document), expected, "{condition}");
    }

    #[test]
    fn fields_are_found_by_dotted_name_and_by_pointer() {
        check("event.outcome=failure", true);
        check("/event/outcome=failure", true);
        check("event.outcome=success", false);
        check("event.duration=7", true);
        check("dotted.name.inner.one=true", true);
        check("/dotted.name/inner.one=true", true);
        check("/a~1b/~0=x", true);
        check("steps.event=Fail", true);
        check("/steps/0/event=Fail", false);
        check("/steps/1/event=Fail", true);
        check("/steps/event=Fail", true);
    }

    #[test]
    fn of_a_list_one_element_is_enough() {
        check("email.to.address=bob@contoso.com", true);
        check("email.to.address!=bob@contoso.com", false);
        check("email.to.address!=eve@contoso.com", true);
        check("/email/to/address/0=ann@contoso.com", true);
    }

    #[test]
    fn what_is_not_there_is_nothing() {
        check("event", true);
        check("event.reason", false);
        check("none", false);
        check("event.reason!=x", true);
        check("event=failure", false);
        check("empty=", true);
        check("event.outcome=", false);
        check("eve.nt", false);
    }

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, expected) in [
            ("*", true),
            ("fail*", true),
            ("*ure", true),
            ("f*l*e", true),
            ("f*x*e", false),
            ("failure*", true),
            ("fa*ilure*e", false),
            ("failur", false),
        ] {
            check(&format!("event.outcome={pattern}"), expected);
        }
    }

    #[test]
    fn a_condition_without_a_field_is_refused() {
        for text in ["", "=x", "!=x", " =x"] {
            assert!(FieldFilter::parse(text).unwrap_err().contains("`event.outcome=failure`"), "{text}");
        }
    }
}
