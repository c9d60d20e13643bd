//! Logs on standard error: their level and format.

use std::{
    io::{self, IsTerminal as _, Write},
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use clap::{Args, ValueEnum};
use indicatif::MultiProgress;

use crate::config::environment;

mod filter;
mod lines;

pub(super) use filter::WrongLevel;
use filter::filter;
pub(super) use lines::one;
use lines::{Lines, LogLook};

/// Says which level is logged.
const VARIABLE: &str = "EXOTRACE_LOG";

/// What every command is told about logs.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct LogOptions {
    /// What is logged: `off`, `error`, `warn`, `info`, `debug` or `trace`; or modules, as `exotrace::sources=debug`;
    /// several are separated by commas. Default: the variable `EXOTRACE_LOG`, or else `info`.
    #[arg(long, global = true, value_name = "LEVEL", help_heading = "Logs")]
    log_level: Option<String>,
    /// How logs look. Default: `text` on a terminal, and `json` when `run` logs somewhere else.
    #[arg(long, global = true, value_enum, value_name = "FORMAT", help_heading = "Logs")]
    log_format: Option<LogFormat>,
    /// Log errors alone, and show no progress and no summary.
    #[arg(short, long, global = true, conflicts_with_all = ["verbose", "log_level"], help_heading = "Logs")]
    quiet: bool,
    /// Log more; twice for all that there is.
    #[arg(short, long, global = true, action = clap::ArgAction::Count, conflicts_with = "log_level", help_heading = "Logs")]
    verbose: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// For people.
    Text,
    /// For machines, a line of JSON each.
    Json,
}

struct Chosen {
    /// In the form that `EnvFilter` reads.
    filter: String,
    format: Option<LogFormat>,
    is_quiet: bool,
    /// Whether nobody has said which level is logged.
    is_default: bool,
}

static CHOSEN: OnceLock<Chosen> = OnceLock::new();

/// Whether errors are JSON as well.
static IS_JSON: AtomicBool = AtomicBool::new(false);

impl LogOptions {
    /// Decides what is logged, for the whole process.
    ///
    /// # Errors
    ///
    /// When a level or module is unknown: it would turn off what somebody wants to see.
    pub(super) fn choose(&self) -> Result<(), WrongLevel> {
        let filter = match (&self.log_level, self.quiet, self.verbose) {
            (Some(level), _, _) => filter("--log-level", level)?,
            (None, true, _) => "error".to_owned(),
            (None, false, 0) => filter(VARIABLE, &std::env::var(VARIABLE).unwrap_or_default())?,
            (None, false, 1) => "debug".to_owned(),
            (None, false, _) => "trace".to_owned(),
        };
        IS_JSON.store(self.log_format == Some(LogFormat::Json), Ordering::Relaxed);
        let is_default = self.log_level.is_none() && !self.quiet && self.verbose == 0 && !environment::is_set(VARIABLE);
        let chosen = Chosen { filter, format: self.log_format, is_quiet: self.quiet, is_default };
        // The command line is read once.
        drop(CHOSEN.set(chosen));
        Ok(())
    }
}

/// Whether errors alone are to be seen.
pub(super) fn is_quiet() -> bool {
    CHOSEN.get().is_some_and(|chosen| chosen.is_quiet)
}

/// Whether what is on standard error is JSON.
pub(super) fn is_json() -> bool {
    IS_JSON.load(Ordering::Relaxed)
}

/// Whether what is on standard error has colours.
pub(super) fn is_coloured() -> bool {
    io::stderr().is_terminal() && environment::wants_colours()
}

/// Starts logging for a command that people use: text, unless they want JSON.
pub(super) fn start() {
    start_beside_for_people(MultiProgress::with_draw_target(indicatif::ProgressDrawTarget::hidden()));
}

/// The same, out of the way of bars.
pub(super) fn start_beside_for_people(bars: MultiProgress) {
    init(bars, LogFormat::Text);
}

/// Starts logging for a command that tells people itself what happens: warnings and errors, unless they want more.
pub(super) fn start_for_warnings() {
    if CHOSEN.get().is_some_and(|chosen| !chosen.is_default) {
        return start();
    }
    let bars = MultiProgress::with_draw_target(indicatif::ProgressDrawTarget::hidden());
    init_with(bars, LogFormat::Text, "warn");
}

/// Starts logging above the bars: JSON, unless people see it.
pub(super) fn start_beside(bars: MultiProgress) {
    init(bars, if io::stderr().is_terminal() { LogFormat::Text } else { LogFormat::Json });
}

fn init(bars: MultiProgress, default: LogFormat) {
    let filter = CHOSEN.get().map_or("info", |chosen| &chosen.filter);
    init_with(bars, default, filter);
}

fn init_with(bars: MultiProgress, default: LogFormat, filter: &str) {
    let chosen = CHOSEN.get().and_then(|chosen| chosen.format);
    let is_json = chosen.unwrap_or(default) == LogFormat::Json;
    IS_JSON.store(is_json, Ordering::Relaxed);
    let look = match (is_json, is_coloured()) {
        (true, _) => LogLook::Json,
        (false, true) => LogLook::Coloured,
        (false, false) => LogLook::Plain,
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .event_format(Lines { look })
        .with_writer(move || Beside(bars.clone()))
        .init();
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
