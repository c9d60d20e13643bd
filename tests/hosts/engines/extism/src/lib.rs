//! Runs the plug-in in the runtime of Extism, with what every host of it should give: limits.

use std::time::Duration;

use extism::{Manifest, Plugin, PluginBuilder, Wasm};

/// The most memory that the plug-in gets, in pages of 64 KiB: 1 GiB.
const MEMORY_PAGES: u32 = 16 * 1024;

/// The longest time that a call takes.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Loads a plug-in with its config.
///
/// # Errors
///
/// When it is not one.
pub fn load(
    module: Vec<u8>,
    config: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
) -> anyhow::Result<Plugin> {
    let manifest = Manifest::new([Wasm::data(module)])
        .with_config(config.into_iter().map(|(name, text)| (name.into(), text.into())))
        .with_memory_max(MEMORY_PAGES)
        .with_timeout(TIMEOUT);
    PluginBuilder::new(manifest).with_cache_disabled().build()
}
