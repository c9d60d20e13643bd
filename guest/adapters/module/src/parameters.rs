//! Settings that a pipeline hands over when it starts a module: a text for each name.
//!
//! They win over the settings that were put in when the module was built.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::settings::Settings;

/// The parameter that holds settings as a JSON object. Those that have a parameter of their own win over it.
pub const SETTINGS_PARAMETER: &str = "settings";

/// What the text of a setting stands for.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    /// `true` or `false`.
    Switch,
    /// Texts: a JSON array, or with commas between them.
    Texts,
    /// A JSON object.
    Object,
}

/// Every setting, and what its text stands for.
const KINDS: [(&str, Kind); 15] = [
    ("mapping", Kind::Text),
    ("local_domains", Kind::Texts),
    ("preserve_original_event", Kind::Switch),
    ("tags", Kind::Texts),
    ("drop_status", Kind::Texts),
    ("fields", Kind::Object),
    ("tenant_id", Kind::Text),
    ("tenant_name", Kind::Text),
    ("options", Kind::Object),
    ("id_key", Kind::Text),
    ("timestamp", Kind::Switch),
    ("record_key", Kind::Text),
    ("suffix_list", Kind::Text),
    ("privacy_key", Kind::Text),
    ("previous_privacy_key", Kind::Text),
];

/// Why a parameter cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// There is no such setting.
    #[error("there is no setting `{0}`\nhint: there are {names}", names = names())]
    Unknown(String),
    /// The value cannot be used.
    #[error("setting `{name}`: {problem}")]
    Unusable {
        /// Which setting.
        name: String,
        /// What is wrong with it, and how to mend it.
        problem: String,
    },
}

/// The names of all parameters, for pipelines that have to be asked for each.
pub fn parameter_names() -> impl Iterator<Item = &'static str> {
    [SETTINGS_PARAMETER].into_iter().chain(KINDS.into_iter().map(|(name, _)| name))
}

/// The settings of these parameters, over those that were put in. A parameter whose text is blank does not count.
pub(crate) fn settings(
    put_in: &[u8],
    parameters: impl IntoIterator<Item = (String, String)>,
) -> Result<Settings, ParameterError> {
    let mut all = match put_in {
        [] => Map::new(),
        text => object(SETTINGS_PARAMETER, text)?,
    };
    let (mut together, mut single) = (Map::new(), Map::new());
    for (name, text) in parameters {
        if text.trim().is_empty() {
            continue;
        }
        if name == SETTINGS_PARAMETER {
            together = object(&name, text.as_bytes())?;
        } else {
            single.insert(name.clone(), value(&name, &text)?);
        }
    }
    for (name, value) in together.into_iter().chain(single) {
        check(&name, &value)?;
        all.insert(name, value);
    }
    Settings::deserialize(Value::Object(all)).map_err(|error| unusable(SETTINGS_PARAMETER, error))
}

/// Refuses a value that its setting cannot have, before it is one of many: then nothing would say which it was.
fn check(name: &str, value: &Value) -> Result<(), ParameterError> {
    if !KINDS.iter().any(|(known, _)| *known == name) {
        return Err(ParameterError::Unknown(name.to_owned()));
    }
    let alone = Map::from_iter([(name.to_owned(), value.clone())]);
    Settings::deserialize(Value::Object(alone)).map(|_| ()).map_err(|error| unusable(name, error))
}

/// What a text stands for.
fn value(name: &str, text: &str) -> Result<Value, ParameterError> {
    let Some((_, kind)) = KINDS.iter().find(|(known, _)| *known == name) else {
        return Err(ParameterError::Unknown(name.to_owned()));
    };
    let trimmed = text.trim();
    Ok(match kind {
        Kind::Text => text.into(),
        Kind::Switch => match trimmed {
            "true" => true.into(),
            "false" => false.into(),
            other => return Err(unusable(name, format_args!("it is `true` or `false`, not `{other}`"))),
        },
        Kind::Texts if trimmed.starts_with('[') => json(name, text.as_bytes())?,
        Kind::Texts => trimmed.split(',').map(str::trim).filter(|text| !text.is_empty()).collect(),
        Kind::Object => Value::Object(object(name, text.as_bytes())?),
    })
}

fn object(name: &str, text: &[u8]) -> Result<Map<String, Value>, ParameterError> {
    match json(name, text)? {
        Value::Object(object) => Ok(object),
        _ => Err(unusable(name, "it is not a JSON object")),
    }
}

fn json(name: &str, text: &[u8]) -> Result<Value, ParameterError> {
    serde_json::from_slice(text).map_err(|error| unusable(name, format_args!("it is not JSON: {error}")))
}

fn unusable(name: &str, problem: impl ToString) -> ParameterError {
    ParameterError::Unusable { name: name.to_owned(), problem: problem.to_string() }
}

fn names() -> String {
    KINDS.map(|(name, _)| format!("`{name}`")).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(put_in: &str, parameters: &[(&str, &str)]) -> Result<Settings, ParameterError> {
        let owned = parameters.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        settings(put_in.as_bytes(), owned)
    }

    #[track_caller]
    fn refused(parameters: &[(&str, &str)]) -> String {
        given("", parameters).unwrap_err().to_string()
    }

    #[test]
    fn every_setting_can_be_given_alone_and_with_others() {
        let key = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
        for (name, kind) in KINDS {
            let text = match (name, kind) {
                ("mapping", _) => "3.0",
                ("local_domains", _) => "contoso.com",
                ("privacy_key" | "previous_privacy_key", _) => key,
                ("timestamp", _) => "false",
                (_, Kind::Switch) => "true",
                (_, Kind::Object) => r#"{"a":1}"#,
                (_, Kind::Text | Kind::Texts) => "x",
            };
            let alone = format!("{:?}", given("", &[(name, text)]).unwrap());
            assert_ne!(alone, format!("{:?}", Settings::default()), "{name}");
            let together = Value::Object(Map::from_iter([(name.to_owned(), value(name, text).unwrap())])).to_string();
            assert_eq!(alone, format!("{:?}", given("", &[("settings", &together)]).unwrap()), "{name}");
            assert_eq!(alone, format!("{:?}", given(&together, &[]).unwrap()), "{name}");
            assert!(!alone.contains(key) && !alone.contains("170"), "{alone}");
        }
    }

    #[test]
    fn what_is_given_later_wins() {
        let settings = given(
            r#"{"tags":["inside"],"tenant_id":"inside","id_key":"inside"}"#,
            &[("tags", "alone"), ("settings", r#"{"tags":["together"],"tenant_id":"together"}"#)],
        )
        .unwrap();
        assert_eq!(settings.tags, ["alone"]);
        assert_eq!(settings.tenant_id.as_deref(), Some("together"));
        assert_eq!(settings.id_key.as_deref(), Some("inside"));
    }

    #[test]
    fn several_texts_stand_between_commas_or_in_an_array() {
        for text in ["a, b,", r#" ["a","b"] "#] {
            assert_eq!(given("", &[("tags", text)]).unwrap().tags, ["a", "b"], "{text}");
        }
        assert_eq!(given("", &[("tags", "[]")]).unwrap().tags, [""; 0]);
        assert_eq!(given("", &[("tags", " ")]).unwrap().tags, ["forwarded"]);
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for parameters in [[("local_domain", "contoso.com")], [("settings", r#"{"local_domain":["contoso.com"]}"#)]] {
            let problem = refused(&parameters);
            let beginning = "there is no setting `local_domain`\nhint: there are `mapping`, `local_domains`, ";
            assert!(problem.starts_with(beginning), "{problem}");
        }
        assert_eq!(
            refused(&[("local_domains", "fabrikam.com, https://contoso.com")]),
            "setting `local_domains`: `https://contoso.com` is a URL, not a domain\nhint: write `contoso.com`"
        );
        assert!(
            refused(&[("mapping", "9.9")]).starts_with("setting `mapping`: there is no mapping `9.9`; there are 1.20")
        );
        assert_eq!(refused(&[("timestamp", "no")]), "setting `timestamp`: it is `true` or `false`, not `no`");
        assert!(refused(&[("fields", "{")]).starts_with("setting `fields`: it is not JSON: EOF while parsing"));
        assert_eq!(refused(&[("options", "[]")]), "setting `options`: it is not a JSON object");
        assert!(refused(&[("settings", r#"{"tags":"x"}"#)]).starts_with("setting `tags`: invalid type: string"));
        assert!(
            refused(&[("privacy_key", "hunter2")]).starts_with("setting `privacy_key`: has no key: 32 random bytes")
        );
        let number = refused(&[("settings", r#"{"privacy_key":271828}"#)]);
        assert!(!number.contains("271828"), "{number}");
    }
}
