//! The mapping as a filter of Fluent Bit.
//!
//! The host copies the answer and never frees it, so that there is one buffer for all of them. It goes on using an
//! instance after a trap, so that what is under way is taken out first and put back last.
//!
//! `@timestamp` stays in the document: outputs of Fluent Bit write their own before it, from the time of the event, and
//! of two equal keys Fluent Bit leaves out the first. So the time of the mail replaces the time of reading, which is
//! left where a document has no time.
//!
//! Empty unless it is built for WebAssembly.
#![cfg(target_arch = "wasm32")]
#![deny(unsafe_code)]

use std::cell::Cell;

use exotrace_module::{Transform, memory};

thread_local! {
    static TRANSFORM: Cell<Option<Transform>> = const { Cell::new(None) };
    /// The last answer, which the host has read before it calls again.
    static ANSWER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Maps a record, JSON; the answer is JSON that ends with NUL, or nothing when the record is dropped.
///
/// # Safety
///
/// `record` and `record_length` name the bytes of a record in this memory.
#[expect(unsafe_code, reason = "called by the host, with an address")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn exotrace(
    _tag: *const u8,
    _tag_length: usize,
    _seconds: u32,
    _nanoseconds: u32,
    record: *const u8,
    record_length: usize,
) -> *const u8 {
    // SAFETY: as the caller promises.
    let record = unsafe { memory::bytes(record, record_length) };
    let mut answer = ANSWER.take();
    answer.clear();
    match TRANSFORM.take().map_or_else(Transform::built_in, Ok) {
        Ok(mut transform) => {
            answer.extend_from_slice(transform.map(record));
            TRANSFORM.set(Some(transform));
        }
        // The settings were checked when this was built; still, a record is never lost.
        Err(_) => answer.extend_from_slice(record),
    }
    answer.push(0);
    let address = answer.as_ptr();
    ANSWER.set(answer);
    address
}
