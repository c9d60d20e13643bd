//! What settings say of loading mappings, and of what a mapping may use.

use crate::{
    app::settings::{Config, MappingLimits},
    mapper::{self, CompileLimits, Compiler, Demand, Limits, Loader, PoolConfig},
};

/// The folder of mappings, in `state_dir`.
pub(crate) const MAPPINGS: &str = "mappings";

/// How component files are loaded with these settings: with a settings file, those that it trusts, and those in the
/// folder of mappings by their version as well.
pub(crate) fn loader(config: Option<&Config>) -> Loader {
    let compiler = Compiler::of_this_program(compile_limits(config));
    let Some(config) = config else { return Loader::default().compiling_by(compiler) };
    let loader = Loader::new(config.mapping.trusted_keys.clone()).with_folder(config.state_dir.join(MAPPINGS));
    let loader = loader.compiling_by(compiler);
    if config.mapping.limits.fuel.is_some() { loader.metering() } else { loader }
}

/// What a mapping may use with these settings.
pub(crate) fn limits(config: Option<&Config>) -> Limits {
    let Some(config) = config else { return Limits::default() };
    let MappingLimits { memory_bytes, batch_time, result_bytes, fuel, .. } = config.mapping.limits;
    Limits { memory_bytes, batch_time, result_bytes, fuel }
}

/// Limits the memory of all mappings of this process together, as these settings say.
pub(crate) fn apply_total_memory(config: Option<&Config>) {
    if let Some(config) = config {
        mapper::set_max_total_memory(config.mapping.limits.total_memory_bytes);
    }
}

/// What compiling a mapping may take with these settings.
pub(crate) fn compile_limits(config: Option<&Config>) -> CompileLimits {
    let Some(config) = config else { return CompileLimits::default() };
    let MappingLimits { compile_memory_bytes, compile_time, .. } = config.mapping.limits;
    CompileLimits { memory_bytes: compile_memory_bytes, time: compile_time }
}

/// How a mapping is run by itself: without settings and databases, within the usual limits.
pub(crate) fn without_settings() -> PoolConfig {
    PoolConfig {
        settings: Default::default(),
        limits: Default::default(),
        geo: Default::default(),
        demand: Demand::lasting(),
    }
}
