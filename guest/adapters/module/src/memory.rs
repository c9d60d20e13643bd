//! `malloc` and `free`, with which a host hands a record over (guest/docs/facts/modules.md, sections 2 and 5).
//!
//! The size of every piece is kept before it, since `free` is not told.

use std::{
    alloc::{Layout, alloc, dealloc},
    ptr, slice,
};

/// What stands before a piece: its size, and room up to the next multiple of the alignment.
const HEADER_BYTES: usize = 16;

/// Gives memory to the host; null when there is none left, as C has it.
#[unsafe(no_mangle)]
pub extern "C" fn malloc(size: usize) -> *mut u8 {
    let Some(layout) = layout(size) else { return ptr::null_mut() };
    // SAFETY: the layout is not empty, and its size and alignment have room for the header.
    unsafe {
        let start = alloc(layout);
        if start.is_null() {
            return start;
        }
        start.cast::<usize>().write(size);
        start.add(HEADER_BYTES)
    }
}

/// Takes memory back.
///
/// # Safety
///
/// `piece` is null, or came from [`malloc`] and was not taken back yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn free(piece: *mut u8) {
    if piece.is_null() {
        return;
    }
    // SAFETY: as the caller promises, `malloc` put the header there.
    unsafe {
        let start = piece.sub(HEADER_BYTES);
        if let Some(layout) = layout(start.cast::<usize>().read()) {
            dealloc(start, layout);
        }
    }
}

fn layout(size: usize) -> Option<Layout> {
    Layout::from_size_align(size.checked_add(HEADER_BYTES)?, HEADER_BYTES).ok()
}

/// The bytes that a host handed over.
///
/// # Safety
///
/// `start` and `length` name bytes of this memory that stay as they are for as long as the answer is used.
pub unsafe fn bytes<'a>(start: *const u8, length: usize) -> &'a [u8] {
    if start.is_null() || length == 0 {
        return &[];
    }
    // SAFETY: as the caller promises.
    unsafe { slice::from_raw_parts(start, length) }
}
