//! Reads files of records, or standard input, for commands that map by themselves.

use std::{
    fs::File,
    io::{self, BufReader, IsTerminal as _, Read},
    os::unix::fs::FileTypeExt as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use super::progress::Progress;
use crate::{
    sources::file::{
        DateOrder,
        formats::{self, RecordsError, Sink},
    },
    support::shown,
};

/// How the order of dates is said on the command line.
pub(super) const DATE_ORDER: &str = "`--date-order day_first` or `--date-order month_first`";

/// Takes records, and hears of the names of what they are read from.
pub(super) trait NamedSink: Sink {
    /// Names what is read from now on.
    fn begin(&mut self, name: &str);

    /// Hears that a file holds something else than records; says whether that is counted here.
    fn refused(&mut self) -> bool {
        false
    }
}

/// How input is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InputReading {
    /// Into the records it holds, several at a time; dates of tables are in this order.
    Batches(Option<DateOrder>),
    /// Into lines, each given before the next one is read; dates are in this order.
    LineByLine(Option<DateOrder>),
}

/// What the files on the command line mean: none is standard input.
pub(super) fn files(arguments: &[PathBuf]) -> Vec<PathBuf> {
    if arguments.is_empty() { vec![PathBuf::from("-")] } else { arguments.to_vec() }
}

/// Reads every file, says which ones could not be read to their end, and counts them.
pub(super) fn read_all(
    files: &[PathBuf],
    reading: InputReading,
    progress: &Progress,
    sink: &mut impl NamedSink,
) -> usize {
    let mut unread = 0;
    for file in files {
        if let Err(error) = read(file, reading, progress, sink) {
            let cause = error.downcast_ref::<RecordsError>();
            if matches!(cause, Some(RecordsError::Stopped)) {
                break;
            }
            let is_strange = matches!(cause, Some(RecordsError::Unlike(_)));
            unread += usize::from(!(is_strange && sink.refused()));
            progress.say(&format!("error: {error:#}"));
            if let Some(hint) = cause.and_then(|cause| cause.hint(DATE_ORDER)) {
                progress.say(&format!("hint: {hint}"));
            }
        }
    }
    unread
}

fn read(file: &Path, reading: InputReading, progress: &Progress, sink: &mut impl NamedSink) -> anyhow::Result<()> {
    let input: Box<dyn Read> = if file == Path::new("-") {
        sink.begin("standard input");
        if io::stdin().is_terminal() {
            progress.say("reading records from standard input");
        }
        Box::new(io::stdin().lock())
    } else {
        sink.begin(&shown::path(file));
        let opened = File::open(file).and_then(|opened| {
            let kind = opened.metadata()?.file_type();
            // Opening a folder works, reading it does not: say so before anything is mapped.
            if kind.is_dir() {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            // `/dev/zero` never ends. A pipe is what a shell puts there, and a terminal is a person.
            if kind.is_block_device()
                || kind.is_char_device() && !opened.is_terminal() && file != Path::new("/dev/null")
            {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, "a device, not a file"));
            }
            Ok(opened)
        });
        Box::new(opened.with_context(|| format!("could not open `{}`", shown::path(file)))?)
    };
    let input = progress.read(input);
    match reading {
        InputReading::Batches(order) => formats::read(input, order, sink),
        InputReading::LineByLine(order) => {
            formats::read_line_by_line(BufReader::with_capacity(256 * 1024, input), order, sink)
        }
    }
    .with_context(|| format!("could not read `{}`", shown::path(file)))
}
