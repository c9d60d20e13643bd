//! The mapping as a command (`wasi:cli/command`): records on standard input, documents on standard output.
#![cfg(target_arch = "wasm32")]
#![deny(unsafe_code)]

use std::{
    env,
    error::Error,
    io::{self, Read as _, Write as _},
};

use exotrace_adapter::{Lines, Mapping, Totals, WholeLines};

mod arguments;

use arguments::Task;

/// How much is read at once: what a mapping gets at once as well. Less arrives from a pipe, and is mapped at once.
const READ_BYTES: usize = 128 * 1024;

struct Command;

mod component {
    wasip2::cli::command::export!(Command);

    use super::Command;
}

impl wasip2::exports::cli::run::Guest for Command {
    fn run() -> Result<(), ()> {
        match run() {
            Ok(RunResult::Complete) => Ok(()),
            Ok(RunResult::Incomplete) => Err(()),
            Err(error) => {
                say(&format!("error: {error}"));
                Err(())
            }
        }
    }
}

/// How a run ended.
enum RunResult {
    Complete,
    Incomplete,
}

fn run() -> Result<RunResult, Box<dyn Error>> {
    let options = match arguments::parse(env::args_os(), env::vars())? {
        Task::Help(text) => {
            io::stdout().write_all(text.as_bytes())?;
            return Ok(RunResult::Complete);
        }
        Task::Map(options) => options,
    };
    let mapping = Mapping::open(options)?;
    let mut totals = Totals::default();
    let mut unreadable = 0;
    let mut lines = Lines::default();
    let mut piece = vec![0; READ_BYTES];
    let mut input = io::stdin().lock();
    loop {
        let length = input.read(&mut piece).map_err(|error| format!("could not read standard input: {error}"))?;
        if length == 0 {
            break;
        }
        unreadable += print(&mapping, &lines.push(&piece[..length])?, &mut totals)?;
    }
    unreadable += print(&mapping, &lines.finish(), &mut totals)?;
    if totals.failed + totals.dropped + unreadable > 0 {
        say(&totals.to_string());
    }
    Ok(if unreadable == 0 { RunResult::Complete } else { RunResult::Incomplete })
}

/// Prints the documents of these lines, and returns how many lines are left out.
fn print(mapping: &Mapping, text: &WholeLines, totals: &mut Totals) -> Result<usize, String> {
    if !text.records.is_empty() {
        let documents = mapping.map(&text.records, totals);
        // Not through `io::stdout`, which would write line by line.
        let mut output = wasip2::cli::stdout::get_stdout();
        let written = output.write_all(documents.as_bytes()).and_then(|()| io::Write::flush(&mut output));
        written.map_err(|error| format!("could not write to standard output: {error}"))?;
    }
    for line in &text.unreadable {
        say(&format!("error: {line}; the line is left out"));
    }
    Ok(text.unreadable.len())
}

/// Tells people something; that nobody listens does not stop the work.
fn say(message: &str) {
    drop(writeln!(io::stderr(), "{message}"));
}
