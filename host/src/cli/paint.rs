//! Colours for people, on a terminal alone, and not where `NO_COLOR` is set (no-color.org).

use std::io::{self, IsTerminal as _};

use super::log;
use crate::{config::environment, support::finding::Verdict};

/// Whether and how text is coloured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint {
    is_on: bool,
}

impl Paint {
    /// For what goes to standard output.
    pub(super) fn on_stdout() -> Self {
        Self { is_on: io::stdout().is_terminal() && environment::wants_colours() }
    }

    /// For what goes to standard error.
    pub(super) fn on_stderr() -> Self {
        Self { is_on: log::is_coloured() }
    }

    /// For tests of what is written without colours.
    #[cfg(test)]
    pub(super) fn none() -> Self {
        Self { is_on: false }
    }

    /// No colours at all.
    #[cfg(test)]
    pub(super) fn off() -> Self {
        Self { is_on: false }
    }

    pub(super) fn verdict(self, verdict: Verdict, text: &str) -> String {
        match verdict {
            Verdict::Ok => self.with("32", text),
            Verdict::Warning | Verdict::NotAsked => self.with("33", text),
            Verdict::Failed => self.with("1;31", text),
            Verdict::None => self.with("2", text),
        }
    }

    pub(super) fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    /// What is less important.
    pub(super) fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    /// The key of a field.
    pub(super) fn key(self, text: &str) -> String {
        self.with("36", text)
    }

    /// A text.
    pub(super) fn string(self, text: &str) -> String {
        self.with("32", text)
    }

    /// A number, and the like.
    pub(super) fn number(self, text: &str) -> String {
        self.with("33", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.is_on { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_coloured_only_where_it_is_wanted() {
        assert_eq!(Paint { is_on: true }.verdict(Verdict::Failed, "no"), "\x1b[1;31mno\x1b[0m");
        assert_eq!(Paint { is_on: false }.verdict(Verdict::Failed, "no"), "no");
    }
}
