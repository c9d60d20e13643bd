//! How the program ends.

use std::{
    io::{self, ErrorKind},
    process::ExitCode,
};

use crate::{config::ConfigError, error_text::explain};

/// It finished, but something was left out.
pub(super) const INCOMPLETE: u8 = 2;

/// Something in the configuration is wrong (`EX_CONFIG` of sysexits).
pub(super) const CONFIGURATION: u8 = 78;

/// The settings are well formed, but what they name cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("settings cannot be used")]
pub(super) struct Unusable;

/// Prints an error with its causes, and returns the code to exit with.
pub(super) fn report(error: &anyhow::Error) -> ExitCode {
    let is_broken_pipe = |cause: &io::Error| cause.kind() == ErrorKind::BrokenPipe;
    if error.chain().any(|cause| cause.downcast_ref().is_some_and(is_broken_pipe)) {
        // Whoever reads the output has seen enough, as with `| head`.
        return ExitCode::SUCCESS;
    }
    say(&format!("error: {}", explain(error.as_ref())));
    if error.is::<Unusable>() || error.chain().any(|cause| cause.is::<ConfigError>()) {
        ExitCode::from(CONFIGURATION)
    } else {
        ExitCode::FAILURE
    }
}

/// Prints a line for people.
#[expect(clippy::print_stderr, reason = "the one place that does")]
pub(super) fn say(line: &str) {
    eprintln!("{line}");
}
