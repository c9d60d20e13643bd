//! The mapping as a processor of Redpanda Connect (guest/docs/facts/modules.md, section 5).
//!
//! The host gets memory for a message by `malloc` and gives it back by `free`; what it is given it copies at once.
//!
//! Empty unless it is built for WebAssembly.
#![cfg(target_arch = "wasm32")]
#![deny(unsafe_code)]

use std::cell::Cell;

use exotrace_module::Transform;

thread_local! {
    static TRANSFORM: Cell<Option<Transform>> = const { Cell::new(None) };
}

/// The metadata that holds a document's `_id`; empty for a message whose record is dropped.
const ID: &str = "exotrace_id";

/// Maps the current message, one record; a record that is dropped leaves an empty message.
#[expect(unsafe_code, reason = "called by the host, by this name")]
#[unsafe(no_mangle)]
pub extern "C" fn process() {
    // The settings were checked when this was built; still, the message would stay as it is.
    let transform = TRANSFORM.take().map_or_else(Transform::built_in, Ok);
    let Ok(mut transform) = transform else { return };
    transform.map(host::message());
    host::set_message(transform.document());
    host::set_metadata(ID, transform.id());
    TRANSFORM.set(Some(transform));
}

/// What the host does.
#[expect(unsafe_code, reason = "the host is called with addresses")]
mod host {
    use exotrace_module::memory;

    #[link(wasm_import_module = "benthos_wasm")]
    unsafe extern "C" {
        /// The address of the current message in the upper half, its length in the lower.
        fn v0_msg_as_bytes() -> u64;
        fn v0_msg_set_bytes(start: *const u8, length: usize);
        fn v0_msg_set_meta(key: *const u8, key_length: usize, value: *const u8, value_length: usize);
    }

    /// The bytes of the current message.
    pub(super) fn message() -> &'static [u8] {
        // SAFETY: the host puts the message there before it answers, and takes it back after `process`.
        unsafe {
            let place = v0_msg_as_bytes();
            let start = std::ptr::with_exposed_provenance((place >> 32) as usize);
            memory::bytes(start, (place & u64::from(u32::MAX)) as usize)
        }
    }

    pub(super) fn set_message(bytes: &[u8]) {
        // SAFETY: the host copies what the slice names before it returns.
        unsafe { v0_msg_set_bytes(bytes.as_ptr(), bytes.len()) }
    }

    pub(super) fn set_metadata(key: &str, value: &str) {
        // SAFETY: the host copies what the texts name before it returns.
        unsafe { v0_msg_set_meta(key.as_ptr(), key.len(), value.as_ptr(), value.len()) }
    }
}
