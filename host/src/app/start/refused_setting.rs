//! Which setting a mapping does not take, and where it stands in the file: the mapping knows nothing of files.

use std::fmt;

use serde_json::{Value, json};

use crate::{
    app::settings::{Config, SourceConfig},
    config::SettingKey,
    mapper::{MapperError, SettingsRefusal},
};

/// The setting that a mapping does not take.
#[derive(Debug)]
pub(crate) struct RefusedSetting {
    /// Its dotted key.
    pub(crate) key: SettingKey,
    /// The file and the line.
    place: String,
}

impl fmt::Display for RefusedSetting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: `{}`", self.place, self.key)
    }
}

/// The error, with the setting that it is about as its context if it is about one.
pub(crate) fn with_refused_setting(config: &Config, error: MapperError) -> anyhow::Error {
    let key = match &error {
        MapperError::Settings(refusal) => key_of(config, refusal),
        _ => None,
    };
    match key {
        Some(key) => {
            let place = format!("{}:{}", config.places.path_of(&key).display(), config.places.line(&key));
            anyhow::Error::from(error).context(RefusedSetting { key, place })
        }
        None => error.into(),
    }
}

/// The dotted key of what is refused; nothing when it is not a setting.
fn key_of(config: &Config, refusal: &SettingsRefusal) -> Option<SettingKey> {
    let key = match refusal {
        SettingsRefusal::InvalidOptions { pointer, .. } => {
            if let Some(privacy) = &config.mapping.privacy
                && pointer.strip_prefix("/privacy").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            {
                let options = json!({ "privacy": privacy.options });
                return Some(format!("mapping{}", dotted(&options, pointer)).as_str().into());
            }
            let options = config.mapping.options.as_ref()?;
            format!("mapping.options{}", dotted(options, pointer))
        }
        SettingsRefusal::ReservedField(field) => {
            let source = config.sources.iter().position(|source| has_field(&source.labels().fields, field))?;
            return Some(config.places.key("source", source, "fields"));
        }
        SettingsRefusal::InvalidFields(_) => {
            let source = config.sources.iter().position(|source| !source.labels().fields.is_empty())?;
            return Some(config.places.key("source", source, "fields"));
        }
        SettingsRefusal::InvalidSuffixList(_) => "mapping.suffix_list".to_owned(),
        SettingsRefusal::Unsupported(setting) if setting.ends_with("pseudonym_key") => "mapping.privacy".to_owned(),
        SettingsRefusal::Unsupported(setting) => format!("mapping.{setting}"),
        SettingsRefusal::UnsupportedKind(kind) => {
            let needs = |source: &SourceConfig| source.settings.other_record_kinds().contains(kind);
            let source = config.sources.iter().position(needs)?;
            return Some(config.places.key("source", source, kind.as_str()));
        }
        SettingsRefusal::InvalidPseudonymKey(_) | SettingsRefusal::CannotHide => "mapping.privacy".to_owned(),
        SettingsRefusal::OtherContract { setting, .. } => (*setting).to_owned(),
    };
    Some(key.as_str().into())
}

fn has_field(fields: &serde_json::Map<String, Value>, field: &str) -> bool {
    let mut names = field.split('.');
    let first = names.next().and_then(|name| fields.get(name));
    names.try_fold(first, |value, name| value.map(|value| value.get(name))).flatten().is_some()
}

/// What a JSON pointer into the options is in the letters of a settings file, with a dot or a bracket before it. Tables
/// of an array have numbers where there are several; what else is in an array stands where the array does.
fn dotted(options: &Value, pointer: &str) -> String {
    let (mut dotted, mut value) = (String::new(), Some(options));
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        let within = match value {
            Some(Value::Array(elements)) => {
                let place: Option<usize> = token.parse().ok();
                let element = place.and_then(|place| elements.get(place));
                if let (Some(place), Some(Value::Object(_))) = (place, element)
                    && elements.len() > 1
                {
                    dotted.push_str(&format!("[{}]", place + 1));
                }
                element
            }
            value => {
                dotted.push('.');
                dotted.push_str(&token);
                value.and_then(|value| value.get(&token))
            }
        };
        value = within;
    }
    dotted
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_pointer_is_a_dotted_key() {
        let options =
            json!({ "privacy": { "ip": "x", "list": [1, 2] }, "rules": [{ "a": 1 }, { "b": 2 }], "one": [{}] });
        for (pointer, expected) in [
            ("", ""),
            ("/privacy/ip", ".privacy.ip"),
            ("/privacy/missing", ".privacy.missing"),
            ("/privacy/list/1", ".privacy.list"),
            ("/rules/1/b", ".rules[2].b"),
            ("/one/0/c", ".one.c"),
            ("/a~1b/c~0d", ".a/b.c~d"),
        ] {
            assert_eq!(dotted(&options, pointer), expected, "{pointer}");
        }
    }

    const SETTINGS: &str = r#"
state_dir = "state"
[mapping]
drop_status = ["x"]
[mapping.options.privacy]
subject = "x"
[[mapping.options.rules]]
a = 1
[[mapping.options.rules]]
b = 1
[[source]]
type = "file"
paths = ["a"]
[[source]]
type = "file"
paths = ["b"]
fields = { labels = { a = 1 }, event = { kind = "x" } }
[[output]]
type = "stdout"
"#;

    #[track_caller]
    fn check(refusal: SettingsRefusal, expected: &str) {
        let config = Config::parse(SETTINGS, Path::new("x.toml"), &|_| None).unwrap();
        let error = with_refused_setting(&config, MapperError::Settings(refusal));
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_refused_setting_has_its_line() {
        let options = |pointer: &str| {
            let (pointer, problem) = (pointer.to_owned(), "is wrong".to_owned());
            SettingsRefusal::InvalidOptions { pointer, problem }
        };
        check(options("/privacy/subject"), "x.toml:6: `mapping.options.privacy.subject`");
        check(options("/privacy/key_id"), "x.toml:5: `mapping.options.privacy.key_id`");
        check(options("/rules/1/b"), "x.toml:10: `mapping.options.rules[2].b`");
        check(options(""), "x.toml:5: `mapping.options`");
        check(SettingsRefusal::Unsupported("drop_status".to_owned()), "x.toml:4: `mapping.drop_status`");
        check(SettingsRefusal::ReservedField("event.kind".to_owned()), "x.toml:17: `source[2].fields`");
        let contract = "0.1.0".to_owned();
        let setting = "mapping.options";
        check(SettingsRefusal::OtherContract { setting, contract }, "x.toml:5: `mapping.options`");
    }

    #[test]
    fn a_kind_of_records_is_refused_where_it_is_asked_for() {
        let settings = "state_dir = \"state\"\n[[source]]\ntype = \"graph\"\ntenant_id = \"contoso.com\"\n\
                        client_id = \"a\"\nclient_secret = \"b\"\n[source.details]\n[[output]]\ntype = \"stdout\"\n";
        let config = Config::parse(settings, Path::new("x.toml"), &|_| None).unwrap();
        let refusal = SettingsRefusal::UnsupportedKind(crate::mapper::RecordKind::Details);
        let error = with_refused_setting(&config, MapperError::Settings(refusal));
        assert_eq!(error.to_string(), "x.toml:7: `source.details`");
    }

    #[test]
    fn what_is_no_setting_has_no_line() {
        check(
            SettingsRefusal::ReservedField("agent".to_owned()),
            "mapping refuses its settings: field `agent` is written by the mapping itself",
        );
    }
}
