//! What a host in Java calls.
//!
//! An answer is one integer of 64 bits: the address in the upper half, the length in the lower. The topmost bit of the
//! length marks a text that says what is wrong. A host goes on using an instance after a trap, so that what is under way
//! is taken out first and put back last.

use std::cell::Cell;

use exotrace_geo::Databases;
use exotrace_module::{ASN, CITY, SETTINGS, Transform, TransformError, memory};

use crate::message;

/// What marks the length of a text that says what is wrong.
const PROBLEM: u64 = 1 << 31;

thread_local! {
    static TRANSFORM: Cell<Option<Transform>> = const { Cell::new(None) };
    static CITY_GIVEN: Cell<&'static [u8]> = const { Cell::new(CITY) };
    static ASN_GIVEN: Cell<&'static [u8]> = const { Cell::new(ASN) };
    /// The last text that says what is wrong, which the host has read before it calls again.
    static TEXT: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Gives memory to the host. Traps when there is none left: the host writes there without a look.
#[unsafe(no_mangle)]
pub extern "C" fn alloc(size: usize) -> *mut u8 {
    let piece = memory::malloc(size);
    if piece.is_null() {
        std::process::abort();
    }
    piece
}

/// Takes memory back. The size is kept before each piece: Camel gives that of a problem with its mark.
///
/// # Safety
///
/// `piece` is null, or came from [`alloc`] and was not taken back yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dealloc(piece: *mut u8, _size: usize) {
    // SAFETY: as the caller promises.
    unsafe { memory::free(piece) }
}

/// Maps a message of Apache Camel, with the settings and databases that were put in. The host takes the answer back to
/// [`dealloc`].
///
/// # Safety
///
/// `start` and `length` name bytes of this memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn exotrace(start: *const u8, length: usize) -> u64 {
    // SAFETY: as the caller promises.
    let message = unsafe { memory::bytes(start, length) };
    let answer = transform().and_then(|mut transform| {
        let answer = message::map(&mut transform, message);
        TRANSFORM.set(Some(transform));
        answer
    });
    match answer {
        Ok(bytes) => place(handed_over(&bytes)),
        Err(problem) => place(handed_over(problem.as_bytes())) | PROBLEM,
    }
}

/// Takes a City database for the settings that come next. Its memory is not taken back.
///
/// # Safety
///
/// `start` and `length` name bytes that stay as they are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn city(start: *const u8, length: usize) -> u64 {
    // SAFETY: as the caller promises.
    let bytes = unsafe { memory::bytes(start, length) };
    match Databases::default().with_city(bytes) {
        Ok(_) => CITY_GIVEN.set(bytes),
        Err(error) => return problem(error.to_string()),
    }
    0
}

/// Takes an ASN database for the settings that come next. Its memory is not taken back.
///
/// # Safety
///
/// `start` and `length` name bytes that stay as they are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn asn(start: *const u8, length: usize) -> u64 {
    // SAFETY: as the caller promises.
    let bytes = unsafe { memory::bytes(start, length) };
    match Databases::default().with_asn(bytes) {
        Ok(_) => ASN_GIVEN.set(bytes),
        Err(error) => return problem(error.to_string()),
    }
    0
}

/// Takes settings, JSON, in place of those that were put in.
///
/// # Safety
///
/// `start` and `length` name bytes of this memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn configure(start: *const u8, length: usize) -> u64 {
    // SAFETY: as the caller promises.
    let settings = unsafe { memory::bytes(start, length) };
    match Transform::new(settings, CITY_GIVEN.get(), ASN_GIVEN.get()) {
        Ok(transform) => TRANSFORM.set(Some(transform)),
        Err(error) => return problem(explain(&error)),
    }
    0
}

/// Maps a record; the answer is empty when it is dropped. The host has read it before it calls again.
///
/// # Safety
///
/// `start` and `length` name bytes of this memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn map(start: *const u8, length: usize) -> u64 {
    // SAFETY: as the caller promises.
    let record = unsafe { memory::bytes(start, length) };
    match transform() {
        Ok(mut transform) => {
            let answer = place(transform.map(record));
            TRANSFORM.set(Some(transform));
            answer
        }
        Err(error) => problem(error),
    }
}

/// The `_id` of the last document; empty when it has none.
#[unsafe(no_mangle)]
pub extern "C" fn id() -> u64 {
    let Some(transform) = TRANSFORM.take() else { return 0 };
    let id = place(transform.id().as_bytes());
    TRANSFORM.set(Some(transform));
    id
}

/// The transform that is there, or one with what was put in.
fn transform() -> Result<Transform, String> {
    match TRANSFORM.take() {
        Some(transform) => Ok(transform),
        None => Transform::new(SETTINGS, CITY_GIVEN.get(), ASN_GIVEN.get()).map_err(|error| explain(&error)),
    }
}

fn explain(error: &TransformError) -> String {
    match error {
        TransformError::Malformed(error) => format!("settings: {error}"),
        TransformError::Parameter(error) => error.to_string(),
        TransformError::Settings(error) => format!("the mapping refuses its settings: {error}"),
        TransformError::Geo(error) => format!("geo database: {error}"),
    }
}

/// Keeps a text that says what is wrong, and returns where it is.
fn problem(text: String) -> u64 {
    let text = text.into_bytes();
    let place = place(&text) | PROBLEM;
    TEXT.set(text);
    place
}

/// A copy that the host takes back.
fn handed_over(bytes: &[u8]) -> &[u8] {
    let piece = alloc(bytes.len());
    // SAFETY: the piece is new, and has room for them.
    unsafe {
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), piece, bytes.len());
        std::slice::from_raw_parts(piece, bytes.len())
    }
}

fn place(bytes: &[u8]) -> u64 {
    (bytes.as_ptr().addr() as u64) << 32 | bytes.len() as u64
}
