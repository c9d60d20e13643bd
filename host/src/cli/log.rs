//! Logs on standard error: text on a terminal, JSON otherwise. `EXOTRACE_LOG` sets the level, as `debug` or
//! `exotrace=trace`.

use std::io::{self, IsTerminal as _, Write};

use indicatif::MultiProgress;
use tracing_subscriber::EnvFilter;

/// Starts logging.
pub(super) fn start() {
    start_beside(MultiProgress::with_draw_target(indicatif::ProgressDrawTarget::hidden()));
}

/// Starts logging above the bars.
pub(super) fn start_beside(bars: MultiProgress) {
    let filter = EnvFilter::builder().with_env_var("EXOTRACE_LOG").with_default_directive(tracing::Level::INFO.into());
    let writer = move || Beside(bars.clone());
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter.from_env_lossy()).with_writer(writer);
    if io::stderr().is_terminal() {
        subscriber.init();
    } else {
        subscriber.json().init();
    }
}

/// Standard error, out of the way of bars.
struct Beside(MultiProgress);

impl Write for Beside {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
