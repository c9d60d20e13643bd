//! The settings of a module: JSON, put into it when it is built, and of some pipelines when they start it.

use std::fmt;

use exotrace_domains::LocalDomain;
use exotrace_mapping::{Tenant, Version, versions};
use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Value};

/// The settings of a module.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The mapping version. Default: `2.2`.
    #[serde(deserialize_with = "version")]
    pub mapping: &'static Version,
    /// Domains of the tenant, from which `email.direction` is derived. Default: none, and no direction is written.
    #[serde(deserialize_with = "local_domains")]
    pub local_domains: Option<Vec<String>>,
    /// Keep every record's own bytes in `event.original`. Default: `false`.
    pub preserve_original_event: bool,
    /// Tags of every document. Default: `["forwarded"]`.
    pub tags: Vec<String>,
    /// Statuses whose records are dropped, ignoring case; mapping 2.2. Default: none.
    pub drop_status: Vec<String>,
    /// Fields to add to every document. Default: none.
    pub fields: Option<Map<String, Value>>,
    /// The tenant that the records are of: its id, or one of its domains. Default: not known.
    pub tenant_id: Option<String>,
    /// What people call the tenant. Default: none.
    pub tenant_name: Option<String>,
    /// The mapping's own settings. Default: none.
    pub options: Option<Map<String, Value>>,
    /// The key at the top of a document that holds its `_id`, for outputs that take the id from there. Default: none.
    pub id_key: Option<String>,
    /// Whether `@timestamp` stays in the document. Default: `true`. `false` is for pipelines that write it from a time
    /// of an event that they know to be right.
    pub timestamp: bool,
    /// The key whose text is the record, where the pipeline wraps a line in an object, as Fluent Bit does with a line
    /// that no parser takes: `{"log": "LINE"}`. Default: none.
    pub record_key: Option<String>,
    /// A public suffix list in place of the built-in one: its text. Default: none.
    pub suffix_list: Option<String>,
    /// The key of pseudonyms, for `privacy` of the options, in hexadecimal or Base64. Default: none.
    pub privacy_key: Option<PrivacyKey>,
    /// The key before that one, while documents are still looked for by its pseudonyms. Default: none.
    pub previous_privacy_key: Option<PrivacyKey>,
}

/// A key of pseudonyms, which shows nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct PrivacyKey(Vec<u8>);

impl fmt::Debug for PrivacyKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("****")
    }
}

impl<'de> Deserialize<'de> for PrivacyKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // serde's message would show a value that is not a string.
        let value = Value::deserialize(deserializer)?;
        let key = value.as_str().and_then(|text| exotrace_privacy_key::parse(text.as_bytes()));
        key.map(Self).ok_or_else(|| de::Error::custom(exotrace_privacy_key::NO_KEY))
    }
}

/// A mapping version by its number.
fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'static Version, D::Error> {
    let number = String::deserialize(deserializer)?;
    versions::find(&number).ok_or_else(|| {
        let known: Vec<_> = versions::ALL.iter().map(|version| version.name).collect();
        de::Error::custom(format_args!("there is no mapping `{number}`; there are {}", known.join(", ")))
    })
}

/// Domains in every form that records may have them in.
fn local_domains<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    let Some(texts) = Option::<Vec<String>>::deserialize(deserializer)? else { return Ok(None) };
    let mut domains = Vec::new();
    for text in texts {
        domains.extend(LocalDomain::parse(&text).map_err(de::Error::custom)?.forms());
    }
    Ok(Some(domains))
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mapping: &versions::V2_2,
            local_domains: None,
            preserve_original_event: false,
            tags: vec!["forwarded".to_owned()],
            drop_status: Vec::new(),
            fields: None,
            tenant_id: None,
            tenant_name: None,
            options: None,
            id_key: None,
            timestamp: true,
            record_key: None,
            suffix_list: None,
            privacy_key: None,
            previous_privacy_key: None,
        }
    }
}

impl Settings {
    /// What the mapping takes of them.
    pub fn of_session(&self) -> exotrace_mapping::Settings {
        let tenant = (self.tenant_id.is_some() || self.tenant_name.is_some()).then(|| Tenant {
            id: self.tenant_id.as_deref().map(str::to_lowercase).unwrap_or_default(),
            name: self.tenant_name.clone(),
        });
        exotrace_mapping::Settings {
            tenant,
            local_domains: self.local_domains.clone(),
            preserve_original_event: self.preserve_original_event,
            tags: self.tags.clone(),
            drop_status: self.drop_status.clone(),
            fields: self.fields.clone().map(|fields| Value::Object(fields).to_string()),
            options: self.options.clone().map(|options| Value::Object(options).to_string()),
            suffix_list: self.suffix_list.clone(),
            pseudonym_key: self.privacy_key.clone().map(|key| key.0),
            previous_pseudonym_key: self.previous_privacy_key.clone().map(|key| key.0),
        }
    }
}
