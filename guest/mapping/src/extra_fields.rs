//! ExtraFields that the host wants in every document: checked and written out once, when a session is opened.

use serde_json::{Map, Value};

use crate::{json::build, settings::SettingsError, version::ReservedFields};

/// Members to add, as text with a comma after each.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ExtraFields {
    /// For the document itself.
    pub(crate) document: String,
    /// For `event`.
    pub(crate) event: String,
    /// For `log`.
    pub(crate) log: String,
}

impl ExtraFields {
    pub(crate) fn parse(text: Option<&str>, reserved: &ReservedFields) -> Result<Self, SettingsError> {
        let mut fields = Self::default();
        let Some(text) = text else { return Ok(fields) };
        let invalid = |reason: String| SettingsError::InvalidFields(reason);
        let object: Map<String, Value> = serde_json::from_str(text).map_err(|error| invalid(error.to_string()))?;
        for (name, value) in object {
            if name.contains('.') {
                return Err(invalid(format!("`{name}` has a dot in it; nest objects instead")));
            }
            if reserved.document.contains(&name.as_str()) {
                return Err(SettingsError::ReservedField(name));
            }
            match (name.as_str(), value) {
                ("event", Value::Object(members)) => push_members(&mut fields.event, "event", members, reserved.event)?,
                ("log", Value::Object(members)) => push_members(&mut fields.log, "log", members, reserved.log)?,
                ("event" | "log", _) => return Err(invalid(format!("`{name}` has to be an object"))),
                (_, value) => push_member(&mut fields.document, &name, value),
            }
        }
        Ok(fields)
    }
}

fn push_members(
    out: &mut String,
    object: &str,
    members: Map<String, Value>,
    reserved: &[&str],
) -> Result<(), SettingsError> {
    for (name, value) in members {
        if reserved.contains(&name.as_str()) {
            return Err(SettingsError::ReservedField(format!("{object}.{name}")));
        }
        push_member(out, &name, value);
    }
    Ok(())
}

fn push_member(out: &mut String, name: &str, mut value: Value) {
    if prune(&mut value) {
        let value = value.to_string();
        let member = build(|out| {
            out.push_string(name);
            out.push(b':');
            out.push_str(&value);
            out.push(b',');
        });
        out.push_str(&member);
    }
}

/// Takes out what is empty, as everywhere in a document; returns whether anything is left.
fn prune(value: &mut Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(elements) => {
            elements.retain_mut(prune);
            !elements.is_empty()
        }
        Value::Object(members) => {
            members.retain(|_, member| prune(member));
            !members.is_empty()
        }
        Value::Bool(_) | Value::Number(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::versions::V1_20;

    fn parse(fields: &str) -> Result<ExtraFields, SettingsError> {
        ExtraFields::parse(Some(fields), &V1_20.reserved_fields)
    }

    #[track_caller]
    fn check_refused(fields: &str, expected: &str) {
        assert_eq!(parse(fields).unwrap_err().to_string(), expected);
    }

    #[test]
    fn fields_are_sorted_into_where_they_belong() {
        let text = r#"{"event":{"dataset":"x","module":null},"log":{"level":"info"},"agent":{"name":"a","id":""}}"#;
        let fields = parse(text).unwrap();
        assert_eq!(fields.document, r#""agent":{"name":"a"},"#);
        assert_eq!(fields.event, r#""dataset":"x","#);
        assert_eq!(fields.log, r#""level":"info","#);
    }

    #[test]
    fn what_the_mapping_writes_is_refused() {
        check_refused(r#"{"tags":["x"]}"#, "field `tags` is written by the mapping itself");
        check_refused(r#"{"event":{"outcome":"x"}}"#, "field `event.outcome` is written by the mapping itself");
        check_refused(r#"{"event":1}"#, "fields to add are not usable: `event` has to be an object");
        check_refused(
            r#"{"event.kind":1}"#,
            "fields to add are not usable: `event.kind` has a dot in it; nest objects instead",
        );
        check_refused("[]", "fields to add are not usable: invalid type: sequence, expected a map at line 1 column 0");
    }
}
