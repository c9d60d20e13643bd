//! The settings of an output of type `stdout`: it has none of its own.

use super::StdoutOutput;
use crate::{
    config::{ConfigError, Section, SectionKind, Synonyms, ValueReader},
    pipeline::{Output, OutputContext, OutputError, OutputSettings},
};

/// An output of type `stdout`.
#[derive(Debug, Clone, Copy)]
pub struct StdoutConfig;

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

impl OutputSettings for StdoutConfig {
    fn kind(&self) -> &'static str {
        "stdout"
    }

    fn build(&self) -> Result<Box<dyn Output>, OutputError> {
        Ok(Box::new(StdoutOutput::new()))
    }

    fn default_name(&self) -> String {
        "stdout".to_owned()
    }
}
