use wasmtime::Config;

/// The settings of every engine that runs mappings: code that was compiled with others is not taken.
pub fn config() -> Config {
    let mut config = Config::new();
    config.epoch_interruption(true);
    config
}
