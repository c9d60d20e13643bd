//! Reads records as `exotrace map` does.

use std::{cell::RefCell, error::Error};

use exotrace_formats::{
    DateOrder, Notice, Problem, RecordsError, WholeInput,
    property::{RecordKind, is_of_message_trace},
};

use crate::{
    Playground,
    bindings::exports::exotrace::playground::reader::{self, ReadError},
    input::PageInput,
};

/// How the order of dates is set on the page.
const DATE_ORDER: &str = "\u{201c}Order of dates\u{201d} among the settings";

/// The records of the input.
pub(crate) struct Records(RefCell<WholeInput<PageInput>>);

impl reader::Guest for Playground {
    type Records = Records;

    fn kind(record: String) -> Option<String> {
        RecordKind::of(&record).map(|kind| kind.as_str().to_owned())
    }

    fn is_of_message_trace(record: String) -> bool {
        is_of_message_trace(&record)
    }
}

impl reader::GuestRecords for Records {
    fn open(order: Option<reader::DateOrder>) -> Result<reader::Records, ReadError> {
        let order = order.map(|order| match order {
            reader::DateOrder::MonthFirst => DateOrder::MonthFirst,
            reader::DateOrder::DayFirst => DateOrder::DayFirst,
        });
        let input = WholeInput::open(PageInput, order).map_err(read_error)?;
        Ok(reader::Records::new(Self(RefCell::new(input))))
    }

    fn next(&self) -> Result<Option<reader::Batch>, ReadError> {
        let batch = self.0.borrow_mut().next_batch().map_err(read_error)?;
        Ok(batch.map(|batch| reader::Batch {
            records: batch.records,
            count: u32::try_from(batch.count).unwrap_or(u32::MAX),
            line: batch.line,
        }))
    }

    fn notices(&self) -> Vec<reader::Notice> {
        self.0.borrow_mut().notices().into_iter().map(notice).collect()
    }
}

fn notice(Notice { line, problem }: Notice) -> reader::Notice {
    let hint = match problem {
        Problem::Date(date) => Some(date.hint().to_owned()),
        Problem::AmbiguousDate => Some(format!("say which stands first: {DATE_ORDER}")),
        _ => None,
    };
    reader::Notice { line, text: problem.explain().into_owned(), hint, is_loss: problem.is_loss() }
}

/// The error with its causes on one line; hints that it has itself go with those for people.
fn read_error(error: RecordsError) -> ReadError {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    let own = text.split_once("\nhint: ").map(|(text, hint)| (text.to_owned(), hint.to_owned()));
    let (text, own) = own.map_or((text, None), |(text, hint)| (text, Some(hint)));
    ReadError { text, hint: error.hint(DATE_ORDER).or(own) }
}
