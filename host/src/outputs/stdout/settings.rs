//! The settings of an output of type `stdout`: it has none of its own.

use crate::{
    config::{ConfigError, Section, SectionKind, Setup, Synonyms, ValueReader, no_steps},
    pipeline::OutputContext,
};

/// An output of type `stdout`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StdoutConfig;

/// How it is set up: there is nothing to know.
const SETUP: Setup =
    Setup { name: "stdout", about: "standard output, one document a line", questions: &[], more: &[], steps: no_steps };

impl SectionKind<OutputContext> for StdoutConfig {
    const NAMES: &'static [&'static str] = &["stdout"];
    const SYNONYMS: &'static [Synonyms] = &[];

    const SETUPS: &'static [Setup] = &[SETUP];

    fn keys() -> Vec<&'static str> {
        Vec::new()
    }

    fn read(_: &str, _: &Section<'_, '_>, _: &OutputContext, _: &ValueReader<'_>) -> Result<Self, ConfigError> {
        Ok(Self)
    }
}
