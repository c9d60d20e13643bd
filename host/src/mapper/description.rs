//! What a component says it is.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::settings::PRIVACY;
use crate::support::{distinct::distinct, property::RecordKind};

/// What a component says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Name of the mapping, for people.
    pub name: String,
    /// Version of the mapping.
    pub mapping_version: String,
    /// The schema that its documents follow.
    pub schema: DocumentSchema,
    /// The kinds of records that it maps.
    pub record_kinds: Vec<RecordKind>,
    /// JSON Schema of its own settings; none: it has no settings of its own.
    pub options_schema: Option<String>,
    /// The version of the WIT contract that it was built with.
    pub wit_version: String,
}

impl Description {
    /// The kinds of records that it maps, for people.
    pub(crate) fn kinds(&self) -> String {
        distinct(self.record_kinds.iter().map(|kind| kind.as_str()))
    }

    /// Whether its own settings may have a profile that hides people.
    pub(super) fn hides_people(&self) -> bool {
        let schema = self.options_schema.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok());
        schema.is_some_and(|schema| schema["properties"][PRIVACY].is_object())
    }
}

/// What documents look like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DocumentSchema {
    /// Name of the schema: `ecs`, `ocsf`.
    pub name: String,
    /// Version of the schema.
    pub version: String,
}

impl DocumentSchema {
    /// The Elastic Common Schema of a version.
    pub(super) fn ecs(version: String) -> Self {
        Self { name: "ecs".to_owned(), version }
    }

    /// What changes with another schema, as `ecs 9.4.0 to ocsf 1.5.0`; none when they are of one name: what is of one
    /// name may be stored together.
    pub(crate) fn change_to(&self, after: &Self) -> Option<String> {
        (self.name != after.name).then(|| format!("{self} to {after}"))
    }

    /// The version, if it is the Elastic Common Schema.
    pub(crate) fn ecs_version(&self) -> Option<&str> {
        (self.name == "ecs").then_some(self.version.as_str())
    }
}

impl fmt::Display for DocumentSchema {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.name, self.version)
    }
}
