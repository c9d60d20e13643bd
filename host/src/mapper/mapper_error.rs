//! Why a batch could not be mapped.

use super::{fault_kind::FaultKind, memory::TotalMemoryTaken, settings_refusal::SettingsRefusal};

/// Why a batch could not be mapped, or a mapping not be started.
#[derive(Debug, thiserror::Error)]
pub enum MapperError {
    /// The mapping does not take the settings.
    #[error("mapping refuses its settings: {0}")]
    Settings(SettingsRefusal),
    /// The component stopped: a trap, or a limit.
    #[error("mapping component stopped ({kind})")]
    Stopped {
        /// What stopped it.
        kind: FaultKind,
        /// What wasmtime says.
        #[source]
        source: wasmtime::Error,
    },
    /// This machine has too little memory or address space left to run it: not the fault of the component.
    #[error("this machine has too little left to run the mapping")]
    Machine(#[source] wasmtime::Error),
    /// The component gave an answer that does not fit the batch.
    #[error("mapping component broke its contract: {0}")]
    Contract(String),
}

impl MapperError {
    /// How the component failed, if it did.
    pub fn fault(&self) -> Option<FaultKind> {
        match self {
            Self::Settings(_) | Self::Machine(_) => None,
            Self::Stopped { kind, .. } => Some(*kind),
            Self::Contract(_) => Some(FaultKind::Contract),
        }
    }

    /// Whether it lacked what other instances have.
    pub(super) fn is_crowded(&self) -> bool {
        match self {
            Self::Machine(_) => true,
            Self::Stopped { source, .. } => source.is::<TotalMemoryTaken>(),
            Self::Settings(_) | Self::Contract(_) => false,
        }
    }

    /// One line for people, without a backtrace.
    pub fn explain(&self) -> String {
        match self {
            Self::Stopped { kind, source } => format!("mapping component stopped ({kind}): {}", source.root_cause()),
            Self::Machine(source) => format!("{self}: {}", source.root_cause()),
            Self::Settings(_) | Self::Contract(_) => self.to_string(),
        }
    }
}
