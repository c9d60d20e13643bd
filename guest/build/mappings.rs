//! Which mapping components there are: one for each folder `guest/components/*_*`, whose `Cargo.toml` has the version.
//! The folder is `v` and the version, `v3_0`, or a schema and its version, `ocsf_1_8`.
//!
//! A module of those that have `about` as one.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use crate::about::{self, About};

/// A package that is a mapping component.
#[derive(Debug)]
pub(crate) struct MappingPackage {
    pub(crate) about: About,
    /// The version as people write it, without the patch number: `1.20`, `ocsf-1.8`.
    pub(crate) version: String,
    /// The kinds of records that it maps unless somebody names another version: `graph`, `legacy`.
    pub(crate) default_for: Vec<String>,
}

/// What stands in `package.metadata.exotrace`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Metadata {
    default_for: Vec<String>,
}

impl MappingPackage {
    /// All of them in the workspace at `workspace`: those of ECS, oldest first, and then those of other schemas.
    ///
    /// # Errors
    ///
    /// When there is none, or one does not say what it is.
    pub(crate) fn all(workspace: &Path) -> anyhow::Result<Vec<Self>> {
        let mut found = Vec::new();
        for package in about::packages(workspace)? {
            let manifest = PathBuf::from(package["manifest_path"].as_str().unwrap_or_default());
            let mut folders = manifest.iter().rev().skip(1).filter_map(|name| name.to_str());
            let folder = folders.next().and_then(|name| name.split_once('_'));
            if let Some((family, _)) = folder
                && folders.next() == Some("components")
                && folders.next() == Some("guest")
            {
                let schema = if family.starts_with('v') { "" } else { family };
                found.push(Self::new(package, schema).with_context(|| format!("`{}`", manifest.display()))?);
            }
        }
        ensure!(!found.is_empty(), "there are no folders `guest/components/*_*`");
        found.sort_by(|one, other| numbers(&one.version).cmp(&numbers(&other.version)));
        Ok(found)
    }

    fn new(package: serde_json::Value, schema: &str) -> anyhow::Result<Self> {
        let metadata = &package["metadata"]["exotrace"];
        let metadata = if metadata.is_null() { Metadata::default() } else { Metadata::deserialize(metadata)? };
        let about: About = serde_json::from_value(package)?;
        let number = about.version.rsplit_once('.').map_or(&*about.version, |(number, _)| number);
        let version = if schema.is_empty() { number.to_owned() } else { format!("{schema}-{number}") };
        Ok(Self { about, version, default_for: metadata.default_for })
    }
}

/// The schema, which is empty for ECS, and the numbers of the version.
fn numbers(version: &str) -> (&str, Vec<u64>) {
    let (schema, number) = version.split_once('-').unwrap_or(("", version));
    (schema, number.split('.').map(|part| part.parse().unwrap_or_default()).collect())
}
