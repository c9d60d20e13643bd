//! How far a long run is, for people who wait at a terminal.

use std::{
    fs,
    io::{self, IsTerminal as _, Read},
    path::PathBuf,
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::exit;

/// A bar on standard error; nothing at all unless that is a terminal and the documents go somewhere else.
#[derive(Clone)]
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// A bar over the bytes of all files. Of what is not a file it is not known how much there will be.
    pub(super) fn new(files: &[PathBuf]) -> Self {
        let lengths = files.iter().map(|file| fs::metadata(file).ok().filter(fs::Metadata::is_file).map(|it| it.len()));
        let is_shown = io::stderr().is_terminal() && !io::stdout().is_terminal();
        let target = if is_shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let total: Option<u64> = lengths.sum();
        let template = match total {
            Some(_) => "{bar:30} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left",
            None => "{spinner} {bytes}, {bytes_per_sec}, {elapsed}",
        };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::with_draw_target(total, target).with_style(style);
        if is_shown {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        Self(bar)
    }

    /// Counts what is read.
    pub(super) fn read<R: Read>(&self, input: R) -> impl Read {
        self.0.wrap_read(input)
    }

    /// Tells people something, above the bar.
    pub(super) fn say(&self, message: &str) {
        self.0.suspend(|| exit::say(message));
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        self.0.finish_and_clear();
    }
}
