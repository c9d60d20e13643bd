//! How the program ends.

use std::{
    io::{self, ErrorKind},
    process::ExitCode,
};

use tracing::Level;

use super::log;
use crate::{
    app::unusable::Unusable,
    config::ConfigError,
    mapper::ComponentError,
    support::{error_text::explain, shortage::is_shortage, shown},
};

/// It finished, but something was left out; or it was not used as it has to be.
pub(super) const INCOMPLETE: u8 = 2;

/// Something in the configuration is wrong (`EX_CONFIG` of sysexits).
pub(super) const CONFIGURATION: u8 = 78;

/// What a program needs that the machine does not give.
const SHORT_HINT: &str = "hint: exotrace reserves 4 GiB of address space for each instance of a mapping, without using \
                          them, and needs about 20 threads and 64 open files: see `ulimit -a` and the limits of its unit";

/// The command line names something that there is not.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Usage(pub(super) String);

/// Prints an error with its causes, and returns the code to exit with.
pub(super) fn report(error: &anyhow::Error) -> ExitCode {
    let is_broken_pipe = |cause: &io::Error| cause.kind() == ErrorKind::BrokenPipe;
    if error.chain().any(|cause| cause.downcast_ref().is_some_and(is_broken_pipe)) {
        // The reader of the output has seen enough, as with `| head`.
        return ExitCode::SUCCESS;
    }
    let is_short = is_shortage(error.as_ref());
    let faults = error.chain().find_map(|cause| cause.downcast_ref()).map_or(&[][..], ConfigError::faults);
    let text = if is_short {
        // The settings are not to blame.
        let cause = error.chain().find(|cause| cause.to_string() != Unusable.to_string());
        format!("{}\n{SHORT_HINT}", explain(cause.unwrap_or(error.as_ref())))
    } else {
        explain(error.as_ref())
    };
    if log::is_json() {
        write(&log::one(Level::ERROR, "failed", &[("error", &text)]));
    } else if faults.len() > 1 {
        faults.iter().for_each(|fault| say(&format!("error: {fault}")));
    } else {
        say(&format!("error: {text}"));
    }
    if is_short {
        ExitCode::FAILURE
    } else if error.is::<Unusable>() || error.chain().any(|cause| cause.is::<ConfigError>()) {
        ExitCode::from(CONFIGURATION)
    } else if error.chain().any(|cause| cause.is::<Usage>() || is_unknown_mapping(cause)) {
        ExitCode::from(INCOMPLETE)
    } else {
        ExitCode::FAILURE
    }
}

/// Whether the command line names a mapping that there is not; what settings name is not usable.
fn is_unknown_mapping(cause: &(dyn std::error::Error + 'static)) -> bool {
    matches!(cause.downcast_ref(), Some(ComponentError::NoSuchVersion { .. }))
}

/// Prints a line for people; a line of JSON where everything else is.
pub(super) fn say(text: &str) {
    if log::is_json() {
        write(&log::one(Level::INFO, text, &[]));
    } else if log::is_coloured() {
        write(&painted(&shown::lines(text)));
    } else {
        write(&shown::lines(text));
    }
}

/// A text with the colours that wrong arguments have.
fn painted(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let colours = [("error:", "\x1b[1;31m"), ("warning:", "\x1b[1;33m"), ("hint:", "\x1b[1;32m")];
        let found = colours.iter().find_map(|(word, colour)| Some((word, colour, line.strip_prefix(word)?)));
        lines.push(match found {
            Some((word, colour, rest)) => format!("{colour}{word}\x1b[0m{rest}"),
            None => line.to_owned(),
        });
    }
    lines.join("\n")
}

#[expect(clippy::print_stderr, reason = "the one place that does")]
fn write(text: &str) {
    eprintln!("{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_line_begins_with_has_a_colour() {
        assert_eq!(
            painted("error: no error: x\nhint: y"),
            "\x1b[1;31merror:\x1b[0m no error: x\n\x1b[1;32mhint:\x1b[0m y"
        );
        assert_eq!(painted("done"), "done");
    }
}
