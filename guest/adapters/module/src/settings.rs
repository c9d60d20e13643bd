//! The settings of a module: JSON, put into it when it is built.

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
            ..exotrace_mapping::Settings::default()
        }
    }
}
