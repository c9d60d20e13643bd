//! The mapping of a source by another component, for records of the past: apart from what maps, is tried and is watched.

use super::{DeployedMapper, Deployment, RollbackPolicy, Standby, hot_swap::MappingRef};
use crate::mapper::{Component, ComponentError, MapperError, PoolConfig};

/// Why a mapping cannot map records of the past.
#[derive(Debug, thiserror::Error)]
pub enum ApartError {
    /// There is none, or it is not a mapping.
    #[error(transparent)]
    Component(#[from] ComponentError),
    /// It cannot be started with the settings of the source.
    #[error(transparent)]
    Start(#[from] MapperError),
}

impl DeployedMapper {
    /// The same source by another mapping, which nothing replaces. Compiles it, which takes seconds: not for a thread
    /// that others wait for.
    ///
    /// # Errors
    ///
    /// When the mapping cannot be used.
    pub fn with_mapping(&self, wanted: &MappingRef) -> Result<Self, ApartError> {
        let loader = &self.deployment.loader;
        let component = match wanted {
            MappingRef::Version(version) => loader.open_version(version)?,
            MappingRef::Path(path) => loader.open(path)?,
        };
        self.with_component(component)
    }

    /// The same source by the mapping that maps now, also after a replacement.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn as_now(&self) -> Result<Self, ApartError> {
        self.with_component(self.deployment.rollout.current().pool(self.source).component.clone())
    }

    fn with_component(&self, component: Component) -> Result<Self, ApartError> {
        let PoolConfig { settings, limits, geo, .. } = self.deployment.settings[self.source].clone();
        let (settings, limits) = ((*settings).clone(), (*limits).clone());
        let loader = self.deployment.loader.clone();
        let start = vec![(component, settings)];
        let apart = Deployment::with_loader(start, limits, RollbackPolicy::default(), &geo, loader, Standby::Always)?;
        Ok(apart.mapper(0).in_namespace(self.namespace.as_deref()).of_tenant(self.tenant.as_deref()))
    }

    /// Version and digest of what maps now.
    pub fn mapping(&self) -> (String, String) {
        let current = self.deployment.rollout.current();
        let component = &current.pool(self.source).component;
        (component.description().mapping_version.clone(), component.digest().to_owned())
    }
}
