//! One source of the settings.

use std::sync::Arc;

use super::source_labels::SourceLabels;
use crate::{mapper::Tenant, pipeline::SourceSettings};

/// `[[source]]`
#[derive(Debug, Clone)]
pub(crate) struct SourceConfig {
    pub(super) name: String,
    pub(super) labels: SourceLabels,
    pub(super) local_domains: Option<Vec<String>>,
    /// What its kind has of its own.
    pub settings: Arc<dyn SourceSettings>,
}

impl SourceConfig {
    /// What metrics and health call it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its type, as the settings have it.
    pub(crate) fn kind(&self) -> &'static str {
        self.settings.kind()
    }

    /// What tells its documents from those of other sources.
    pub(crate) fn labels(&self) -> &SourceLabels {
        &self.labels
    }

    /// Whose records they are, as far as that is known.
    pub(crate) fn tenant(&self) -> Option<Tenant> {
        Tenant::known_by(self.settings.tenant_id(), self.labels.tenant_name.as_deref())
    }

    /// Domains of the tenant, for `email.direction`.
    pub(crate) fn local_domains(&self) -> Option<&[String]> {
        self.local_domains.as_deref()
    }

    /// The settings of its kind, if that is `K`.
    #[cfg(test)]
    pub(crate) fn of_kind<K: SourceSettings>(&self) -> Option<&K> {
        (self.settings.as_ref() as &dyn std::any::Any).downcast_ref()
    }
}
