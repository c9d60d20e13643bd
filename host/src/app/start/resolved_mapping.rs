//! The mapping that the settings name.

use std::path::PathBuf;

use anyhow::Context as _;

use crate::{
    app::settings::{Config, MappingChoice},
    deployment::ConfiguredMapping,
    mapper::{BuiltIn, Component, ComponentFile, Loader, MappingPlace, RecordKind, default_mapping, digest},
    support::distinct::distinct,
};

/// The mapping that the settings name.
pub(crate) struct ResolvedMapping {
    pub(super) configured: ConfiguredMapping,
    what: ResolvedPlace,
}

enum ResolvedPlace {
    /// The one that suits each source.
    Defaults,
    BuiltIn(BuiltIn),
    /// A file, of which nothing is checked yet.
    File(PathBuf, ComponentFile),
}

impl ResolvedMapping {
    /// Finds it, and reads it if it is a file.
    pub(crate) fn find(choice: &MappingChoice, loader: &Loader) -> anyhow::Result<Self> {
        let mut configured = ConfiguredMapping::default();
        let place = match choice {
            MappingChoice::Default => return Ok(Self { configured, what: ResolvedPlace::Defaults }),
            MappingChoice::Version(version) => {
                configured.version = Some(version.clone());
                loader.find(version).context("`mapping.version`\nhint: `mapping.path` names a component file")?
            }
            MappingChoice::Path(path) => {
                configured.path = Some(std::path::absolute(path)?);
                MappingPlace::File(path.clone())
            }
        };
        let what = match place {
            MappingPlace::BuiltIn(built_in) => ResolvedPlace::BuiltIn(built_in),
            MappingPlace::File(path) => {
                let file = ComponentFile::read(&path).with_context(|| could_not_use(&configured, &path))?;
                configured.digest = Some(digest(&file.bytes));
                ResolvedPlace::File(path, file)
            }
        };
        Ok(Self { configured, what })
    }

    /// The component of every source, in order.
    pub(crate) fn components(&self, config: &Config, loader: &Loader) -> anyhow::Result<Vec<Component>> {
        match &self.what {
            ResolvedPlace::Defaults => defaults(config, loader),
            _ => Ok(vec![self.component(RecordKind::Legacy, loader)?; config.sources.len()]),
        }
    }

    /// The component, or the built-in one that suits records of a kind when the settings name none.
    pub(crate) fn component(&self, kind: RecordKind, loader: &Loader) -> anyhow::Result<Component> {
        match &self.what {
            ResolvedPlace::Defaults => Ok(loader.built_in(default_mapping(kind))?),
            ResolvedPlace::BuiltIn(built_in) => loader.built_in(*built_in).context("`mapping.version`"),
            ResolvedPlace::File(path, file) => {
                let checked = loader.check_file(path, file);
                let loaded = checked.and_then(|()| loader.load(&file.bytes));
                loaded.with_context(|| could_not_use(&self.configured, path))
            }
        }
    }

    /// What the settings name, without the digest of a file.
    pub(crate) fn named(&self) -> ConfiguredMapping {
        ConfiguredMapping { digest: None, ..self.configured.clone() }
    }

    /// The digest of it; of each, when sources have different ones.
    pub(super) fn digest(&self, config: &Config) -> String {
        match &self.what {
            ResolvedPlace::BuiltIn(built_in) => digest(built_in.bytes),
            ResolvedPlace::File(_, file) => digest(&file.bytes),
            ResolvedPlace::Defaults => {
                let versions = config.sources.iter().map(|source| default_mapping(source.settings.record_kind()));
                let digests: Vec<_> = versions.map(|built_in| digest(built_in.bytes)).collect();
                distinct(digests.iter().map(String::as_str))
            }
        }
    }

    /// ResolvedPlace people know it by.
    pub(super) fn name(&self) -> String {
        match &self.what {
            ResolvedPlace::Defaults => "built in".to_owned(),
            ResolvedPlace::BuiltIn(built_in) => built_in.version.to_owned(),
            ResolvedPlace::File(path, _) => path.display().to_string(),
        }
    }

    /// The file, if it is one.
    pub(super) fn file(&self) -> Option<ComponentFile> {
        match &self.what {
            ResolvedPlace::File(_, file) => Some(file.clone()),
            ResolvedPlace::Defaults | ResolvedPlace::BuiltIn(_) => None,
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

fn could_not_use(configured: &ConfiguredMapping, path: &std::path::Path) -> String {
    let setting = if configured.version.is_some() { "version" } else { "path" };
    format!("`mapping.{setting}`: could not use mapping `{}`", path.display())
}
