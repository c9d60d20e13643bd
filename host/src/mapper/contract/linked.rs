//! What the host asks of a component of any version of the contract: in the host's own types.

use wasmtime::{Store, component::Component as Compiled};

use crate::mapper::{
    batch::MappedBatch, description::Description, instance_state::InstanceState, origin::Origin, settings::Settings,
    settings_refusal::SettingsRefusal,
};

/// A component with all that it may ask for.
pub(crate) trait LinkedComponent: Send + Sync {
    /// The component itself.
    fn compiled(&self) -> &Compiled;

    /// Asks it what it is, on an instance of its own.
    fn describe(&self, store: &mut Store<InstanceState>) -> wasmtime::Result<Description>;

    /// Starts an instance and opens a session; or says why it refuses the settings.
    fn open(
        &self,
        store: &mut Store<InstanceState>,
        settings: &Settings,
    ) -> wasmtime::Result<Result<Box<dyn Session>, SettingsRefusal>>;
}

/// A session of a running component.
pub(crate) trait Session: Send {
    /// Maps records. Nothing of the answer is checked.
    fn map_batch(
        &mut self,
        store: &mut Store<InstanceState>,
        records: &str,
        origin: &Origin,
    ) -> wasmtime::Result<MappedBatch>;
}
