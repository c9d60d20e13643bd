//! `exotrace map`: records in, documents out.

use std::{
    io::{self, IsTerminal as _},
    process::ExitCode,
};

use super::{
    exit::{INCOMPLETE, say},
    input::{self, InputReading},
    progress::Progress,
};

mod arguments;
mod mapping;
mod parallel;
mod print;

pub(super) use arguments::MapArguments;
use mapping::ChosenMapping;
use print::{Flush, Totals};

pub(super) fn run(arguments: &MapArguments) -> anyhow::Result<ExitCode> {
    let files = input::files(&arguments.files);
    let progress = Progress::new(&files);
    let mapping = ChosenMapping::of(arguments, progress.clone())?;
    let mut totals = Totals::default();
    let mut unread = 0;
    let (format, flush) = arguments.printing();
    let reading = match flush {
        Flush::Batch => InputReading::Batches(arguments.options.date_order),
        Flush::Line => InputReading::LineByLine(arguments.options.date_order),
    };
    let ran = parallel::run(&mapping, arguments.jobs.get(), format, flush, &progress, &mut totals, |lane| {
        unread = input::read_all(&files, reading, &progress, lane);
    });
    progress.finish();
    ran?;
    if let Some(error) = mapping.failure() {
        return Err(error);
    }
    totals.strange_files().for_each(|said| say(&said));
    if totals.is_notable() || io::stderr().is_terminal() {
        say(&totals.to_string());
    }
    let is_strange = totals.refused > 0 || totals.strange_files().next().is_some();
    let is_incomplete = is_strange || totals.unreadable > 0 || totals.rejected > 0;
    Ok(match (unread, is_incomplete) {
        (0, false) => ExitCode::SUCCESS,
        (0, true) => ExitCode::from(INCOMPLETE),
        _ => ExitCode::FAILURE,
    })
}
