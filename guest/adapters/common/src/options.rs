//! The settings of an adapter, each by its name: as an argument, an environment variable, or in a query.

use std::fmt;

use exotrace_domains::{DomainError, LocalDomain};

/// The settings of an adapter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Domains of the tenant; none: no direction is written.
    pub local_domains: Option<Vec<String>>,
    /// Tags of every document.
    pub tags: Vec<String>,
    /// Statuses whose records are dropped.
    pub drop_status: Vec<String>,
    /// Keep every record's own bytes.
    pub preserve_original_event: bool,
    /// Fields to add to every document: a JSON object.
    pub fields: Option<String>,
    /// The tenant that the records are of.
    pub tenant_id: Option<String>,
    /// What people call the tenant.
    pub tenant_name: Option<String>,
    /// The mapping's own settings: a JSON object.
    pub options: Option<String>,
    /// Give every document together with its `_id`.
    pub with_id: bool,
    /// City database.
    pub geoip_city: Option<String>,
    /// ASN database.
    pub geoip_asn: Option<String>,
    /// Public suffix list.
    pub suffix_list: Option<String>,
    /// The file of the key of pseudonyms.
    pub privacy_key_file: Option<String>,
    /// The key of pseudonyms itself.
    pub privacy_key: Option<SecretText>,
}

/// A text that shows nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(String);

impl SecretText {
    /// Keeps a text secret.
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("****")
    }
}

/// One setting: how it is called, and what it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptionSpec {
    /// Its name, as in `--local-domain`.
    pub name: &'static str,
    /// The environment variable with the same effect.
    pub variable: &'static str,
    /// What it takes.
    pub value: OptionValue,
    /// What it does, for people.
    pub help: &'static str,
}

/// What a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionValue {
    /// `true` or `false`; its name alone is `true`.
    Switch,
    /// A text.
    Text,
    /// Texts: the setting stands again for more, and in a variable they are separated by commas.
    Texts,
    /// A file in a folder that the host gives.
    File,
    /// A text that only the environment may have: arguments show in the list of processes.
    Secret,
}

/// Every setting.
pub const OPTIONS: [OptionSpec; 14] = [
    OptionSpec {
        name: "local-domain",
        variable: "EXOTRACE_LOCAL_DOMAIN",
        value: OptionValue::Texts,
        help: "A domain of the tenant, for `email.direction`, or `*.` and a domain for its sub-domains; again for more.",
    },
    OptionSpec {
        name: "tag",
        variable: "EXOTRACE_TAG",
        value: OptionValue::Texts,
        help: "A tag for every document; again for more.",
    },
    OptionSpec {
        name: "drop-status",
        variable: "EXOTRACE_DROP_STATUS",
        value: OptionValue::Texts,
        help: "A status whose records are dropped, ignoring case; mapping 2.2 and later; again for more.",
    },
    OptionSpec {
        name: "preserve-original-event",
        variable: "EXOTRACE_PRESERVE_ORIGINAL_EVENT",
        value: OptionValue::Switch,
        help: "Keep every record's own bytes in `event.original`.",
    },
    OptionSpec {
        name: "fields",
        variable: "EXOTRACE_FIELDS",
        value: OptionValue::Text,
        help: "Fields to add to every document: a JSON object.",
    },
    OptionSpec {
        name: "tenant-id",
        variable: "EXOTRACE_TENANT_ID",
        value: OptionValue::Text,
        help: "The tenant that the records are of: its id, or one of its domains.",
    },
    OptionSpec {
        name: "tenant-name",
        variable: "EXOTRACE_TENANT_NAME",
        value: OptionValue::Text,
        help: "What people call the tenant.",
    },
    OptionSpec {
        name: "options",
        variable: "EXOTRACE_OPTIONS",
        value: OptionValue::Text,
        help: "The mapping's own settings: a JSON object.",
    },
    OptionSpec {
        name: "with-id",
        variable: "EXOTRACE_WITH_ID",
        value: OptionValue::Switch,
        help: "Give `{\"_id\": ..., \"document\": {...}}` instead of the document alone.",
    },
    OptionSpec {
        name: "geoip-city",
        variable: "EXOTRACE_GEOIP_CITY",
        value: OptionValue::File,
        help: "City database in MaxMind format.",
    },
    OptionSpec {
        name: "geoip-asn",
        variable: "EXOTRACE_GEOIP_ASN",
        value: OptionValue::File,
        help: "ASN database in MaxMind format.",
    },
    OptionSpec {
        name: "suffix-list",
        variable: "EXOTRACE_SUFFIX_LIST",
        value: OptionValue::File,
        help: "Public suffix list in the format of publicsuffix.org, in place of the built-in one.",
    },
    OptionSpec {
        name: "privacy-key-file",
        variable: "EXOTRACE_PRIVACY_KEY_FILE",
        value: OptionValue::File,
        help: "File with the key of pseudonyms, for `privacy` of `options`: 32 random bytes, raw, hexadecimal or Base64.",
    },
    OptionSpec {
        name: "privacy-key",
        variable: "EXOTRACE_PRIVACY_KEY",
        value: OptionValue::Secret,
        help: "The same key as hexadecimal or Base64, for hosts without folders; in the variable alone.",
    },
];

/// Why a setting cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OptionError {
    /// There is no such setting.
    #[error("there is no setting `{0}`\nhint: there are {names}", names = names())]
    Unknown(String),
    /// The value of a switch is something else.
    #[error("`{name}` is `true` or `false`, not `{value}`")]
    NotASwitch {
        /// Which setting.
        name: &'static str,
        /// What it was given.
        value: String,
    },
    /// There is no value.
    #[error("`{0}` needs a value")]
    Empty(&'static str),
    /// The setting names a file, which the host cannot give.
    #[error(
        "`{0}` names a file, and this host gives a component no folder\n\
         hint: `make plugins GEOIP_CITY=... GEOIP_ASN=...` builds databases in"
    )]
    NoFolder(&'static str),
    /// A domain of the tenant is not one.
    #[error("`local-domain`: {0}")]
    Domain(#[from] DomainError),
}

impl OptionSpec {
    /// The setting of that name.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn named(name: &str) -> Result<Self, OptionError> {
        let found = OPTIONS.into_iter().find(|spec| spec.name == name);
        found.ok_or_else(|| OptionError::Unknown(name.to_owned()))
    }
}

impl Options {
    /// The settings in these environment variables. Those that are not of an adapter do not count, and neither do
    /// empty ones.
    ///
    /// # Errors
    ///
    /// When a value cannot be used.
    pub fn from_environment(variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, OptionError> {
        let mut options = Self::default();
        for (variable, value) in variables {
            let Some(spec) = OPTIONS.iter().find(|spec| spec.variable == variable) else { continue };
            options.set_separated(*spec, &value)?;
        }
        Ok(options)
    }

    /// The settings in the configuration that a host without folders has for a component: each by its name, with hyphens
    /// or underscores, or by its variable.
    ///
    /// # Errors
    ///
    /// When there is no such setting, it names a file, or a value cannot be used.
    pub fn from_config<'a>(config: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, OptionError> {
        let mut options = Self::default();
        for (name, value) in config {
            let spec = match OPTIONS.iter().find(|spec| spec.variable == name) {
                Some(spec) => *spec,
                None => {
                    OptionSpec::named(&name.replace('_', "-")).map_err(|_| OptionError::Unknown(name.to_owned()))?
                }
            };
            if spec.value == OptionValue::File && !value.trim().is_empty() {
                return Err(OptionError::NoFolder(spec.name));
            }
            options.set_separated(spec, value)?;
        }
        Ok(options)
    }

    /// Sets one setting to each of the texts between commas, if it takes several. An empty one does not count.
    fn set_separated(&mut self, spec: OptionSpec, value: &str) -> Result<(), OptionError> {
        let is_list = spec.value == OptionValue::Texts;
        let values = value.split(|separator| is_list && separator == ',').map(str::trim);
        values.filter(|value| !value.is_empty()).try_for_each(|value| self.set(spec, value))
    }

    /// These settings, and those of `other` where it has none.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let or_texts = |texts: Vec<String>, others| if texts.is_empty() { others } else { texts };
        Self {
            local_domains: self.local_domains.or(other.local_domains),
            tags: or_texts(self.tags, other.tags),
            drop_status: or_texts(self.drop_status, other.drop_status),
            preserve_original_event: self.preserve_original_event || other.preserve_original_event,
            fields: self.fields.or(other.fields),
            tenant_id: self.tenant_id.or(other.tenant_id),
            tenant_name: self.tenant_name.or(other.tenant_name),
            options: self.options.or(other.options),
            with_id: self.with_id || other.with_id,
            geoip_city: self.geoip_city.or(other.geoip_city),
            geoip_asn: self.geoip_asn.or(other.geoip_asn),
            suffix_list: self.suffix_list.or(other.suffix_list),
            privacy_key_file: self.privacy_key_file.or(other.privacy_key_file),
            privacy_key: self.privacy_key.or(other.privacy_key),
        }
    }

    /// Sets one setting, or adds to it when it takes several texts.
    ///
    /// # Errors
    ///
    /// When the value cannot be used.
    pub fn set(&mut self, spec: OptionSpec, value: &str) -> Result<(), OptionError> {
        let name = spec.name;
        if value.is_empty() && spec.value != OptionValue::Switch {
            return Err(OptionError::Empty(name));
        }
        let text = value.to_owned();
        match name {
            "local-domain" => self.local_domains.get_or_insert_default().extend(LocalDomain::parse(value)?.forms()),
            "tag" => self.tags.push(text),
            "drop-status" => self.drop_status.push(text),
            "preserve-original-event" => self.preserve_original_event = switch(name, value)?,
            "fields" => self.fields = Some(text),
            "tenant-id" => self.tenant_id = Some(text),
            "tenant-name" => self.tenant_name = Some(text),
            "options" => self.options = Some(text),
            "with-id" => self.with_id = switch(name, value)?,
            "geoip-city" => self.geoip_city = Some(text),
            "geoip-asn" => self.geoip_asn = Some(text),
            "suffix-list" => self.suffix_list = Some(text),
            "privacy-key-file" => self.privacy_key_file = Some(text),
            "privacy-key" => self.privacy_key = Some(SecretText::new(value)),
            other => return Err(OptionError::Unknown(other.to_owned())),
        }
        Ok(())
    }
}

fn switch(name: &'static str, value: &str) -> Result<bool, OptionError> {
    match value {
        "" | "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(OptionError::NotASwitch { name, value: value.to_owned() }),
    }
}

fn names() -> String {
    OPTIONS.map(|spec| format!("`{}`", spec.name)).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Result<Options, OptionError> {
        Options::from_environment(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn every_setting_can_be_set() {
        for spec in OPTIONS {
            let mut options = Options::default();
            let value = if spec.name == "local-domain" { "contoso.com" } else { "true" };
            options.set(spec, value).unwrap();
            assert_ne!(options, Options::default(), "{}", spec.name);
            assert_eq!(environment(&[(spec.variable, value)]).unwrap(), options, "{}", spec.variable);
            assert_eq!(Options::default().or(options.clone()), options, "{}", spec.name);
            assert_eq!(options.clone().or(Options::default()), options, "{}", spec.name);
        }
    }

    #[test]
    fn a_variable_holds_several_texts_between_commas() {
        let options =
            environment(&[("EXOTRACE_TAG", "a, b,"), ("EXOTRACE_FIELDS", "{\"a\":1,\"b\":2}"), ("PATH", "x")]);
        let options = options.unwrap();
        assert_eq!(options.tags, ["a", "b"]);
        assert_eq!(options.fields.as_deref(), Some("{\"a\":1,\"b\":2}"));
        assert_eq!(environment(&[("EXOTRACE_LOCAL_DOMAIN", "")]).unwrap(), Options::default());
    }

    #[test]
    fn a_configuration_has_names_of_every_kind() {
        let options = Options::from_config([
            ("local_domain", "contoso.com, fabrikam.com"),
            ("EXOTRACE_TAG", "a"),
            ("with-id", "true"),
        ]);
        let options = options.unwrap();
        assert_eq!(options.local_domains, Some(vec!["contoso.com".to_owned(), "fabrikam.com".to_owned()]));
        assert_eq!((options.tags, options.with_id), (vec!["a".to_owned()], true));
        assert_eq!(Options::from_config([("geoip-city", " ")]).unwrap(), Options::default());
        let error = Options::from_config([("geoip_city", "City.mmdb")]).unwrap_err().to_string();
        assert!(
            error.starts_with("`geoip-city` names a file, and this host gives a component no folder\nhint: "),
            "{error}"
        );
        assert!(
            matches!(Options::from_config([("EXOTRACE_NONE", "x")]), Err(OptionError::Unknown(name)) if name == "EXOTRACE_NONE")
        );
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let error = OptionSpec::named("local-domains").unwrap_err().to_string();
        assert!(
            error.starts_with("there is no setting `local-domains`\nhint: there are `local-domain`, `tag`"),
            "{error}"
        );
        let error = environment(&[("EXOTRACE_WITH_ID", "yes")]).unwrap_err();
        assert_eq!(error.to_string(), "`with-id` is `true` or `false`, not `yes`");
        let error = environment(&[("EXOTRACE_LOCAL_DOMAIN", "fabrikam.com, https://contoso.com")]).unwrap_err();
        let expected = "`local-domain`: `https://contoso.com` is a URL, not a domain\nhint: write `contoso.com`";
        assert_eq!(error.to_string(), expected);
        let error = Options::default().set(OPTIONS[0], "").unwrap_err();
        assert_eq!(error.to_string(), "`local-domain` needs a value");
    }
}
