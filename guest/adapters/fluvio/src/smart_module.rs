//! What the engine of Fluvio calls.

use std::cell::Cell;

use exotrace_module::{Transform, memory};

use crate::protocol::{self, Documents};

/// What the engine makes of these numbers: `SmartModuleInitErrorStatus` and `SmartModuleTransformErrorStatus`.
mod status {
    pub(super) const UNKNOWN: i32 = -1;
    pub(super) const INIT_ERROR: i32 = -2;
    pub(super) const UNREADABLE_INIT: i32 = -10;
    pub(super) const UNREADABLE_RECORDS: i32 = -22;
}

thread_local! {
    static TRANSFORM: Cell<Option<Transform>> = const { Cell::new(None) };
    /// The last answer, which the engine has read before it calls again. It gives no memory back.
    static ANSWER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    /// Says where the answer is; the engine reads it after the call.
    fn copy_records(start: *const u8, length: usize);
}

/// Gives memory for an input to the engine, which does not ask whether there is any.
#[unsafe(no_mangle)]
pub extern "C" fn alloc(length: usize) -> *mut u8 {
    let start = memory::malloc(length);
    if start.is_null() {
        std::process::abort();
    }
    start
}

/// Takes the parameters of the SmartModule: settings, a text for each name.
///
/// # Safety
///
/// `start` came from [`alloc`] for at least `length` bytes, and is handed over.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn init(start: *mut u8, length: usize, _version: i32) -> i32 {
    // SAFETY: as the caller promises; what is read of it is copied.
    let parameters = unsafe { protocol::parameters(memory::bytes(start, length)) };
    // SAFETY: as the caller promises, nobody else has it.
    unsafe { memory::free(start) };
    let Some(parameters) = parameters else { return status::UNREADABLE_INIT };
    match Transform::with_parameters(parameters) {
        Ok(transform) => {
            TRANSFORM.set(Some(transform));
            0
        }
        Err(error) => {
            let mut answer = ANSWER.take();
            protocol::write_error(&error.to_string(), &mut answer);
            hand_over(answer);
            status::INIT_ERROR
        }
    }
}

/// Maps records. One that is dropped leaves nothing; the others keep their keys, offsets and times.
///
/// # Safety
///
/// As for [`init`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn filter_map(start: *mut u8, length: usize, _version: i32) -> i32 {
    // An engine that does not call `init` has no parameters. After one that has failed it calls nothing.
    let Ok(mut transform) = TRANSFORM.take().map_or_else(Transform::built_in, Ok) else { return status::UNKNOWN };
    let mut documents = Documents::new(ANSWER.take());
    // SAFETY: as the caller promises.
    let records = protocol::records(unsafe { memory::bytes(start, length) });
    let count = records.map(|records| {
        for record in records {
            let document = transform.map(record.value);
            if !document.is_empty() {
                documents.push(&record, document);
            }
        }
        documents.count()
    });
    // SAFETY: as the caller promises, nobody else has it, and the records are no longer used.
    unsafe { memory::free(start) };
    TRANSFORM.set(Some(transform));
    hand_over(documents.finish());
    count.map_or(status::UNREADABLE_RECORDS, |count| i32::try_from(count).unwrap_or(i32::MAX))
}

fn hand_over(answer: Vec<u8>) {
    // SAFETY: the answer stays where it is until the next call, which takes it out.
    unsafe { copy_records(answer.as_ptr(), answer.len()) };
    ANSWER.set(answer);
}
