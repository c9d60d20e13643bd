//! The mapping that the settings name.

use std::path::PathBuf;

use anyhow::Context as _;

use crate::{
    config::{Config, MappingChoice},
    mapper::{BuiltIn, Component, Loader, Original, Place, RecordKind, Said, default_mapping, digest},
    support::distinct::distinct,
};

/// The mapping that the settings name.
pub(crate) struct Named {
    pub(super) said: Said,
    what: What,
}

enum What {
    /// The one that suits each source.
    Defaults,
    BuiltIn(BuiltIn),
    /// A file, of which nothing is checked yet.
    File(PathBuf, Original),
}

impl Named {
    /// Finds it, and reads it if it is a file.
    pub(crate) fn find(choice: &MappingChoice, loader: &Loader) -> anyhow::Result<Self> {
        let mut said = Said::default();
        let place = match choice {
            MappingChoice::Default => return Ok(Self { said, what: What::Defaults }),
            MappingChoice::Version(version) => {
                said.version = Some(version.clone());
                loader.find(version).context("`mapping.version`")?
            }
            MappingChoice::Path(path) => {
                said.path = Some(std::path::absolute(path)?);
                Place::File(path.clone())
            }
        };
        let what = match place {
            Place::BuiltIn(built_in) => What::BuiltIn(built_in),
            Place::File(path) => {
                let original = Original::read(&path).with_context(|| could_not_use(&said, &path))?;
                said.digest = Some(digest(&original.bytes));
                What::File(path, original)
            }
        };
        Ok(Self { said, what })
    }

    /// The component of every source, in order.
    pub(crate) fn components(&self, config: &Config, loader: &Loader) -> anyhow::Result<Vec<Component>> {
        match &self.what {
            What::Defaults => defaults(config, loader),
            _ => Ok(vec![self.component(RecordKind::Legacy, loader)?; config.sources.len()]),
        }
    }

    /// The component, or the built-in one that suits records of a kind when the settings name none.
    pub(crate) fn component(&self, kind: RecordKind, loader: &Loader) -> anyhow::Result<Component> {
        match &self.what {
            What::Defaults => Ok(loader.built_in(default_mapping(kind))?),
            What::BuiltIn(built_in) => loader.built_in(*built_in).context("`mapping.version`"),
            What::File(path, original) => {
                let checked = loader.check_original(path, original);
                let loaded = checked.and_then(|()| loader.load(&original.bytes));
                loaded.with_context(|| could_not_use(&self.said, path))
            }
        }
    }

    /// The digest of it; of each, when sources have different ones.
    pub(super) fn digest(&self, config: &Config) -> String {
        match &self.what {
            What::BuiltIn(built_in) => digest(built_in.bytes),
            What::File(_, original) => digest(&original.bytes),
            What::Defaults => {
                let versions = config.sources.iter().map(|source| default_mapping(source.settings.record_kind()));
                let digests: Vec<_> = versions.map(|built_in| digest(built_in.bytes)).collect();
                distinct(digests.iter().map(String::as_str))
            }
        }
    }

    /// What people know it by.
    pub(super) fn name(&self) -> String {
        match &self.what {
            What::Defaults => "built in".to_owned(),
            What::BuiltIn(built_in) => built_in.version.to_owned(),
            What::File(path, _) => path.display().to_string(),
        }
    }

    /// The file, if it is one.
    pub(super) fn original(&self) -> Option<Original> {
        match &self.what {
            What::File(_, original) => Some(original.clone()),
            What::Defaults | What::BuiltIn(_) => None,
        }
    }
}

/// The built-in component that suits each source, in order.
pub(super) fn defaults(config: &Config, loader: &Loader) -> anyhow::Result<Vec<Component>> {
    let mut known: Vec<(&str, Component)> = Vec::new();
    let mut components = Vec::new();
    for source in &config.sources {
        let built_in = default_mapping(source.settings.record_kind());
        let component = match known.iter().find(|(known, _)| *known == built_in.version) {
            Some((_, component)) => component.clone(),
            None => loader.built_in(built_in)?,
        };
        known.push((built_in.version, component.clone()));
        components.push(component);
    }
    Ok(components)
}

fn could_not_use(said: &Said, path: &std::path::Path) -> String {
    let setting = if said.version.is_some() { "version" } else { "path" };
    format!("`mapping.{setting}`: could not use mapping `{}`", path.display())
}
