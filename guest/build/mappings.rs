//! Which mapping components there are: one for each folder `guest/components/v*`, whose `Cargo.toml` has the version.
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
    /// The version as people write it, without the patch number: `1.20`.
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
    /// All of them in the workspace at `workspace`, oldest first.
    ///
    /// # Errors
    ///
    /// When there is none, or one does not say what it is.
    pub(crate) fn all(workspace: &Path) -> anyhow::Result<Vec<Self>> {
        let mut found = Vec::new();
        for package in about::packages(workspace)? {
            let manifest = PathBuf::from(package["manifest_path"].as_str().unwrap_or_default());
            let mut folders = manifest.iter().rev().skip(1).filter_map(|name| name.to_str());
            let is_version = folders.next().is_some_and(|name| name.starts_with('v'));
            if is_version && folders.next() == Some("components") && folders.next() == Some("guest") {
                found.push(Self::new(package).with_context(|| format!("`{}`", manifest.display()))?);
            }
        }
        ensure!(!found.is_empty(), "there are no folders `guest/components/v*`");
        found.sort_by_key(|package| numbers(&package.version));
        Ok(found)
    }

    fn new(package: serde_json::Value) -> anyhow::Result<Self> {
        let metadata = &package["metadata"]["exotrace"];
        let metadata = if metadata.is_null() { Metadata::default() } else { Metadata::deserialize(metadata)? };
        let about: About = serde_json::from_value(package)?;
        let version = about.version.rsplit_once('.').map_or(&*about.version, |(version, _)| version).to_owned();
        Ok(Self { about, version, default_for: metadata.default_for })
    }
}

fn numbers(version: &str) -> Vec<u64> {
    version.split('.').map(|part| part.parse().unwrap_or_default()).collect()
}
