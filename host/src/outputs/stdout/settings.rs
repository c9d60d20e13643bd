//! The settings of an output of type `stdout`: it has none of its own.

use crate::{
    config::{ConfigError, Section, SectionKind, Synonyms, ValueReader},
    pipeline::OutputContext,
};

/// An output of type `stdout`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StdoutConfig;

impl SectionKind<OutputContext> for StdoutConfig {
    const NAMES: &'static [&'static str] = &["stdout"];
    const SYNONYMS: &'static [Synonyms] = &[];

    fn keys() -> Vec<&'static str> {
        Vec::new()
    }

    fn read(_: &str, _: &Section<'_, '_>, _: &OutputContext, _: &ValueReader<'_>) -> Result<Self, ConfigError> {
        Ok(Self)
    }
}
