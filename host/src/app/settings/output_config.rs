//! One output of the settings.

use std::{any::Any, sync::Arc};

use crate::pipeline::OutputSettings;

/// `[[output]]`
#[derive(Debug, Clone)]
pub(crate) struct OutputConfig {
    /// What logs, the ledger and the dead letter call it.
    pub name: String,
    /// What its kind has of its own.
    pub settings: Arc<dyn OutputSettings>,
}

impl OutputConfig {
    /// The settings of its kind, if that is `K`.
    pub(crate) fn of_kind<K: OutputSettings>(&self) -> Option<&K> {
        (self.settings.as_ref() as &dyn Any).downcast_ref()
    }
}
