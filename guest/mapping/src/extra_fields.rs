//! Fields that the host wants in every document: checked and written out once, when a session is opened.

use serde_json::{Map, Value};

use crate::{
    json::build,
    privacy::Profile,
    settings::{SettingsError, Tenant},
    version::{OrganizationRule, ReservedFields},
};

/// What says of which tenant a document is.
const ORGANIZATION: &str = "organization";

/// Members to add, as text with a comma after each.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ExtraFields {
    /// For the document itself.
    pub(crate) document: String,
    /// For `event`.
    pub(crate) event: String,
    /// For `log`.
    pub(crate) log: String,
    /// `organization` as a whole, where the mapping writes it; empty when nothing is known of the tenant.
    pub(crate) organization: String,
}

impl ExtraFields {
    pub(crate) fn parse(
        text: Option<&str>,
        reserved: &ReservedFields,
        tenant: &Tenant,
        profile: Option<&Profile>,
    ) -> Result<Self, SettingsError> {
        let mut fields = Self::default();
        let invalid = |reason: String| SettingsError::InvalidFields(reason);
        let mut object: Map<String, Value> =
            serde_json::from_str(text.unwrap_or("{}")).map_err(|error| invalid(error.to_string()))?;
        match (reserved.organization, &tenant.name) {
            (OrganizationRule::Both, _) => {
                let of_host = object.remove(ORGANIZATION).unwrap_or_default();
                push_member(&mut fields.organization, ORGANIZATION, organization(of_host, tenant)?);
            }
            (OrganizationRule::Host, Some(name)) => {
                if let Value::Object(organization) = object.entry(ORGANIZATION).or_insert_with(|| Map::new().into()) {
                    // What the tenant is called has always been a field of the host.
                    organization.entry("name").or_insert_with(|| name.as_str().into());
                }
            }
            (OrganizationRule::Host, None) | (OrganizationRule::Elsewhere, _) => {}
        }
        if let Some(profile) = profile {
            add_labels(&mut object, profile)?;
        }
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

/// Adds what says in a document that it hides people, and by which key.
fn add_labels(object: &mut Map<String, Value>, profile: &Profile) -> Result<(), SettingsError> {
    let labels = object.entry("labels").or_insert_with(|| Value::Object(Map::new()));
    let Value::Object(labels) = labels else {
        return Err(SettingsError::InvalidFields("`labels` has to be an object".to_owned()));
    };
    for (name, text) in [("privacy_key_id", &profile.key_id), ("privacy_profile", &profile.name)] {
        if labels.insert(name.to_owned(), text.as_str().into()).is_some() {
            return Err(SettingsError::ReservedField(format!("labels.{name}")));
        }
    }
    Ok(())
}

/// What the mapping knows of the tenant, and what the host adds. It may name the tenant once more: other mappings write
/// no `organization`.
fn organization(of_host: Value, tenant: &Tenant) -> Result<Value, SettingsError> {
    let mut members = match of_host {
        Value::Object(members) => members,
        Value::Null => Map::new(),
        _ => return Err(SettingsError::InvalidFields("`organization` has to be an object".to_owned())),
    };
    for (name, text) in [("id", &*tenant.id), ("name", tenant.name.as_deref().unwrap_or_default())] {
        if text.is_empty() {
            continue;
        }
        if members.insert(name.to_owned(), text.into()).is_some_and(|of_host| of_host != text) {
            return Err(SettingsError::ReservedField(format!("organization.{name}")));
        }
    }
    Ok(Value::Object(members))
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
    use crate::versions::{V1_20, V3_0};

    fn parse(fields: &str) -> Result<ExtraFields, SettingsError> {
        ExtraFields::parse(Some(fields), &V1_20.reserved_fields, &Tenant::default(), None)
    }

    #[track_caller]
    fn check_organization(id: &str, name: Option<&str>, fields: &str, expected: Result<&str, &str>) {
        let tenant = Tenant { id: id.to_owned(), name: name.map(str::to_owned) };
        let found = ExtraFields::parse(Some(fields), &V3_0.reserved_fields, &tenant, None);
        let found = found.map(|fields| fields.organization).map_err(|error| error.to_string());
        assert_eq!(found.as_deref().map_err(String::as_str), expected);
    }

    #[test]
    fn the_host_and_the_mapping_share_the_organization() {
        check_organization("", None, "{}", Ok(""));
        check_organization("x", Some("C"), "{}", Ok(r#""organization":{"id":"x","name":"C"},"#));
        let name = r#"{"organization":{"name":"C"}}"#;
        check_organization("", None, name, Ok(r#""organization":{"name":"C"},"#));
        check_organization("x", Some("C"), name, Ok(r#""organization":{"id":"x","name":"C"},"#));
        let refused = "field `organization.name` is written by the mapping itself";
        check_organization("x", Some("D"), name, Err(refused));
        let refused = "fields to add are not usable: `organization` has to be an object";
        check_organization("", None, r#"{"organization":"C"}"#, Err(refused));
        assert_eq!(parse(name).unwrap().document, r#""organization":{"name":"C"},"#);
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
    fn what_the_tenant_is_called_is_a_field() {
        let tenant = Tenant { id: "id".to_owned(), name: Some("Contoso".to_owned()) };
        let named =
            |fields: Option<&str>| ExtraFields::parse(fields, &V1_20.reserved_fields, &tenant, None).unwrap().document;
        assert_eq!(named(None), r#""organization":{"name":"Contoso"},"#);
        let fields = Some(r#"{"a":1,"organization":{"id":"x"},"z":2}"#);
        assert_eq!(named(fields), r#""a":1,"organization":{"id":"x","name":"Contoso"},"z":2,"#);
        let fields = Some(r#"{"organization":{"name":"Fabrikam"}}"#);
        assert_eq!(named(fields), r#""organization":{"name":"Fabrikam"},"#);
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
