//! What a host of Extism calls.

use std::cell::Cell;

use exotrace_module::{Mapped, Transform, parameter_names};

use crate::{host, line};

thread_local! {
    /// Opened by the first call: the config does not change.
    static TRANSFORM: Cell<Option<Transform>> = const { Cell::new(None) };
}

/// Maps the records of the input, one a line, to documents, one a line. One that is dropped leaves no line.
#[unsafe(no_mangle)]
pub extern "C" fn map() -> i32 {
    answer(|mapped, lines| {
        if let Mapped::Document { document, .. } = mapped {
            lines.extend_from_slice(document);
            lines.push(b'\n');
        }
    })
}

/// Maps the records of the input, one a line, to what became of each, one a line.
#[unsafe(no_mangle)]
pub extern "C" fn map_each() -> i32 {
    answer(line::push)
}

/// Maps the input, and gives the host the lines that `push` makes: 0, or 1 and an error.
fn answer(push: fn(Mapped<'_>, &mut Vec<u8>)) -> i32 {
    match TRANSFORM.take().map_or_else(open, Ok) {
        Ok(mut transform) => {
            let records = host::input();
            let mut lines = Vec::with_capacity(records.len().saturating_mul(4));
            transform.map_lines(&records, |mapped| push(mapped, &mut lines));
            TRANSFORM.set(Some(transform));
            host::set_output(&lines);
            0
        }
        Err(error) => {
            host::set_error(&error);
            1
        }
    }
}

/// The mapping with the settings in the config.
fn open() -> Result<Transform, String> {
    let mut parameters = Vec::new();
    for name in parameter_names() {
        if let Some(text) = host::config(name) {
            let text = String::from_utf8(text).map_err(|_| format!("setting `{name}`: it is not UTF-8"))?;
            parameters.push((name.to_owned(), text));
        }
    }
    Transform::with_parameters(parameters).map_err(|error| error.to_string())
}
