//! Logs on standard error: text on a terminal, JSON otherwise. `EXOTRACE_LOG` sets the level, as `debug` or
//! `exotrace=trace`.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;

/// Starts logging.
pub(super) fn start() {
    let filter = EnvFilter::builder().with_env_var("EXOTRACE_LOG").with_default_directive(tracing::Level::INFO.into());
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter.from_env_lossy()).with_writer(io::stderr);
    if io::stderr().is_terminal() {
        subscriber.init();
    } else {
        subscriber.json().init();
    }
}
