//! Runs the SmartModule in the engine that is in Fluvio's stream processing units and connectors.

use anyhow::bail;
use fluvio_smartengine::{SmartEngine, SmartModuleChainBuilder, SmartModuleChainInstance, SmartModuleConfig};
use fluvio_smartmodule::{
    Record, SMARTMODULE_TIMESTAMPS_VERSION,
    dataplane::smartmodule::{SmartModuleExtraParams, SmartModuleInput},
};

/// The name that the engine counts under.
pub const NAME: &str = "exotrace";

/// Starts the engine with a SmartModule and its parameters, for this version of Fluvio's protocol, with memory up to a limit.
///
/// # Errors
///
/// When the engine or the SmartModule refuses.
pub fn start(
    module: Vec<u8>,
    parameters: SmartModuleExtraParams,
    version: i16,
    memory_bytes: usize,
) -> anyhow::Result<SmartModuleChainInstance> {
    let mut config = SmartModuleConfig::builder();
    let config = config.smartmodule_names([NAME.to_owned()]).params(parameters).version(version).build()?;
    let mut chain = SmartModuleChainBuilder::from((config, module));
    chain.set_store_memory_limit(memory_bytes);
    chain.initialize(&SmartEngine::new())
}

/// The version of the protocol that the engine has by itself.
pub const VERSION: i16 = SMARTMODULE_TIMESTAMPS_VERSION;

/// The memory that the engine gives by itself.
pub const MEMORY_BYTES: usize = 1_000_000_000;

/// Has the records of a batch processed.
///
/// # Errors
///
/// When the stream would end.
pub fn process(
    chain: &mut SmartModuleChainInstance,
    records: Vec<Record>,
    version: i16,
) -> anyhow::Result<Vec<Record>> {
    let output = chain.process(SmartModuleInput::try_from_records(records, version)?)?;
    match output.error {
        Some(error) => bail!("{error}"),
        None => Ok(output.successes),
    }
}
